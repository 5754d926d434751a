/**
 * The changes between two pictures of a window as what a terminal is sent (ECMA-48; xterm's private modes).
 *
 * @module
 */

/** Into the other screen, without a cursor and without wrapping lines. */
export const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";

/** Back, all as it was. */
export const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Terminals that know it show what is between at once; others pass it over. */
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

/** What turns one picture into the next: the lines that differ. `null`: nothing is known of what is there. */
export function paint(before: readonly string[] | null, after: readonly string[]): string {
  const lines = after.flatMap((line, at) =>
    before?.[at] === line ? [] : [`\x1b[${at + 1};1H\x1b[0m\x1b[K${line}`]
  );
  const clear = before === null || before.length !== after.length ? "\x1b[2J" : "";
  const all = clear === "" ? lines : after.map((line, at) => `\x1b[${at + 1};1H${line}`);
  return all.length === 0 ? "" : BEGIN + clear + all.join("") + END;
}

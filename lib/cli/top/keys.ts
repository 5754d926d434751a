/**
 * What a terminal sends to the keys that were pressed.
 *
 * @module
 */

/** A key: a character as it is, or the name of one that has none. */
export type Key = string;

/** What stands behind `ESC [` or `ESC O` (xterm's control sequences; the Linux console has `1~` and `4~`). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  "A": "up",
  "B": "down",
  "C": "right",
  "D": "left",
  "H": "home",
  "F": "end",
  "Z": "back-tab",
  "1~": "home",
  "4~": "end",
  "5~": "page-up",
  "6~": "page-down",
  "7~": "home",
  "8~": "end",
};

const CONTROL: Readonly<Record<string, Key>> = {
  "\x03": "ctrl-c",
  "\x08": "backspace",
  "\t": "tab",
  "\n": "enter",
  "\f": "ctrl-l",
  "\r": "enter",
  "\x1a": "ctrl-z",
  "\x1b": "escape",
  "\x7f": "backspace",
};

const ESCAPE = "\x1b";

/** Keys, and what of the text may be the beginning of one more. */
export interface ReadKeys {
  readonly keys: readonly Key[];
  readonly rest: string;
}

/** Reads keys; unless `isAll`, an Escape at the end waits for what may follow it. Sequences of other keys are passed over. */
export function readKeys(text: string, isAll: boolean): ReadKeys {
  const keys: Key[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const behind = rest.startsWith(ESCAPE) ? rest.slice(1) : null;
    const sequence = behind === null ? null : /^[[O]([0-9;?]*[@-~])/.exec(behind);
    if (sequence !== null) {
      const key = SEQUENCES[sequence[1]!];
      if (key !== undefined) keys.push(key);
      at += 1 + sequence[0].length;
      continue;
    }
    if (!isAll && behind !== null && /^(?:[[O][0-9;?]*)?$/.test(behind)) return { keys, rest };
    const [character] = rest as Iterable<string>;
    const named = CONTROL[character!];
    if (named !== undefined) keys.push(named);
    else if (!/\p{C}/u.test(character!)) keys.push(character!);
    at += character!.length;
  }
  return { keys, rest: "" };
}

/**
 * How a terminal is told what a text looks like (ECMA-48, SGR).
 *
 * @module
 */

export type Colour = "red" | "green" | "yellow" | "cyan";

/** What a terminal can do. */
export interface Ink {
  readonly isUnicode: boolean;
  readonly bold: (text: string) => string;
  /** Of what is chosen. */
  readonly reverse: (text: string) => string;
  readonly colour: (text: string, colour: Colour) => string;
}

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, cyan: 36 };

function sgr(code: number, text: string): string {
  return `\x1b[${code}m${text}\x1b[0m`;
}

/** For a text without a terminal. */
export const NO_INK: Ink = {
  isUnicode: true,
  bold: (text) => text,
  reverse: (text) => text,
  colour: (text) => text,
};

/** What the environment says of the terminal: NO_COLOR, and an encoding (POSIX's order of variables). */
export function inkOf(environment: Readonly<Record<string, string>>): Ink {
  const isColoured = !environment["NO_COLOR"];
  return {
    isUnicode: isUnicode(environment),
    bold: (text) => sgr(1, text),
    reverse: (text) => sgr(7, text),
    colour: (text, colour) => isColoured ? sgr(CODES[colour], text) : text,
  };
}

export function isUnicode(environment: Readonly<Record<string, string>>): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = environment;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}

/**
 * Splits a command line into words the way a POSIX shell does (XCU 2.2, quoting), and nothing else of a shell: no
 * variables, no patterns, no operators.
 *
 * @module
 */

/** The words, or in `problem` what is wrong with the text. */
export type SplitCommandLine = { readonly words: readonly string[] } | { readonly problem: string };

/** In double quotes a backslash keeps these characters from their meaning, and stands for itself before all others. */
const ESCAPED_IN_DOUBLE_QUOTES = '$`"\\\n';

/** Splits at blanks outside of quotes; single quotes, double quotes and backslashes keep what they protect. */
export function splitCommandLine(text: string): SplitCommandLine {
  const words: string[] = [];
  // Null between words: an empty pair of quotes is a word too.
  let word: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (/[ \t\r\n]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "'" || character === '"') {
      const quoted = character === "'" ? readSingleQuoted(text, at) : readDoubleQuoted(text, at);
      if (quoted === null) return { problem: `has a ${character} that is not closed` };
      word = (word ?? "") + quoted.content;
      at = quoted.end;
    } else if (character === "\\") {
      const escaped = text[++at];
      if (escaped === undefined) return { problem: "ends in a backslash" };
      if (escaped !== "\n") word = (word ?? "") + escaped;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return { words };
}

/** The words of a command in either form, a line or a list; none where it has no right form. */
export function wordsOf(command: unknown): readonly string[] {
  const split = typeof command === "string" ? splitCommandLine(command) : { words: command };
  const words: unknown[] = "words" in split && Array.isArray(split.words) ? split.words : [];
  return words.filter((word) => typeof word === "string");
}

/** What a shell would still see a meaning in: what stands outside of quotes, and in double quotes `$` and the backquote. */
export function bareText(text: string): string {
  return text.replace(
    /\\[^]|'[^']*'|"((?:\\[^]|[^"\\])*)"/g,
    (_quoted, inDouble = "") => inDouble.replace(/\\[^]|[^$`]/g, ""),
  );
}

/** What stands between the quotes, and where the closing one is. */
interface Quoted {
  readonly content: string;
  readonly end: number;
}

function readSingleQuoted(text: string, start: number): Quoted | null {
  const end = text.indexOf("'", start + 1);
  return end < 0 ? null : { content: text.slice(start + 1, end), end };
}

function readDoubleQuoted(text: string, start: number): Quoted | null {
  let content = "";
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') return { content, end: at };
    const next = text[at + 1];
    if (character === "\\" && next !== undefined && ESCAPED_IN_DOUBLE_QUOTES.includes(next)) {
      if (next !== "\n") content += next;
      at++;
    } else {
      content += character;
    }
  }
  return null;
}

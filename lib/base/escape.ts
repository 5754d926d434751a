/**
 * Text of others, made fit for a line that somebody reads.
 *
 * @module
 */

/**
 * Characters that do something instead of being seen: terminal commands, marks that turn the direction of text, and the
 * ends of lines that only some readers know.
 */
export const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Keeps who chose the text from writing lines or terminal commands into the log, or what else is read by a line. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escapeOne);
}

/** One of {@linkcode CONTROLS} as it is shown. */
export function escapeOne(character: string): string {
  const hex = character.codePointAt(0)!.toString(16).padStart(2, "0");
  return hex.length === 2 ? `\\x${hex}` : `\\u{${hex}}`;
}

/** JSON has escapes of four digits alone, so that there are two for a character that is two code units (RFC 8259 section 7). */
export function escapeInJson(character: string): string {
  return character.split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

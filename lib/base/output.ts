/**
 * Text to standard output and standard error.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes all of a text, now. A reader that is gone (EPIPE) or a full disk is no reason to end: the text is dropped. */
export function writeText(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch {
    // Nobody is left to tell.
  }
}

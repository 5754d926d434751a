/** Bytes on the wire as the tables write them. */
import { concat } from "../support/connection.ts";

const TOKEN = /\s*(?:'([^']*)'|([0-9a-f]{2}))(?:\*(\d+))?/gy;

/** Pairs of hexadecimal digits and quoted text, each repeated by `*n`: `82 83 00*4 'abc'`. */
export function wire(text: string): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    const [whole, quoted, pair, times] = token;
    const bytes = quoted === undefined
      ? Uint8Array.of(parseInt(pair!, 16))
      : new TextEncoder().encode(quoted);
    for (let i = Number(times ?? 1); i > 0; i--) parts.push(bytes);
    end = token.index + whole.length;
  }
  if (text.slice(end).trim() !== "") throw new Error(`not a wire text at ${text.slice(end)}`);
  return concat(parts);
}

/** Bytes as a failed assertion shows them well. */
export function hex(bytes: Uint8Array): string {
  const pairs = Array.from(bytes.subarray(0, 400), (byte) => byte.toString(16).padStart(2, "0"));
  return pairs.join(" ") + (bytes.length > 400 ? ` ... of ${bytes.length}` : "");
}

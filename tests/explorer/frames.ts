/** What a peer reads of the frames that it gets: a reader of its own, slow and strict. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Encoding } from "../../lib/tunnel/encoder.ts";
import type { Role } from "../../lib/websocket/frame_parser.ts";

/** The payload of all data frames put together, and the codes of the Close frames; the last frame may lack bytes. */
export function takeFrames(
  bytes: readonly number[],
  { role, encoding }: { readonly role: Role; readonly encoding: Encoding },
): { readonly text: string; readonly closes: number[] } {
  const parts: Buffer[] = [];
  const closes: number[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const masks = role === "client";
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    assert.equal(second >= 0x80, masks, "a client's frames are masked, a server's are not");
    const length = second & 0x7f;
    assert.ok(length < 126, "all are short here");
    const from = at + 2 + (masks ? 4 : 0);
    const key = masks ? bytes.slice(at + 2, at + 6) : [0, 0, 0, 0];
    const payload = bytes.slice(from, from + length).map((byte, i) => byte ^ key[i % 4]!);
    assert.equal(closes.length, 0, "nothing follows a Close");
    if (from + length > bytes.length && (first & 0x0f) === 0x08) break;
    if (first === 0x88) closes.push(length === 0 ? 1005 : payload[0]! << 8 | payload[1]!);
    else if (first === (encoding === "binary" ? 0x82 : 0x81)) parts.push(Buffer.from(payload));
    // A heartbeat to a client that waits.
    else if (first === 0x8a) assert.equal(length, 0, "nobody has sent a Ping");
    else assert.fail(`a frame that begins with ${first}`);
    at = from + length;
  }
  const whole = Buffer.concat(parts).toString();
  const text = encoding === "base64" ? Buffer.from(whole, "base64").toString() : whole;
  return { text, closes };
}

/** What `connect` sends as text. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { startConnect } from "./connecting.ts";
import { serveHandshakes } from "./handshakes.ts";

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Seen {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** Frames that are whole, each below 126 bytes and masked. */
function framesIn(bytes: readonly number[]): Seen[] {
  const frames: Seen[] = [];
  for (let at = 0; at + 6 <= bytes.length;) {
    const from = at + 6;
    const to = from + (bytes[at + 1]! & 0x7f);
    if (to > bytes.length) break;
    const payload = bytes.slice(from, to).map((byte, i) => byte ^ bytes[from - 4 + i % 4]!);
    frames.push({ opcode: bytes[at]! & 0x0f, payload: new Uint8Array(payload) });
    at = to;
  }
  return frames;
}

Deno.test("--frame-type text sends whole characters, and ends where the input is none", async () => {
  const seen: number[] = [];
  const texts = () =>
    framesIn(seen).filter(({ opcode }) => opcode === 1).map(({ payload }) => textOf(payload));
  await using server = serveHandshakes(async ({ reader, write }) => {
    for (let bytes; (bytes = await reader.some("frames")) !== null;) {
      seen.push(...bytes);
      if (framesIn(seen).some(({ opcode }) => opcode === 8)) return await write("\x88\x00");
    }
  });
  await using connect = startConnect([`ws://${server.address}/`, "--frame-type", "text"]);
  await connect.type(new Uint8Array([0x61, 0xc3]));
  await eventually("a first message", () => texts().length === 1);
  await connect.type(new Uint8Array([0xbc, 0x62]));
  await eventually("a second message", () => texts().length === 2);
  assert.deepEqual(texts(), ["a", "\u00fcb"]);
  await connect.type(new Uint8Array([0xff]));
  const { code, stderr } = await connect.finished();
  assert.equal(code, 1);
  assert.match(stderr, /: standard input is not UTF-8, which --frame-type text needs\n$/);
  const { opcode, payload } = framesIn(seen).at(-1)!;
  assert.deepEqual([opcode, payload[0]! << 8 | payload[1]!], [8, 1007]);
});

/** One client that keeps the program busy, and the others. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { frame, Opcode, openTunnel } from "../support/raw_client.ts";
import { sendTimes } from "../support/transfer.ts";
import { startFor } from "./whole.ts";
import { PLAIN } from "./engine_limits.ts";

const PIECE_BYTES = 1024 * 1024;
const PIECES = 150;

/** Seconds of work for the program. Were the others shut out, one to five round trips would come through meanwhile. */
const LEAST_ROUND_TRIPS = 15;

const FLOODS = [
  ["Pings", frame(Opcode.PING)],
  ["empty messages", frame(Opcode.BINARY)],
  ["messages of one byte of text", frame(Opcode.TEXT, "x")],
] as const;

for (const [what, flooding] of FLOODS) {
  Deno.test(`a client that floods ${what} does not shut the others out`, async (t) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(PLAIN, backend.address, {
      wstunnel: 'frame-type = "binary"',
    });
    const piece = new Uint8Array(PIECE_BYTES - PIECE_BYTES % flooding.length);
    for (let at = 0; at < piece.length; at += flooding.length) piece.set(flooding, at);
    using flooder = await openTunnel(program.address);
    using other = await openTunnel(program.address);
    // What comes back for it is of no interest, but must be taken.
    const discarded = flooder.connection.readable.pipeTo(new WritableStream());
    const flood = sendTimes(flooder.connection, piece, PIECES);
    let over = false;
    flood.done.then(() => over = true);
    let roundTrips = 0;
    for (; !over; roundTrips++) {
      await other.send(Opcode.BINARY, "?");
      assert.equal((await other.message(Opcode.BINARY)).length, 1);
    }
    await t.step(`${roundTrips} round trips meanwhile`, () => {
      assert.ok(roundTrips >= LEAST_ROUND_TRIPS, `${roundTrips}`);
    });
    flooder[Symbol.dispose]();
    await discarded.catch(() => {});
  });
}

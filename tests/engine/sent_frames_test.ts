import assert from "node:assert/strict";
import { Opcode } from "../../lib/websocket/frame.ts";
import { createSentFrames } from "../../lib/engine/sent_frames.ts";
import { eventually } from "../support/eventually.ts";

function watched() {
  const socket: { bufferedAmount: number; readyState: number } = {
    bufferedAmount: 0,
    readyState: WebSocket.OPEN,
  };
  const told: number[] = [];
  const frames = createSentFrames(socket, (_way, _opcode, bytes) => told.push(bytes));
  const give = (bytes: number) => {
    socket.bufferedAmount += bytes;
    frames.add(Opcode.BINARY, bytes);
  };
  return { socket, told, frames, give };
}

Deno.test("`createSentFrames()` tells of a message once all of it is written", async () => {
  const { socket, told, frames, give } = watched();
  give(100);
  give(200);
  socket.bufferedAmount = 250;
  // Another one shows that there was a look meanwhile.
  const other = watched();
  other.give(1);
  other.socket.bufferedAmount = 0;
  await eventually("a look", () => other.told.length === 1);
  assert.deepEqual(told, []);
  socket.bufferedAmount = 200;
  await eventually("the first", () => told.length > 0);
  assert.deepEqual(told, [100]);
  socket.bufferedAmount = 0;
  await eventually("the second", () => told.length > 1);
  assert.deepEqual(told, [100, 200]);
  frames.end(false);
});

Deno.test("`createSentFrames()` tells of none that its peer can't have got", () => {
  for (const all of [true, false]) {
    const { told, frames, give } = watched();
    give(7);
    frames.end(all);
    assert.deepEqual(told, all ? [7] : []);
  }
});

Deno.test("`createSentFrames()` keeps no timer once its socket closes", async () => {
  const { socket, told, give } = watched();
  give(7);
  socket.readyState = WebSocket.CLOSING;
  // Held or not, nothing more can be known. The sanitizers see the timer, were there one.
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(told, []);
});

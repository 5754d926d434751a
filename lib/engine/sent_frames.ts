/**
 * Tells of the frames that the runtime's `WebSocket` was given once it has written them, which it doesn't tell by itself: what it
 * still holds is its `bufferedAmount`, and that is known only while it is open. For the log of frames alone.
 *
 * @module
 */
import type { FrameObserver } from "../websocket/frame.ts";

/** How often what is held is looked at. */
const LOOK_MS = 5;

export interface SentFrames {
  /** A message was given to `send()`. */
  add(opcode: number, bytes: number): void;
  /** The socket is closed; `all`: every message is known to have gone out before. */
  end(all: boolean): void;
}

export function createSentFrames(
  socket: Pick<WebSocket, "bufferedAmount" | "readyState">,
  onFrame: FrameObserver,
): SentFrames {
  let waiting: { readonly opcode: number; readonly bytes: number; readonly end: number }[] = [];
  let given = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const tellUpTo = (written: number) => {
    const found = waiting.findIndex(({ end }) => end > written);
    const out = waiting.splice(0, found < 0 ? waiting.length : found);
    for (const { opcode, bytes } of out) onFrame("sent", opcode, bytes);
  };
  const rest = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const look = () => {
    if (socket.readyState === WebSocket.OPEN) tellUpTo(given - socket.bufferedAmount);
    if (waiting.length === 0 || socket.readyState !== WebSocket.OPEN) rest();
  };
  return {
    add(opcode, bytes) {
      given += bytes;
      waiting.push({ opcode, bytes, end: given });
      timer ??= setInterval(look, LOOK_MS);
    },
    end(all) {
      rest();
      if (all) tellUpTo(given);
      waiting = [];
    },
  };
}

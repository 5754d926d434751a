/**
 * The runtime's `WebSocket` as a {@linkcode ClientSocket}.
 *
 * What it can't do, measured: pause a client, so its queue is capped and past the cap the tunnel ends with 1009; send a
 * Close on a protocol error; time out a closing handshake; say when what it sends has been taken, so that a full send
 * queue is looked at by a timer; send a Ping when asked, so that its own `idleTimeout` stands in.
 *
 * @module
 */
import { startDeadline } from "../base/deadline.ts";
import { shorten } from "../base/shorten.ts";
import { within } from "../base/within.ts";
import type { ClientEnd, ClientSocket, ClientSocketOptions } from "./client_socket.ts";
import { CloseCode } from "./close_code.ts";
import { MAX_CONTROL_BYTES, Opcode } from "./frame.ts";
import { createSentFrames } from "./sent_frames.ts";

/** Above this many bytes not yet sent nothing more is read from the backend. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** While over the high-water mark the queue is looked at this often, backing off to the second. */
const FIRST_LOOK_MS = 1;
const LONGEST_LOOK_MS = 16;

/** How long a client may take to answer our Close. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A client that has sent nothing for so long gets its Close at once, one that never rests after the longer time: what it was sent has arrived by then. */
const QUIET_MS = 50;
const LONGEST_QUIET_WAIT_MS = 1_000;

/** More messages than this in that time leave the runtime no turn in which it would write. */
const FLOOD_MESSAGES = 2_000;

/** How long the runtime may take to send our 101 and open its WebSocket; it takes no answer of the client's. */
const OPEN_TIMEOUT_MS = 5_000;

/** Small messages that queue up are given to the reader together, up to this size. */
const COALESCE_BYTES = 256 * 1024;

/**
 * Wraps a WebSocket that is not yet open; resolves when it is, to null when the client went away before. Of one that left
 * before `Deno.upgradeWebSocket()` was called the runtime tells nothing: no event comes, ever.
 */
export function openNativeSocket(
  socket: WebSocket,
  options: ClientSocketOptions,
): Promise<ClientSocket | null> {
  socket.binaryType = "arraybuffer";
  const client = createNativeSocket(socket, options);
  return new Promise((resolve) => {
    let late = false;
    const cancel = startDeadline(OPEN_TIMEOUT_MS, () => {
      late = true;
      resolve(null);
    });
    const settle = (found: ClientSocket | null) => {
      cancel();
      resolve(found);
    };
    socket.addEventListener("open", () => {
      if (late) client.close(CloseCode.GOING_AWAY, "its backend is gone");
      else settle(client);
    }, { once: true });
    socket.addEventListener("close", () => settle(null), { once: true });
    // An upgrade that fails is no `close`.
    socket.addEventListener("error", () => settle(null), { once: true });
  });
}

function createNativeSocket(socket: WebSocket, options: ClientSocketOptions): ClientSocket {
  const ended = Promise.withResolvers<ClientEnd>();
  const closed = Promise.withResolvers<void>();
  const queue = createQueue();
  const isTextSocket = options.frameType === "text";
  const sent = options.onFrame === null ? null : createSentFrames(socket, options.onFrame);
  let over: ClientEnd | null = null;
  let heard = 0;
  let heardAtMs = -Infinity;
  let failure = "";
  let closeLost = false;
  /** What a client that never rests gets at its next message. */
  let atMessage: (() => void) | null = null;
  let closing: Promise<void> | null = null;

  const end = (reason: ClientEnd) => {
    if (over !== null) return;
    over = reason;
    ended.resolve(reason);
    queue.end();
  };
  const close = (code: number, reason: string): Promise<void> => {
    end({ kind: "ended", code, reason });
    return closing ??= sayGoodbye(code, reason);
  };

  const sayGoodbye = async (code: number, reason: string): Promise<void> => {
    const gone = within(closed.promise, CLOSE_TIMEOUT_MS);
    const sendClose = () => {
      atMessage = null;
      if (socket.readyState !== WebSocket.OPEN) return;
      // The runtime can't end a connection without a Close.
      socket.close(code === CloseCode.ABNORMAL ? CloseCode.INTERNAL_ERROR : code, reason);
    };
    // One that sends too much is heard no longer than it takes.
    const isPatient = over?.kind !== "overflow";
    if (isPatient && socket.bufferedAmount > 0) await queueBelow(socket, 1, CLOSE_TIMEOUT_MS);
    const heardBefore = heard;
    const isQuiet = !isPatient || heardAtMs + QUIET_MS < performance.now() ||
      await quiet(socket, () => heardAtMs);
    // Measured: of those who never rest, who sends without a pause gets it more often now, all others with their next message.
    if (isQuiet || heard - heardBefore > FLOOD_MESSAGES) sendClose();
    else atMessage = sendClose;
    await gone;
    sendClose();
  };

  socket.addEventListener("message", (event: MessageEvent<ArrayBuffer | string>) => {
    heard++;
    heardAtMs = performance.now();
    atMessage?.();
    const { data } = event;
    const isText = typeof data === "string";
    const payload = isText ? encoder.encode(data) : new Uint8Array(data);
    options.onFrame?.("received", isText ? Opcode.TEXT : Opcode.BINARY, payload.length);
    if (over !== null) return giveBack(payload);
    if (queue.bytes + payload.length <= options.maxBufferBytes) return queue.push(payload);
    const code = CloseCode.TOO_BIG;
    const reason = payload.length > options.maxBufferBytes
      ? `a message over max-buffer, which is ${options.maxBufferBytes} bytes`
      : `the backend is slower than the client: over ${options.maxBufferBytes} bytes wait`;
    giveBack(payload);
    queue.clear();
    end({ kind: "overflow", code, reason });
    close(code, reason);
  });
  socket.addEventListener("error", (event) => {
    failure = event instanceof ErrorEvent ? event.message : "";
  });
  socket.addEventListener("close", (event) => {
    // A Close, ours or the answer to theirs, went out behind every message. Without a code it may be the runtime's own end.
    sent?.end(event.wasClean && event.code !== CloseCode.NO_STATUS);
    closeLost = over?.kind === "ended" && !event.wasClean;
    end(toClientEnd(event, failure));
    closed.resolve();
  });

  return {
    read: () => queue.take(),
    async write(buffer, start, endIndex) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      const payload = buffer.subarray(start, endIndex);
      try {
        // send() copies, so the buffer is free at once.
        socket.send(isTextSocket ? decoder.decode(payload) : payload);
      } catch {
        return false;
      }
      sent?.add(isTextSocket ? Opcode.TEXT : Opcode.BINARY, payload.length);
      await queueBelow(socket, HIGH_WATER_BYTES);
      return socket.readyState === WebSocket.OPEN;
    },
    ping: null,
    get heard() {
      return heard;
    },
    unreadBytes: 0,
    isUnreachable: () => false,
    lookAhead: () => true,
    // What it holds is the runtime's.
    rest() {},
    close,
    get closeLost() {
      return closeLost;
    },
    release() {},
    ended: ended.promise,
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What the `close` event says: the runtime itself ends with an unclean 1001 when its Pings stay unanswered. */
function toClientEnd(event: CloseEvent, failure: string): ClientEnd {
  const { code } = event;
  if (event.wasClean) return { kind: "close", code, reason: cut(event.reason) };
  if (code === CloseCode.GOING_AWAY) {
    return { kind: "silent", code: CloseCode.GOING_AWAY, reason: "no answer to Pings" };
  }
  return { kind: "lost", code: CloseCode.ABNORMAL, reason: cut(failure) };
}

/** The runtime takes a Close of any length, and both are a peer's words. */
function cut(reason: string): string {
  return shorten(reason, MAX_CONTROL_BYTES);
}

/**
 * Waits until no message has come for a moment; false: they never ceased, for a second. At the first message behind our Close the runtime drops
 * the connection with all that it holds, the Close too where that has not gone out.
 */
async function quiet(socket: WebSocket, heardAtMs: () => number): Promise<boolean> {
  const deadlineMs = performance.now() + LONGEST_QUIET_WAIT_MS;
  while (socket.readyState === WebSocket.OPEN) {
    const nowMs = performance.now();
    const restMs = heardAtMs() + QUIET_MS - nowMs;
    if (restMs <= 0) return true;
    if (nowMs >= deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  return true;
}

/**
 * Waits until fewer bytes than `mark` wait to be sent, at most so long. The API tells nobody when its queue drains, so this looks, more and
 * more rarely.
 */
async function queueBelow(socket: WebSocket, mark: number, mostMs = Infinity): Promise<void> {
  const deadlineMs = performance.now() + mostMs;
  let lookMs = FIRST_LOOK_MS;
  while (socket.bufferedAmount >= mark && socket.readyState === WebSocket.OPEN) {
    if (performance.now() >= deadlineMs) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS);
  }
}

interface Queue {
  /** Bytes that wait, and those that the reader was given last. */
  readonly bytes: number;
  push(chunk: Uint8Array<ArrayBuffer>): void;
  /** The next bytes, small chunks put together; null after the end. */
  take(): Promise<Uint8Array | null>;
  clear(): void;
  end(): void;
}

function createQueue(): Queue {
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let given = 0;
  let over = false;
  let waiting: ((chunk: Uint8Array | null) => void) | null = null;
  const next = (): Uint8Array => {
    let count = 1;
    let size = chunks[0]!.length;
    while (count < chunks.length && size + chunks[count]!.length <= COALESCE_BYTES) {
      size += chunks[count++]!.length;
    }
    const taken = chunks.splice(0, count);
    bytes -= size;
    given = size;
    return count === 1 ? taken[0]! : concat(taken, size);
  };
  return {
    get bytes() {
      return bytes + given;
    },
    push(chunk) {
      if (chunk.length === 0) return;
      if (waiting !== null) {
        given = chunk.length;
        waiting(chunk);
        waiting = null;
        return;
      }
      chunks.push(chunk);
      bytes += chunk.length;
    },
    take() {
      given = 0;
      if (chunks.length > 0) return Promise.resolve(next());
      if (over) return Promise.resolve(null);
      return new Promise((resolve) => waiting = resolve);
    },
    clear() {
      chunks.forEach(giveBack);
      chunks = [];
      bytes = 0;
    },
    end() {
      over = true;
      waiting?.(null);
      waiting = null;
    },
  };
}

/** Frees memory at once: the collector, where the machine has plenty, lets hundreds of megabytes pile up. */
function giveBack(chunk: Uint8Array<ArrayBuffer>): void {
  chunk.buffer.transfer(0);
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * One client with one backend connection: two pumps, a watch over both, and the first cause of ending, which decides
 * what each side is told.
 *
 * | cause | what the client gets | what the backend gets |
 * |---|---|---|
 * | client Close | its Close echoed | all data before it, then end of stream |
 * | client lost, silent or in breach | nothing, or the code that says so | all data before it, then end of stream |
 * | backend ends | all its bytes, then 1000 | its unread input is discarded |
 * | backend resets | all bytes read, then 1011 | - |
 * | server shuts down, idle limit | 1001 | end of stream |
 *
 * @module
 */
import type { BackendConnection } from "../backend/connection.ts";
import type { Breather } from "../base/breather.ts";
import { discard } from "../base/discard.ts";
import { within } from "../base/within.ts";
import type { ClientEnd, ClientSocket } from "../websocket/client_socket.ts";
import { type Buffers, ElasticBuffer } from "../websocket/elastic_buffer.ts";
import { createBase64Decoder } from "./base64.ts";
import { type Cause, endOf, type TunnelEnd } from "./cause.ts";
import { createKeepalive, lookAtKeepalive } from "./keepalive.ts";
import { createPacking, type Packing } from "./packing.ts";
import { type DownEnd, type Flow, pumpDown, pumpUp, type UpEnd } from "./pump.ts";
import { StallMeter } from "./stall.ts";
import type { Watch } from "./watch.ts";

/** How long an ended tunnel waits for a backend that makes no progress to take the client's last bytes. */
const LINGER_MS = 5_000;

/**
 * How long it then reads what the backend still sends, unless that falls silent (see {@linkcode BackendConnection.lingerMs}): to
 * close on a backend that sends is a reset, which overtakes the client's last bytes and drops them.
 */
const DRAIN_MS = 15_000;

/** The same once the program is to end. */
const HURRIED_DRAIN_MS = 2_000;

/** How long a backend may be silent meanwhile; and all of it where nothing that it was sent can still be on its way. */
const DRAIN_SILENCE_MS = 2_000;

/** How long a direction is quiet before the memory that its last burst took is given back. */
const QUIET_MS = 1_000;

/** How long a backend may stay silent after a client's Close was passed on as a half-close. */
const FIN_PROPAGATE_MS = 30_000;

export interface TunnelOptions {
  readonly client: ClientSocket;
  readonly backend: BackendConnection;
  readonly encoding: "binary" | "text" | "base64";
  /** Where the buffer for what the backend sends comes from. */
  readonly buffers: Buffers;
  readonly breather: Breather;
  readonly flow: Flow;
  readonly watch: Watch;
  /** 0: no Pings. */
  readonly pingIntervalMs: number;
  /** 0: the backend may be silent, or take no bytes, for ever. */
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly tcpFinPropagate: boolean;
  /** Sees the first bytes that come from the backend. */
  readonly onFirstBytes?: ((bytes: Uint8Array) => void) | null;
}

/** A running tunnel. */
export interface Tunnel {
  /** Ends it for a cause of ours; the first cause wins. */
  end(cause: Cause): void;
  /** Resolves when both sides are closed and the buffer is free. Never rejects. */
  readonly ended: Promise<TunnelEnd>;
}

/** Starts the pumps. */
export function startTunnel(options: TunnelOptions): Tunnel {
  const { client, backend, flow } = options;
  const first = Promise.withResolvers<TunnelEnd>();
  const hurried = Promise.withResolvers<void>();
  const end = (cause: Cause) => {
    first.resolve(endOf(cause));
    if (cause === "shutdown") hurried.resolve();
  };
  const decoder = options.encoding === "base64" ? createBase64Decoder() : null;
  const buffer = new ElasticBuffer(options.buffers);
  const packing = createPacking(options.encoding, buffer);
  const up = pumpUp(client, backend, flow, decoder);
  const down = pumpDown(backend, client, flow, packing, options.breather, options.onFirstBytes);
  const unwatch = options.watch.add(createLook(options, packing, end));
  decideEnd(options, up, down, first.resolve);
  return {
    end,
    ended: first.promise.then(async (ended) => {
      unwatch();
      await closeBoth(options, ended, up, down, hurried.promise);
      buffer.free();
      client.release();
      return client.closeLost ? { ...ended, code: 1006 } : ended;
    }),
  };
}

/** Looks at a tunnel at every tick: keepalive, the backend's timeouts, and memory that a burst has left. */
function createLook(
  options: TunnelOptions,
  packing: Packing,
  end: (cause: Cause) => void,
): (nowMs: number) => void {
  const { client, flow, readTimeoutMs, writeTimeoutMs, pingIntervalMs } = options;
  const pings = client.ping !== null && pingIntervalMs > 0;
  const keepalive = createKeepalive(pingIntervalMs, options.watch.nowMs());
  const writeStall = new StallMeter();
  const readStall = new StallMeter();
  const clientQuiet = new StallMeter();
  const clientTakes = createTakeCount(flow);
  return (nowMs) => {
    if (flow.upSteps !== flow.upStepsSeen) {
      flow.upStepsSeen = flow.upSteps;
      flow.upSeenMs = nowMs;
    }
    const stalledMs = writeStall.look(flow.upWaits === "backend", flow.upSteps, nowMs);
    const audible = flow.upWaits === "client" || client.lookAhead();
    if (writeTimeoutMs > 0 && stalledMs >= writeTimeoutMs) end("backend-stalled");
    const silentMs = readStall.look(flow.downWaits === "backend", flow.downSteps, nowMs);
    if (readTimeoutMs > 0 && silentMs >= readTimeoutMs) end("backend-idle");
    if (silentMs >= QUIET_MS) packing.rest();
    const quietMs = clientQuiet.look(flow.upWaits === "client", client.heard, nowMs);
    if (quietMs >= QUIET_MS) client.rest();
    // One that has closed, and waits for the rest of the answer, owes no Pong.
    if (!pings || flow.clientEnded) return;
    const heard = client.heard + clientTakes();
    const { unreadBytes } = client;
    const isUnreachable = (forMs: number) => client.isUnreachable(forMs);
    const signs = { heard, audible, unreadBytes, isUnreachable };
    const due = lookAtKeepalive(keepalive, signs, nowMs);
    if (due === "ping") client.ping?.();
    else if (due === "silent") end("client-silent");
  };
}

/**
 * Counts, from look to look, how often a client that was behind has taken bytes: a full connection that has room again shows that it
 * lives, while its Pong waits behind megabytes that it has yet to read. What fits at once shows nothing.
 */
function createTakeCount(flow: Flow): () => number {
  let takes = 0;
  let heldAtBytes = -1;
  return () => {
    if (heldAtBytes >= 0 && flow.downBytes !== heldAtBytes) takes++;
    heldAtBytes = flow.downWaits === "client" ? flow.downBytes : -1;
    return takes;
  };
}

/** Waits for what ends the tunnel of itself; `decide` takes the first end and lets the others pass. */
function decideEnd(
  options: TunnelOptions,
  up: Promise<UpEnd>,
  down: Promise<DownEnd>,
  decide: (end: TunnelEnd) => void,
): void {
  const { client, backend, flow, tcpFinPropagate } = options;
  let finPropagated = false;
  // By then(), not by async functions that wait nor by Promise.race(): each idle tunnel would pay some 300 bytes for one.
  const downDecides = down.then(async (ended) => {
    if (ended === "backend-end" && flow.upWaits === "backend" && await sawReset(up)) {
      return endOf("backend-error");
    }
    // With a half-close passed on, the backend's end is what the client's Close waits for, no cause of its own.
    const clients = ended === "client-gone" || (ended === "backend-end" && finPropagated);
    // It takes nothing more, yet what it sent before that is still to be passed on.
    if (ended === "client-gone") await whileProgress(up, () => flow.upSteps, LINGER_MS);
    return clients ? toTunnelEnd(await client.ended) : endOf(ended);
  });
  const upDecides: Promise<TunnelEnd> = up.then(async (ended) => {
    if (ended === "client-base64") return endOf(ended);
    if (ended !== "client-ended") {
      // It takes nothing more, yet what it sent before that is still to come, and then says how it ended.
      const said = await whileProgress(down, () => flow.downSteps, LINGER_MS);
      return said ? downDecides : endOf("backend-error");
    }
    const clientEnd = await client.ended;
    if (tcpFinPropagate && clientEnd.kind === "close") {
      finPropagated = true;
      await endStream(backend);
      await whileProgress(down, () => flow.downSteps, FIN_PROPAGATE_MS);
    }
    return toTunnelEnd(clientEnd);
  });
  downDecides.then(decide);
  upDecides.then(decide);
  client.ended.then(async (clientEnd) => {
    flow.clientEnded = true;
    if (ALREADY_TOLD.includes(clientEnd.kind)) return decide(toTunnelEnd(clientEnd));
    // With a stalled backend the pump up doesn't come to see it.
    const passedOn = await whileProgress(up, () => flow.upSteps, LINGER_MS);
    if (!passedOn) decide({ ...endOf("backend-stalled"), code: clientEnd.code });
  });
}

/**
 * Whether a write met a reset. The system tells of it once, to the write or to the read, whichever comes first; the other
 * sees no more than an end. Both come in the same turn of the event loop.
 */
async function sawReset(up: Promise<UpEnd>): Promise<boolean> {
  return await within(up, 0) && await up === "backend-reset";
}

function toTunnelEnd(end: ClientEnd): TunnelEnd {
  const { code, reason } = end;
  switch (end.kind) {
    case "close":
      return { cause: "client-close", code, reason };
    case "protocol":
      return { cause: "client-protocol", code, reason };
    case "overflow":
      return { cause: "client-overflow", code, reason };
    case "silent":
      return { cause: "client-silent", code, reason };
    case "lost":
    case "ended":
      return { cause: "client-lost", code: 1006, reason };
  }
}

/** Ends of the client that its socket has sent a code for: nothing that comes after changes it. */
const ALREADY_TOLD: readonly ClientEnd["kind"][] = ["protocol", "overflow", "silent"];

/** Causes after which the backend takes no more. */
const BACKEND_OVER: readonly Cause[] = [
  "backend-end",
  "backend-error",
  "backend-failed",
  "backend-stalled",
];

/** Ends of the pump up after which the backend has all of the client's bytes and can be told of their end. */
const DELIVERED: readonly UpEnd[] = ["client-ended", "client-base64"];

/** Ends of the pump down after which the backend may still be sending. */
const MORE_TO_COME: readonly DownEnd[] = ["client-gone", "backend-not-utf8"];

/** Tells both sides, gives the backend the data before the end, and waits until the pumps stand still. */
async function closeBoth(
  options: TunnelOptions,
  ended: TunnelEnd,
  up: Promise<UpEnd>,
  down: Promise<DownEnd>,
  hurried: Promise<void>,
): Promise<void> {
  const { client, backend, flow } = options;
  const closing = client.close(ended.code, ended.reason);
  let drained = Promise.resolve();
  if (!BACKEND_OVER.includes(ended.cause)) {
    const delivered = await whileProgress(up, () => flow.upSteps, LINGER_MS);
    if (delivered && DELIVERED.includes(await up)) {
      drained = drain(options, down);
      const hurry = hurried.then(() => within(drained, HURRIED_DRAIN_MS));
      await waitForDrain(options, Promise.race([drained, hurry]));
    }
  }
  backend.close();
  // The drain as well: until its last read has ended the buffer is not free.
  await Promise.all([closing, up, down, drained]);
}

/** Ends the backend's input and reads what it still sends, to its end. Never rejects. */
async function drain(options: TunnelOptions, down: Promise<DownEnd>): Promise<void> {
  const { backend, flow, breather } = options;
  await endStream(backend);
  if (!MORE_TO_COME.includes(await down)) return;
  try {
    await discard(backend, breather, () => flow.downSteps++);
  } catch {
    // A reset is an end as well.
  }
}

/** Waits for a backend that may still be taking what it was sent. */
async function waitForDrain(
  { backend, flow, watch }: TunnelOptions,
  drained: Promise<unknown>,
): Promise<void> {
  const isBusy = flow.upSteps !== flow.upStepsSeen ||
    watch.nowMs() - flow.upSeenMs < DRAIN_MS;
  if (!isBusy) return void await within(drained, DRAIN_SILENCE_MS);
  // Held up by our own client it is not silent: NaN is never what it was before.
  const steps = () => flow.downWaits === "client" ? NaN : flow.downSteps;
  await whileProgress(drained, steps, backend.lingerMs ?? DRAIN_SILENCE_MS, DRAIN_MS);
}

async function endStream(backend: BackendConnection): Promise<void> {
  try {
    await backend.closeWrite();
  } catch {
    // It is gone already.
  }
}

/** Waits for `done` as long as `steps()` changes at least every `patienceMs`, at most `mostMs`; false when it was not to come. */
async function whileProgress(
  done: Promise<unknown>,
  steps: () => number,
  patienceMs: number,
  mostMs = Infinity,
): Promise<boolean> {
  for (let leftMs = mostMs; leftMs > 0; leftMs -= patienceMs) {
    const before = steps();
    if (await within(done, Math.min(patienceMs, leftMs))) return true;
    if (steps() === before) return false;
  }
  return false;
}

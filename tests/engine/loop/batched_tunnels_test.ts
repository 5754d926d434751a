/**
 * Many tunnels of one loop that are busy at once both ways, with readers among them that are slow, and ends of all kinds: each byte arrives where it belongs and
 * in its order, those too that had no room when their batch was sent.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import { RECEIVES } from "../../../lib/engine/loop/interest.ts";
import { LoopTransport } from "../../../lib/engine/loop/loop_transport.ts";
import { serverTunnel } from "../../../lib/engine/stream_tunnel.ts";
import { type Libc, sharedLibc } from "../../../lib/sys/libc.ts";
import { SOL_SOCKET } from "../../../lib/sys/socket_constants.ts";
import { concat } from "../../support/connection.ts";
import { type Random, withRandom } from "../../support/random.ts";
import { closePayload, frame, Opcode } from "../../support/raw_client.ts";
import { testRings } from "../../support/rings.ts";
import { Bytes } from "./bytes.ts";
import { openSocketPair, type SocketPair } from "./pair.ts";

const TUNNELS = 100;
const TURNS = 600;

/** How long the last ones may take to end. */
const LAST_MS = 20_000;

/** One end of so many is slow: it reads in one turn of so many. */
const SLOW_ENDS = 4;
const SLOW_TURNS = 60;

/** One tunnel of so many is over TCP, the others are over unix-domain sockets. */
const TCP_TUNNELS = 4;

/** A client asks for a Pong in one of so many. */
const PING_TURNS = 20;

/** In one turn of so many one of the tunnels begins to end. */
const END_TURNS = 3;

/** By the tunnels' clock nearly no time passes: who is slow isn't given up. */
const TURN_MS = 1;
const NEVER_MS = 10_000_000;

/** What goes by batches, and what one tunnel of so many sends as well. */
const SMALL_SIZES = [1, 20, 125, 126, 700, 1_400, 2_500];
const LARGE_SIZES = [9_000, 70_000];
const LARGE_TUNNELS = 4;

const SO_SNDBUF = 7;
/** 4,608 bytes, of which a unix-domain socket takes 2,240 at a time. */
const LEAST = new Uint8Array(Int32Array.of(1).buffer);
const LOCAL = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;
const READ_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(0);

/** The far end of a connection: a client, or a backend. */
class FarEnd {
  readonly isSlow: boolean;
  /** Bytes of the tunnel that were to be sent. */
  said = 0;
  /** Nothing more comes. */
  isOver = false;
  #isClosed = false;
  readonly #pair: SocketPair;
  readonly #bytes: Bytes;
  #unsent: Uint8Array<ArrayBuffer> = NOTHING;

  constructor(pair: SocketPair, bytes: Bytes, isSlow: boolean) {
    this.#pair = pair;
    this.#bytes = bytes;
    this.isSlow = isSlow;
  }

  /** Its next bytes; none while there is no room. */
  next(size: number): Uint8Array<ArrayBuffer> | null {
    this.send(NOTHING);
    if (this.#isClosed || this.#unsent.length > 0) return null;
    this.said += size;
    return this.#bytes.next(size);
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    const unsent = concat([this.#unsent, bytes]);
    this.#unsent = unsent.length > 0 ? unsent.slice(this.#pair.trySend(unsent)) : unsent;
  }

  read(): Uint8Array {
    const bytes = this.#isClosed || this.isOver ? NOTHING : this.#pair.receive(READ_BYTES);
    if (bytes === null) this.isOver = true;
    return bytes ?? NOTHING;
  }

  shutdown(): void {
    if (!this.#isClosed) this.#pair.shutdownFar();
  }

  /** Where something is unread the other side sees a reset. */
  close(): void {
    if (!this.#isClosed) this.#pair.closeFar();
    this.isOver = this.#isClosed = true;
  }
}

/** What the tunnels share. */
interface World {
  readonly libc: Libc;
  readonly loop: Loop;
  readonly random: Random;
  nowMs: number;
  /** Nobody is slow any more. */
  isLast: boolean;
  tunnels: number;
  /** How often a batch has left something to a transport, bytes that arrived, and polite ends. */
  shorts: number;
  bytes: number;
  polite: number;
}

class BusyTunnel {
  #isReleased = false;
  ending: "no" | "polite" | "anyhow" = "no";
  readonly #world: World;
  readonly #client: FarEnd;
  readonly #backend: FarEnd;
  readonly #transports: readonly LoopTransport[];
  readonly #tunnel: ReturnType<typeof serverTunnel>;
  readonly #isBase64: boolean;
  readonly #sizes: readonly number[];
  readonly #up: Bytes;
  readonly #down: Bytes;
  #heardUp = 0;
  /** A frame short of its end. */
  #part: Uint8Array = NOTHING;

  constructor(world: World) {
    const { libc, loop, random } = world;
    this.#world = world;
    const id = ++world.tunnels;
    [this.#up, this.#down] = [new Bytes(id, "up"), new Bytes(id, "down")];
    const at = random.oneIn(TCP_TUNNELS) ? LOCAL : undefined;
    const pairs = [openSocketPair(libc, at), openSocketPair(libc, at)] as const;
    for (const end of pairs.flatMap(({ ends }) => ends)) {
      libc.symbols.setsockopt(end, SOL_SOCKET, SO_SNDBUF, LEAST, LEAST.length);
    }
    this.#client = new FarEnd(pairs[0], new Bytes(id, "up"), random.oneIn(SLOW_ENDS));
    this.#backend = new FarEnd(pairs[1], new Bytes(id, "down"), random.oneIn(SLOW_ENDS));
    const [client, backend] = pairs.map(({ ends: [near] }) =>
      LoopTransport.of(loop, near, RECEIVES)
    ) as [LoopTransport, LoopTransport];
    this.#transports = [client, backend];
    this.#isBase64 = random.oneIn(8);
    const larger = random.oneIn(LARGE_TUNNELS) ? LARGE_SIZES : [];
    this.#sizes = [...SMALL_SIZES, ...larger];
    const settings = {
      encoding: this.#isBase64 ? "base64" : "binary",
      tcpFinPropagate: random.oneIn(4),
      pingIntervalMs: 0,
      readTimeoutMs: 0,
      writeTimeoutMs: 0,
      idleTimeoutMs: 0,
      maxLifetimeMs: 0,
      backendLingerMs: NEVER_MS,
      lastBytesMs: NEVER_MS,
      onFrame: null,
      now: () => world.nowMs,
      listener: { tunnelOver() {}, tunnelReleased: () => void (this.#isReleased = true) },
    } as const;
    this.#tunnel = serverTunnel(client, backend, settings, NOTHING);
  }

  /** Its backend has all that there is for it, too. */
  get isOver(): boolean {
    return this.#isReleased && this.#backend.isOver;
  }

  /** Both ends say something and read. */
  go(): void {
    const { random, nowMs } = this.#world;
    if (this.ending === "no" && random.oneIn(2)) this.#say();
    this.#client.send(NOTHING);
    this.#backend.send(NOTHING);
    this.#read();
    for (const { pending } of this.#transports) if (pending > 0) this.#world.shorts++;
    if (random.oneIn(20)) this.#tunnel.tick(nowMs);
  }

  /** A client's Close, or anything. */
  end(isPolite: boolean): void {
    this.ending = isPolite ? "polite" : "anyhow";
    if (isPolite) return this.#client.send(frame(Opcode.CLOSE, closePayload(1000)));
    const end = this.#world.random.oneIn(2) ? this.#client : this.#backend;
    if (this.#world.random.oneIn(2)) end.close();
    else end.shutdown();
  }

  /** What was sent before a Close has arrived. */
  finish(): void {
    if (this.ending === "polite") {
      assert.equal(this.#heardUp, this.#client.said);
      this.#world.polite++;
    }
    this.#client.close();
    this.#backend.close();
  }

  #say(): void {
    const { random } = this.#world;
    if (random.oneIn(PING_TURNS)) this.#client.send(frame(Opcode.PING, "whole?"));
    const up = this.#client.next(random.pick(this.#sizes));
    if (up !== null) {
      this.#client.send(
        this.#isBase64
          ? frame(Opcode.TEXT, Buffer.from(up).toString("base64"))
          : frame(Opcode.BINARY, up),
      );
    }
    const down = this.#backend.next(random.pick(this.#sizes));
    if (down !== null) this.#backend.send(down);
  }

  #read(): void {
    const { random, isLast } = this.#world;
    const reads = ({ isSlow }: FarEnd) => !isSlow || isLast || random.oneIn(SLOW_TURNS);
    if (reads(this.#backend)) {
      const bytes = this.#backend.read();
      this.#up.check(bytes);
      this.#heardUp += bytes.length;
      this.#world.bytes += bytes.length;
      if (this.#backend.isOver) this.#backend.close();
    }
    if (reads(this.#client)) this.#hear(this.#client.read());
    if (this.#client.isOver) this.#client.close();
  }

  #hear(bytes: Uint8Array): void {
    let rest: Uint8Array = concat([this.#part, bytes]);
    for (let size; (size = frameSize(rest)) <= rest.length; rest = rest.subarray(size)) {
      const opcode = rest[0]! & 15;
      const payload = rest.subarray(headerSize(rest), size);
      if (opcode === Opcode.CLOSE) return this.#client.close();
      if (opcode !== Opcode.BINARY && opcode !== Opcode.TEXT) continue;
      const data = this.#isBase64 ? Buffer.from(`${Buffer.from(payload)}`, "base64") : payload;
      this.#down.check(data);
      this.#world.bytes += data.length;
    }
    this.#part = rest;
  }
}

/** Of a server's frame; infinite while it isn't whole. */
function headerSize([, length]: Uint8Array): number {
  if (length === undefined) return Infinity;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
}

/** With its header. */
function frameSize(bytes: Uint8Array): number {
  const header = headerSize(bytes);
  if (bytes.length < header) return Infinity;
  if (header === 2) return header + bytes[1]!;
  return header + bytes.subarray(2, header).reduce((length, byte) => length * 256 + byte, 0);
}

function go(libc: Libc, loop: Loop, random: Random): World {
  const counts = { nowMs: 0, isLast: false, tunnels: 0, shorts: 0, bytes: 0, polite: 0 };
  const world: World = { libc, loop, random, ...counts };
  let tunnels = Array.from({ length: TUNNELS }, () => new BusyTunnel(world));
  const turn = () => {
    world.nowMs += TURN_MS;
    for (const tunnel of tunnels) tunnel.go();
    loop.turn(0);
    for (const tunnel of tunnels) if (tunnel.isOver) tunnel.finish();
  };
  for (let i = 0; i < TURNS; i++) {
    turn();
    tunnels = tunnels.map((one) => one.isOver ? new BusyTunnel(world) : one);
    const tunnel = random.pick(tunnels);
    if (tunnel.ending === "no" && random.oneIn(END_TURNS)) tunnel.end(random.oneIn(2));
  }
  for (const tunnel of tunnels) if (tunnel.ending === "no") tunnel.end(true);
  world.isLast = true;
  const endsAt = performance.now() + LAST_MS;
  while (tunnels.length > 0) {
    assert.ok(performance.now() < endsAt, "all of them end");
    turn();
    tunnels = tunnels.filter(({ isOver }) => !isOver);
  }
  return world;
}

testRings(
  "of many that are busy at once no byte is lost, nor another's, where some have no room",
  async (t) => {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    const { libc } = sharedLibc;
    let world: World;
    await withRandom(t, (random) => {
      const onDefect = (error: unknown) => {
        throw error;
      };
      const loop = new Loop(libc, { onDefect, batches: true });
      try {
        world = go(libc, loop, random);
      } finally {
        loop.close();
      }
    });
    const { tunnels, shorts, bytes, polite } = world!;
    const figures = `${tunnels} tunnels, ${(bytes / 2 ** 20).toFixed()} MiB, ` +
      `${polite} ended with a Close, ${shorts} times a batch had left something`;
    await t.step(figures, () => assert.ok(tunnels > 1.5 * TUNNELS && shorts > 20 && polite > 50));
  },
);

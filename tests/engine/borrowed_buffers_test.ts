/**
 * The two transports of a tunnel lend each other their buffers: what one receives the other sends out of the same memory. Here both
 * connections are played, in any order of what can happen, and each buffer is watched: nothing is received into what is still being sent,
 * and none goes back to its slab twice, or while it is used.
 */
import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import type { Lease } from "../../lib/backend/backend.ts";
import type { Admitted, Door, RunningTunnel, TunnelSettings } from "../../lib/engine/door.ts";
import { anyPass } from "../support/passes.ts";
import { PEER } from "../backend/setting.ts";
import { Opening } from "../../lib/engine/opening.ts";
import type { Buffers } from "../../lib/engine/elastic_buffer.ts";
import type { Slab } from "../../lib/engine/slab.ts";
import { StreamTransport, type TransportOptions } from "../../lib/engine/stream_transport.ts";
import { serverTunnel, StreamTunnel } from "../../lib/engine/stream_tunnel.ts";
import type { Encoding } from "../../lib/tunnel/encoder.ts";
import { type WideBytes, wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { concat } from "../support/connection.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { type Random, withRandom } from "../support/random.ts";
import { closePayload, frame, handshake, Opcode } from "../support/raw_client.ts";
import { unframe } from "../tunnel/framed_end.ts";
import { A_WHILE_MS, NOTHING_TIMED } from "../tunnel/tunnel_rig.ts";

const WALKS = 100;
const STEPS = 120;

/** Memory that a connection reads into or writes from. */
type Used = Set<Uint8Array>;

function overlap(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length &&
    b.byteOffset < a.byteOffset + a.length;
}

function isUsed(bytes: Uint8Array, used: Used): boolean {
  return [...used].some((other) => overlap(bytes, other));
}

/** Buffers that are overwritten once they are given back, as another tunnel would do. */
function watchedSlab(bufferBytes: number, used: Used): Slab {
  const out = new Set<WideBytes>();
  return {
    take() {
      const buffer = wideBytes(new Uint8Array(bufferBytes));
      out.add(buffer);
      return buffer;
    },
    give(buffer) {
      assert.ok(out.delete(buffer), "a buffer is given back once");
      assert.ok(!isUsed(buffer.bytes, used), "and while nobody uses it");
      buffer.bytes.fill(0xdd);
    },
    trim() {},
    get used() {
      return out.size;
    },
    usedBytes: 0,
    reservedBytes: 0,
  };
}

/** A connection that does what the test says, when it says so. */
class Played implements BackendConnection {
  isClosed = false;
  isShut = false;
  /** All that it was sent. */
  readonly taken: Uint8Array[] = [];
  #reading: { space: Uint8Array; done: PromiseWithResolvers<number | null> } | null = null;
  #writing:
    | { bytes: Uint8Array; copy: Uint8Array; done: PromiseWithResolvers<number> }
    | null = null;
  readonly #used: Used;

  constructor(used: Used) {
    this.#used = used;
  }

  get reads(): boolean {
    return this.#reading !== null;
  }

  get writes(): boolean {
    return this.#writing !== null;
  }

  read(space: Uint8Array): Promise<number | null> {
    assert.ok(!this.reads, "one read at a time");
    assert.ok(space.length > 0, "a read of something");
    assert.ok(!isUsed(space, this.#used), "nothing is received into memory that is being used");
    const done = Promise.withResolvers<number | null>();
    this.#reading = { space, done };
    this.#used.add(space);
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (bytes.length === 0) return Promise.resolve(0);
    assert.ok(!this.writes, "one write at a time");
    const done = Promise.withResolvers<number>();
    this.#writing = { bytes, copy: bytes.slice(), done };
    this.#used.add(bytes);
    return done.promise;
  }

  closeWrite(): Promise<void> {
    this.isShut = true;
    return Promise.resolve();
  }

  /** A read under way ends a little later, and a write goes on, as on the older runtime. */
  close(): void {
    this.isClosed = true;
    queueMicrotask(() => this.fail(new Deno.errors.Interrupted()));
  }

  /** Gives the read under way what fits of `bytes`, and says how much that was. */
  receive(bytes: Uint8Array): number {
    const { space, done } = this.#endRead();
    const count = Math.min(bytes.length, space.length);
    space.set(bytes.subarray(0, count));
    done.resolve(count);
    return count;
  }

  finish(): void {
    this.#endRead().done.resolve(null);
  }

  /** Ends the read under way. */
  fail(error: Error): void {
    if (this.reads) this.#endRead().done.reject(error);
  }

  /** Takes some of what is being written. */
  take(count: number): void {
    const { bytes, copy, done } = this.#endWrite();
    const length = Math.min(count, copy.length);
    this.taken.push(copy.subarray(0, length));
    assert.deepEqual(
      bytes.subarray(0, length),
      copy.subarray(0, length),
      "what is being sent stays",
    );
    done.resolve(length);
  }

  refuse(error: Error): void {
    this.#endWrite().done.reject(error);
  }

  #endRead() {
    const reading = this.#reading!;
    this.#reading = null;
    this.#used.delete(reading.space);
    return reading;
  }

  #endWrite() {
    const writing = this.#writing!;
    this.#writing = null;
    this.#used.delete(writing.bytes);
    return writing;
  }
}

/** Bytes that both ends know; printable, so that they are text as well. */
function bytesOf(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 33 + (from + i) * 7 % 89);
}

/** Lets what has been settled be told of. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await null;
}

/** What a walk moves: a tunnel, or a client's connection that has yet to become one. */
interface Moved {
  tick(nowMs: number): void;
  /** Asks for the end. */
  end(): void;
  /** Makes a backend's connection of one that is waited for; null: none is. */
  connect: (() => void) | null;
}

/** A tunnel from its start. */
function openTunnel(client: Played, backend: Played, shared: Shared): Moved {
  const { options, settings } = shared;
  const tunnel = new StreamTunnel(
    new StreamTransport(client, options),
    new StreamTransport(backend, options),
    { ...settings, role: "server", frameType: frameTypeOf(settings) },
  );
  return {
    tick: (nowMs) => tunnel.tick(nowMs),
    end: () => tunnel.machine.end("shutdown"),
    connect: null,
  };
}

/** A connection whose head is to come. */
function openHead(client: Played, backend: Played, shared: Shared): Moved {
  const { options, settings, onReleased } = shared;
  let running: RunningTunnel | null = null;
  let isConnecting = false;
  const accept = { protocol: null, encoding: settings.encoding, pingIntervalMs: 0 } as Admitted;
  const leave = () => {
    backend.close();
    onReleased();
  };
  const door: Door = {
    limits: { handshakeTimeoutMs: 10_000, maxHeadBytes: 16_384, maxBufferBytes: 65_536 },
    accepts: () => ({ pass: anyPass(), answer: null }),
    speaksFor: () => null,
    refused() {},
    trusts: () => false,
    unproxied() {},
    admit: (_head, peer) => ({ accept, peer }),
    connect() {
      isConnecting = true;
      return new Promise((resolve) =>
        moved.connect = () => {
          moved.connect = null;
          resolve({ lease: { connection: backend } as unknown as Lease, user: null });
        }
      );
    },
    serve: () => assert.fail("a file"),
    abandon: leave,
    open(_accept, _peer, _lease, start) {
      running = start(settings);
      return true;
    },
  };
  const opening = new Opening(new StreamTransport(client, options), PEER, anyPass(), {
    door,
    start: ({ client, connection, settings, early }) =>
      serverTunnel(client, new StreamTransport(connection, options), settings, early),
    nowMs: settings.now,
    // Whoever goes on with a backend says when that is over.
    onOver: () => isConnecting || leave(),
  });
  const moved: Moved = {
    tick: (nowMs) => (running ?? opening).tick!(nowMs),
    end: () => running === null ? opening.turnAway() : running.machine.end("shutdown"),
    connect: null,
  };
  return moved;
}

function frameTypeOf({ encoding }: TunnelSettings): "binary" | "text" {
  return encoding === "binary" ? "binary" : "text";
}

interface Shared {
  readonly options: TransportOptions;
  readonly settings: TunnelSettings;
  readonly onReleased: () => void;
}

/** Moves a tunnel of an encoding, from its start or from its client's head, in any order of events; gives how many bytes came through. */
async function walk(
  random: Random,
  encoding: Encoding,
  begins: "with a tunnel" | "with a head",
): Promise<number> {
  const used: Used = new Set();
  const buffers: Buffers = {
    small: watchedSlab(512, used),
    large: watchedSlab(2048, used),
    release: null,
    trim() {},
  };
  const [client, backend] = [new Played(used), new Played(used)];
  let nowMs = 0;
  let isReleased = false;
  const onReleased = () => void (isReleased = true);
  const shared: Shared = {
    options: { buffers, breather: NO_BREATHER },
    settings: {
      ...NOTHING_TIMED,
      tcpFinPropagate: random.oneIn(3),
      encoding,
      onFrame: null,
      now: () => nowMs,
      listener: { tunnelOver() {}, tunnelReleased: onReleased },
    },
    onReleased,
  };
  const hasHead = begins === "with a head";
  const moved = (hasHead ? openHead : openTunnel)(client, backend, shared);
  let [up, down] = [0, 0];
  /** Frames on their way. */
  let wire: Uint8Array = new TextEncoder().encode(hasHead ? handshake() : "");
  const opcode = encoding === "binary" ? Opcode.BINARY : Opcode.TEXT;
  const events: [can: () => boolean, weight: number, play: () => void][] = [
    [() => client.reads, 6, () => {
      if (wire.length === 0) {
        const length = 1 + random.below(random.oneIn(3) ? 3000 : 40);
        wire = frame(opcode, bytesOf(up, length));
        if (random.oneIn(5)) wire = concat([frame(Opcode.PING, "ping"), wire]);
        up += length;
      }
      wire = wire.subarray(client.receive(wire.subarray(0, 1 + random.below(2000))));
    }],
    [() => backend.reads, 6, () => {
      down += backend.receive(bytesOf(down, 1 + random.below(random.oneIn(3) ? 3000 : 40)));
    }],
    [() => client.writes, 6, () => client.take(1 + random.below(2500))],
    [() => backend.writes, 4, () => backend.take(1 + random.below(2500))],
    [() => true, 4, () => moved.tick(nowMs += 10)],
    [() => moved.connect !== null, 1, () => moved.connect!()],
    [() => client.reads && wire.length === 0, 0.15, () => {
      client.receive(frame(Opcode.CLOSE, closePayload(1000)));
    }],
    [() => client.reads, 0.1, () => client.finish()],
    [() => client.reads, 0.05, () => client.fail(new Deno.errors.ConnectionReset())],
    [() => client.writes, 0.05, () => client.refuse(new Deno.errors.BrokenPipe())],
    [() => backend.reads, 0.15, () => backend.finish()],
    [() => backend.reads, 0.05, () => backend.fail(new Deno.errors.ConnectionReset())],
    [() => backend.writes, 0.1, () => backend.refuse(new Deno.errors.BrokenPipe())],
    [() => true, 0.05, () => moved.tick(nowMs += 6_000)],
    [() => true, 0.05, () => moved.end()],
  ];
  const play = () => {
    const able = events.filter(([can]) => can());
    let at = random.below(10_000) / 10_000 * able.reduce((sum, [, weight]) => sum + weight, 0);
    able.find(([, weight]) => (at -= weight) < 0)?.[2]();
  };
  for (let step = 0; step < STEPS && !isReleased; step++) {
    play();
    await settle();
  }
  moved.connect?.();
  moved.end();
  // An end that came while something was sent is told of a turn later.
  for (let turns = 0; turns < 8; turns++) {
    moved.tick(nowMs += A_WHILE_MS);
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const side of [client, backend]) {
      if (side.isClosed && side.writes) side.refuse(new Deno.errors.Interrupted());
    }
    await settle();
  }
  assert.ok(isReleased, "everything ends");
  assert.equal(used.size, 0, "nothing is read or written any more");
  assert.equal(buffers.small.used + buffers.large.used, 0, "every buffer is back");
  const upGot = concat(backend.taken);
  assert.deepEqual(upGot, bytesOf(0, upGot.length), "what the client sent");
  const wireDown = concat(client.taken);
  const { bytes: downGot } = unframe(wireDown.subarray(hasHead ? endOfHead(wireDown) : 0));
  assert.deepEqual(downGot, bytesOf(0, downGot.length), "what the backend sent");
  return upGot.length + downGot.length;
}

/** Where the bytes behind an answer's head begin. */
function endOfHead(bytes: Uint8Array): number {
  const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  return end < 0 ? bytes.length : end + 4;
}

for (const encoding of ["binary", "text"] as const) {
  for (const begins of ["with a tunnel", "with a head"] as const) {
    Deno.test(`buffers are lent without harm in any order of events: ${encoding}, ${begins}`, (t) =>
      withRandom(t, async (random) => {
        let moved = 0;
        for (let count = 0; count < WALKS; count++) moved += await walk(random, encoding, begins);
        assert.ok(moved > WALKS * 1_000, `${moved} bytes moved`);
      }));
  }
}

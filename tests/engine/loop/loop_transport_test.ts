/** A transport of the loop, over real sockets: what no edge tells of again is kept, and nobody is read whose peer has no room. */
import assert from "node:assert/strict";
import type { StreamEnd } from "../../../lib/base/transport.ts";
import type { DrivenTransport, TransportListener } from "../../../lib/engine/driven_transport.ts";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import { RECEIVES } from "../../../lib/engine/loop/interest.ts";
import { LoopTransport } from "../../../lib/engine/loop/loop_transport.ts";
import type { Libc } from "../../../lib/sys/libc.ts";
import { openSocketPair, type SocketPair } from "./pair.ts";
import { testLoop } from "./setting.ts";

/** Takes down what it is told. */
class Ear implements TransportListener {
  readonly told: string[] = [];
  bytes = 0;

  receiveAt(): number {
    return 100;
  }

  received({ bytes }: { readonly bytes: Uint8Array }, from: number, to: number): void {
    assert.equal(from, 100);
    this.bytes += to - from;
    if (to - from < 20) this.told.push(new TextDecoder().decode(bytes.subarray(from, to)));
    else this.told.push(`${to - from}`);
  }

  ended(how: StreamEnd): void {
    this.told.push(how);
  }

  writable(): void {
    this.told.push("writable");
  }

  sendFailed(how: StreamEnd): void {
    this.told.push(`failed: ${how}`);
  }
}

interface Setting extends SocketPair {
  readonly loop: Loop;
  readonly transport: LoopTransport;
  readonly ear: Ear;
}

/** Has a transport at the near end of a pair, and takes all of it away again. */
function testTransport(name: string, body: (setting: Setting, libc: Libc) => void): void {
  testLoop(name, (libc) => {
    const loop = new Loop(libc, {
      onDefect(error) {
        throw error;
      },
    });
    const pair = openSocketPair(libc);
    const transport = LoopTransport.of(loop, pair.ends[0], RECEIVES);
    try {
      body({ ...pair, loop, transport, ear: new Ear() }, libc);
    } finally {
      loop.close();
    }
  });
}

/** One that takes everything, or nothing. */
function peer(blocked = false): DrivenTransport & { blocked: boolean } {
  return { blocked, readOn() {} } as unknown as DrivenTransport & { blocked: boolean };
}

/** More turns than anything here takes; none of them waits. */
function settle(loop: Loop): void {
  for (let i = 0; i < 50; i++) loop.turn(0);
}

testTransport("bytes and the end behind them are received once, in their order", (setting) => {
  const { loop, transport, ear, send, shutdownFar, closeFar } = setting;
  transport.begin(ear, peer());
  send("one");
  loop.turn(0);
  send("two");
  shutdownFar();
  settle(loop);
  assert.deepEqual(ear.told, ["one", "two", "fin"]);
  closeFar();
});

testTransport("an end that comes while nothing is read is heard when it is read on", (setting) => {
  const { loop, transport, ear, send, closeFar } = setting;
  transport.begin(ear, peer());
  transport.pauseReading();
  send("last words");
  settle(loop);
  closeFar();
  settle(loop);
  assert.deepEqual(ear.told, []);
  transport.resumeReading();
  settle(loop);
  assert.deepEqual(ear.told, ["last words", "fin"]);
});

testTransport("nobody is read whose peer has no room, but for a look ahead", (setting) => {
  const { loop, transport, ear, send, closeFar } = setting;
  const to = peer(true);
  transport.begin(ear, to);
  send("x".repeat(40_000));
  settle(loop);
  assert.equal(ear.bytes, 0);
  transport.lookAhead();
  settle(loop);
  // In small steps, until the peer has room or whoever listens has enough.
  assert.deepEqual(ear.told, ["16384", "16384", "7232"]);
  to.blocked = false;
  transport.readOn();
  to.blocked = true;
  send("more");
  settle(loop);
  assert.equal(ear.bytes, 40_000, "it looks ahead no more");
  to.blocked = false;
  transport.readOn();
  settle(loop);
  assert.equal(ear.told.at(-1), "more");
  closeFar();
});

testTransport("a step brings no more than it may, and goes on in the next turn", (setting) => {
  const { loop, transport, ear, send, closeFar } = setting;
  transport.begin(ear, peer(), 10_000);
  send("x".repeat(30_000));
  loop.turn(0);
  assert.ok(ear.bytes <= 20_000, `${ear.bytes} bytes in one turn`);
  settle(loop);
  assert.equal(ear.bytes, 30_000);
  closeFar();
});

testTransport("what has no room is not taken, and it is told when there is some", (setting) => {
  const { loop, transport, ear, receive, closeFar } = setting;
  transport.begin(ear, peer());
  const bytes = new Uint8Array(4 * 1024 * 1024);
  const taken = transport.send(bytes, 0, bytes.length);
  assert.ok(taken > 0 && taken < bytes.length);
  assert.ok(transport.blocked && !transport.busy);
  assert.equal(transport.send(bytes, 0, 1), 0);
  settle(loop);
  assert.deepEqual(ear.told, []);
  let received = 0;
  for (let got; (got = receive(1024 * 1024))!.length > 0;) received += got!.length;
  assert.equal(received, taken);
  settle(loop);
  assert.deepEqual(ear.told, ["writable"]);
  assert.equal(transport.sent, taken);
  closeFar();
});

testTransport("before there is a tunnel all is taken, and an end goes behind it", (setting) => {
  const { loop, transport, ear, receive, closeFar } = setting;
  transport.begin(ear, null);
  const bytes = new Uint8Array(4 * 1024 * 1024);
  assert.equal(transport.send(bytes, 0, bytes.length), bytes.length);
  assert.ok(transport.busy);
  transport.shutdown();
  let received = 0;
  for (let tries = 0; tries < 10_000; tries++) {
    const got = receive(1024 * 1024);
    if (got === null) break;
    received += got.length;
    loop.turn(0);
  }
  assert.equal(received, bytes.length);
  assert.ok(!transport.busy);
  assert.deepEqual(ear.told, ["writable"]);
  closeFar();
});

testTransport("a send that fails is told of in a turn of its own, and its end once", (setting) => {
  const { loop, transport, ear, closeFar } = setting;
  transport.begin(ear, peer());
  transport.pauseReading();
  closeFar();
  assert.equal(transport.send(new Uint8Array(9), 0, 9), 0);
  assert.deepEqual(ear.told, []);
  settle(loop);
  assert.equal(ear.told.length, 1);
  assert.match(ear.told[0]!, /^failed: /);
  assert.equal(transport.send(new Uint8Array(9), 0, 9), 0);
  transport.resumeReading();
  settle(loop);
  assert.equal(ear.told.length, 2);
});

testTransport("one that is closed tells nothing, however often it is closed", (setting, libc) => {
  const { loop, transport, ear, send, closeFar } = setting;
  transport.begin(ear, peer());
  send("unheard");
  transport.close();
  const next = openSocketPair(libc);
  transport.close();
  assert.equal(transport.send(new Uint8Array(9), 0, 9), 0);
  next.send("of another");
  assert.equal(libc.symbols.recv(next.ends[0], new Uint8Array(99), 99n, 0), 10n);
  settle(loop);
  assert.deepEqual(ear.told, []);
  next.close();
  closeFar();
});

testTransport(
  "who sends tiny frames is read in small steps, for as long as they are",
  (setting) => {
    const { loop, transport, send, closeFar } = setting;
    const steps: number[] = [];
    let frameBytes = 10;
    let frames = 0;
    transport.begin({
      receiveAt: () => 100,
      get frames() {
        return frames;
      },
      received(_, from, to) {
        steps.push(to - from);
        frames += (to - from) / frameBytes;
      },
      ended() {},
      writable() {},
      sendFailed() {},
    }, peer());
    send("x".repeat(50_000));
    settle(loop);
    send("x".repeat(50_000));
    settle(loop);
    frameBytes = 100;
    send("x".repeat(50_000));
    settle(loop);
    send("x".repeat(50_000));
    settle(loop);
    // They may be before anything is known, and are no longer tiny once a step has shown it.
    const [tiny, long] = [[16_384, 16_384, 16_384, 848], [16_384, 33_616]];
    assert.deepEqual(steps, [...tiny, ...tiny, ...long, 50_000]);
    closeFar();
  },
);

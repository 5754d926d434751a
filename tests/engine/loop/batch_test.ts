/** Transports of one loop that read and send together, over real sockets: each is told what it would be told of by itself, and nothing of it is seen by anybody. */
import assert from "node:assert/strict";
import type { StreamEnd } from "../../../lib/base/transport.ts";
import type { TransportListener } from "../../../lib/engine/driven_transport.ts";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import { RECEIVES } from "../../../lib/engine/loop/interest.ts";
import { LoopTransport } from "../../../lib/engine/loop/loop_transport.ts";
import { sharedLibc } from "../../../lib/sys/libc.ts";
import type { WideBytes } from "../../../lib/websocket/wide_bytes.ts";
import { testRings } from "../../support/rings.ts";
import { openSocketPair, type SocketPair } from "./pair.ts";

/** More than a batch takes at once. */
const RELAYS = 100;

/** So many small reads show that a connection's reads are small. */
const WARM_READS = 20;

/** Sends on what it hears. */
class Relay implements TransportListener {
  readonly told: string[] = [];
  readonly from: SocketPair;
  readonly to: SocketPair;
  readonly source: LoopTransport;
  readonly target: LoopTransport;
  #isTargetOpen = true;
  /** Behind what was sent on. */
  onSent: (wide: WideBytes, from: number, to: number) => void = () => {};

  constructor(loop: Loop) {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    const { libc } = sharedLibc;
    this.from = openSocketPair(libc);
    this.to = openSocketPair(libc);
    this.source = LoopTransport.of(loop, this.from.ends[0], RECEIVES);
    this.target = LoopTransport.of(loop, this.to.ends[0], RECEIVES);
    this.source.begin(this, this.target);
    this.target.begin({
      receiveAt: () => 0,
      received() {},
      ended: (how) => void this.told.push(`target ${how}`),
      writable: () => void this.told.push("writable"),
      sendFailed: (how) => void this.told.push(`failed ${how}`),
    }, this.source);
  }

  receiveAt(): number {
    return 100;
  }

  closeTarget(): void {
    if (this.#isTargetOpen) this.to.closeFar();
    this.#isTargetOpen = false;
  }

  /** What the loop doesn't have. */
  closeFar(): void {
    this.from.closeFar();
    this.closeTarget();
  }

  received(wide: WideBytes, from: number, to: number): void {
    this.told.push(text(wide.bytes.subarray(from, to)));
    assert.equal(this.target.send(wide.bytes, from, to), to - from);
    this.onSent(wide, from, to);
  }

  ended(how: StreamEnd): void {
    this.told.push(how);
  }

  writable(): void {}

  sendFailed(): void {}
}

interface Setting {
  readonly loop: Loop;
  /** The one that a test is about, and the others. */
  readonly relay: Relay;
  readonly others: readonly Relay[];
  readonly defects: unknown[];
  /** All of them are told a word, which it gives, in turns that follow each other: the others but for one send it on. */
  turn(except?: Relay): string;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Has relays whose reads are known to be small. */
function testBatch(name: string, body: (setting: Setting) => void): void {
  testRings(name, () => {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    const defects: unknown[] = [];
    const onDefect = (error: unknown) => void defects.push(error);
    const loop = new Loop(sharedLibc.libc, { onDefect, batches: true });
    const relay = new Relay(loop);
    const others = Array.from({ length: RELAYS - 1 }, () => new Relay(loop));
    let turns = 0;
    const turn = (except?: Relay) => {
      const word = `word ${turns++}, `;
      for (const { from } of [relay, ...others]) from.send(word);
      while (loop.turn(0) > 0);
      for (const other of others) {
        if (other !== except) assert.equal(text(other.to.receive(1000)!), word);
      }
      return word;
    };
    try {
      for (let i = 0; i < WARM_READS; i++) assert.equal(turn(), text(relay.to.receive(1000)!));
      relay.told.length = 0;
      body({ loop, relay, others, defects, turn });
    } finally {
      loop.close();
      for (const each of [relay, ...others]) each.closeFar();
    }
  });
}

/** Has no more room, of which its transport has yet to hear; gives how many bytes wait there. */
function fill({ to }: Relay): number {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  const { symbols } = sharedLibc.libc;
  let bytes = 0;
  for (const size of [1024 * 1024, 1024, 1]) {
    for (let sent; (sent = symbols.send(to.ends[0], new Uint8Array(size), BigInt(size), 0)) > 0;) {
      bytes += Number(sent);
    }
  }
  return bytes;
}

/** What the far end of a relay gets until nothing more comes, behind so many bytes of another's, and whether its stream is over. */
function drain(loop: Loop, { to }: Relay, before: number): { said: string; isOver: boolean } {
  let said = "";
  for (let quiet = 0, left = before; quiet < 3;) {
    const got = to.receive(1024 * 1024);
    if (got === null) return { said, isOver: true };
    quiet = got.length === 0 ? quiet + 1 : 0;
    said += text(got.subarray(Math.min(left, got.length)));
    left = Math.max(left - got.length, 0);
    loop.turn(0);
  }
  return { said, isOver: false };
}

testBatch("a send waits for its batch, and for nobody who asks for what it changes", (setting) => {
  const { relay: { to, target }, relay, turn } = setting;
  const seen: string[] = [];
  const see = () => seen.push(text(to.receive(100)!));
  const before = target.sent;
  relay.onSent = () => {
    see();
    assert.equal(target.sent, before + relay.told.at(-1)!.length);
    see();
  };
  const word = turn();
  assert.deepEqual(seen, ["", word]);
  relay.onSent = see;
  const next = turn();
  assert.deepEqual([...seen.slice(2), text(to.receive(100)!)], ["", next]);
});

testBatch("sends of one transport keep their order", ({ relay, turn }) => {
  const { to, target } = relay;
  relay.onSent = (wide, from, to) => {
    assert.equal(target.send(wide.bytes, from, from + 4), 4);
    const other = new TextEncoder().encode("other");
    assert.equal(target.send(other, 0, 5), 5);
    assert.equal(target.send(wide.bytes, to - 2, to), 2);
  };
  assert.equal(`${turn()}wordother, `, text(to.receive(100)!));
});

testBatch("what has no room is kept, and goes out before anything else", (setting) => {
  const { loop, relay, turn } = setting;
  const { target } = relay;
  const before = target.sent;
  const others = fill(relay);
  const word = turn();
  assert.deepEqual(relay.told, [word]);
  assert.ok(target.busy && target.blocked);
  assert.equal(target.pending, word.length);
  assert.equal(target.sent, before);
  const next = turn();
  assert.deepEqual(relay.told, [word], "nobody is read whose peer has no room");
  assert.deepEqual(drain(loop, relay, others), { said: word + next, isOver: false });
  assert.deepEqual(relay.told, [word, "writable", next]);
  assert.ok(!target.busy && !target.blocked && target.pending === 0);
  assert.equal(target.sent, before + word.length + next.length);
});

testBatch("an end goes behind what had no room", ({ loop, relay, turn }) => {
  const others = fill(relay);
  relay.onSent = () => relay.target.shutdown();
  const word = turn();
  assert.deepEqual(drain(loop, relay, others), { said: word, isOver: true });
});

testBatch("what is closed has sent what it took", ({ loop, relay, turn }) => {
  relay.onSent = () => relay.target.close();
  const word = turn();
  assert.deepEqual(drain(loop, relay, 0), { said: word, isOver: true });
  turn();
  assert.deepEqual(drain(loop, relay, 0), { said: "", isOver: true });
});

testBatch("a send that fails is told of once, in a turn of its own", ({ loop, relay, turn }) => {
  relay.closeTarget();
  relay.target.pauseReading();
  const word = turn();
  assert.ok(relay.told.includes(word));
  for (let i = 0; i < 3; i++) loop.turn(0);
  const failures = relay.told.filter((told) => told.startsWith("failed"));
  assert.equal(failures.length, 1);
  assert.ok(!relay.target.busy && relay.target.pending === 0);
});

testBatch("who throws in a batch ends alone, and has sent what it took", (setting) => {
  const { relay, defects, turn } = setting;
  relay.onSent = () => {
    throw new Error("a defect");
  };
  const word = turn();
  assert.deepEqual(defects.map(String), ["Error: a defect"]);
  assert.equal(text(relay.to.receive(100)!), word);
  assert.ok(relay.source.watch.closed && !relay.target.watch.closed);
});

testBatch("who is closed by another of its batch hears nothing", ({ relay, others, turn }) => {
  const other = others[0]!;
  relay.onSent = () => other.source.close();
  other.onSent = () => relay.source.close();
  turn(other);
  assert.deepEqual([relay.told.length, other.told.length], [1, WARM_READS]);
});

testBatch("more than a slot holds comes whole", ({ loop, relay, turn }) => {
  const long = "0123456789".repeat(2_000);
  relay.from.send(long);
  const said = long + turn();
  assert.equal(drain(loop, relay, 0).said, said);
  assert.equal(relay.told.join(""), said);
});

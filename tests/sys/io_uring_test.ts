/** Many receives and sends by one call, over the real system: each gives what the call of its own would have given. */
import assert from "node:assert/strict";
import { Errno } from "../../lib/sys/errno.ts";
import { addressOf, hotCalls } from "../../lib/sys/hot_calls.ts";
import { openRing, type Ring } from "../../lib/sys/io_uring.ts";
import { type Libc, sharedLibc } from "../../lib/sys/libc.ts";
import { openSocketPair, type SocketPair } from "../engine/loop/pair.ts";
import { installed } from "../support/installed.ts";
import { HAS_RINGS, testRings } from "../support/rings.ts";

const SIZE = 64;
const ROOM_BYTES = 256 * 1024;
const SLOT_BYTES = ROOM_BYTES / SIZE;

interface Setting {
  readonly libc: Libc;
  readonly ring: Ring;
  readonly room: Uint8Array<ArrayBuffer>;
  readonly results: Int32Array;
  /** Where a slot of the room lies. */
  address(slot: number): number;
  openPair(): SocketPair;
}

function test(name: string, body: (setting: Setting) => void): void {
  testRings(name, () => {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    const { libc } = sharedLibc;
    const room = new Uint8Array(new ArrayBuffer(ROOM_BYTES));
    const ring = openRing(libc, hotCalls(libc), SIZE)!;
    const pairs: SocketPair[] = [];
    const openPair = () => {
      const pair = openSocketPair(libc);
      pairs.push(pair);
      return pair;
    };
    // It holds the room as long as somebody asks.
    const address = (slot: number) => Number(addressOf(room)) + slot * SLOT_BYTES;
    try {
      body({ libc, ring, room, results: new Int32Array(SIZE), address, openPair });
    } finally {
      ring.close();
      for (const pair of pairs) pair.close();
    }
  });
}

test("each receives its own, as often as the ring goes round", (setting) => {
  const { ring, room, results, address, openPair } = setting;
  const pairs = Array.from({ length: SIZE }, openPair);
  for (let round = 0; round < 5; round++) {
    const texts = pairs.map((_, index) => `${round} for ${index}`);
    const count = SIZE - round;
    for (let i = 0; i < count; i++) {
      pairs[i]!.send(texts[i]!);
      ring.recv(pairs[i]!.ends[0], address(i), SLOT_BYTES);
    }
    ring.run(results);
    for (let i = 0; i < count; i++) {
      assert.equal(results[i], texts[i]!.length);
      const at = i * SLOT_BYTES;
      assert.equal(new TextDecoder().decode(room.subarray(at, at + results[i]!)), texts[i]);
    }
  }
});

test("sends go out in their order, and beside receives", (setting) => {
  const { ring, room, results, address, openPair } = setting;
  const pair = openPair();
  room.set(new TextEncoder().encode("onetwo"));
  ring.send(pair.ends[0], address(0), 3);
  ring.recv(pair.ends[1], address(1), 3);
  ring.send(pair.ends[0], address(0) + 3, 3);
  ring.run(results);
  assert.deepEqual([...results.subarray(0, 3)], [3, 3, 3]);
  assert.equal(new TextDecoder().decode(room.subarray(SLOT_BYTES, SLOT_BYTES + 3)), "one");
  assert.equal(new TextDecoder().decode(pair.receive(100)!), "two");
});

test("nothing is waited for: what has nothing to read or no room says so", (setting) => {
  const { ring, results, address, openPair } = setting;
  const [empty, full] = [openPair(), openPair()];
  let sent = 0;
  do {
    ring.send(full.ends[0], address(0), ROOM_BYTES);
    ring.recv(empty.ends[0], address(0), SLOT_BYTES);
    ring.run(results);
    assert.equal(results[1], -Errno.EAGAIN);
    sent += Math.max(results[0]!, 0);
  } while (results[0] === ROOM_BYTES);
  assert.ok(sent > 0);
  // Short, and then nothing at all.
  ring.send(full.ends[0], address(0), ROOM_BYTES);
  ring.run(results);
  assert.equal(results[0], -Errno.EAGAIN);
  let received = 0;
  for (let got; (got = full.receive(ROOM_BYTES))!.length > 0;) received += got!.length;
  assert.equal(received, sent);
});

test("what fails says why, and the others go on", (setting) => {
  const { libc, ring, results, address, openPair } = setting;
  const [ended, fine] = [openPair(), openPair()];
  const reset = openSocketPair(libc);
  ring.send(reset.ends[0], address(0), 1);
  ring.run(results);
  assert.equal(results[0], 1);
  // It is closed with something unread.
  reset.closeFar();
  ended.shutdownFar();
  fine.send("fine");
  ring.recv(reset.ends[0], address(0), SLOT_BYTES);
  ring.send(reset.ends[0], address(0), 1);
  ring.recv(ended.ends[0], address(0), SLOT_BYTES);
  ring.recv(-1, address(0), SLOT_BYTES);
  ring.recv(fine.ends[0], address(0), SLOT_BYTES);
  ring.run(results);
  const expected = [-Errno.ECONNRESET, -Errno.EPIPE, 0, -Errno.EBADF, 4];
  libc.symbols.close(reset.ends[0]);
  assert.deepEqual([...results.subarray(0, 5)], expected);
});

test("a ring that is closed leaves nothing", ({ libc }) => {
  const mapped = () =>
    Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) => line.includes("io_uring"))
      .length;
  const before = mapped();
  const ring = openRing(libc, hotCalls(libc), SIZE)!;
  assert.equal(mapped(), before + 2);
  ring.close();
  assert.equal(mapped(), before);
});

const PYTHON = installed("python3");

Deno.test({
  name: PYTHON === null
    ? "where it is forbidden there is none (skipped: python3 is not installed)"
    : "where it is forbidden there is none",
  ignore: PYTHON === null || !HAS_RINGS,
  async fn() {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const code = `
      import { openRing } from ${module("../../lib/sys/io_uring.ts")};
      import { hotCalls } from ${module("../../lib/sys/hot_calls.ts")};
      import { sharedLibc } from ${module("../../lib/sys/libc.ts")};
      const { libc } = sharedLibc;
      const ring = openRing(libc, hotCalls(libc), ${SIZE});
      console.log(ring === null ? "none" : "a ring");
    `;
    const launcher = new URL("../support/without_io_uring.py", import.meta.url).pathname;
    const deno = [Deno.execPath(), "eval", "--no-check", code];
    const say = async ([program, ...args]: string[]) => {
      const { stdout, stderr } = await new Deno.Command(program!, { args }).output();
      return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
    };
    assert.equal(await say(deno), "a ring");
    for (const call of ["setup", "enter"]) {
      assert.equal(await say([PYTHON!, launcher, call, ...deno]), "none", call);
    }
  },
});

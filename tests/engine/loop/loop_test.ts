/** The loop by itself, over real sockets: who is told of what, in which turn. */
import assert from "node:assert/strict";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import { LoopConnection } from "../../../lib/engine/loop/loop_connection.ts";
import type { Watcher } from "../../../lib/engine/loop/watch.ts";
import { EPOLLET, EPOLLIN } from "../../../lib/sys/epoll.ts";
import { openSocketPair } from "./pair.ts";
import { leftOpen, openNames } from "../../support/descriptors.ts";
import { testLoop } from "./setting.ts";

/** Calls of it are counted; what it does is told by whoever makes it. */
function watcher(onEvent: () => void, onTurn = () => {}): Watcher & { defects: number } {
  return {
    defects: 0,
    onEvent,
    onTurn,
    onDefect() {
      this.defects++;
    },
  };
}

testLoop(
  "who was closed in a turn is told nothing more in it, and its number is nobody else's",
  (libc) => {
    const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
    const told: string[] = [];
    const pairs = [openSocketPair(libc), openSocketPair(libc)];
    const closeOther = (other: number) => () => {
      told.push(`${other}`);
      if (watches[other]!.closed) return;
      watches[other]!.close();
      const next = openSocketPair(libc);
      assert.ok(!next.ends.includes(pairs[other]!.ends[0]));
      next.close();
    };
    const watches = pairs.map(({ ends: [near] }, index) =>
      loop.watch(near, EPOLLIN, watcher(closeOther(1 - index)))
    );
    for (const { send } of pairs) send("a");
    loop.turn(0);
    assert.equal(told.length, 1, "whoever came first has closed the other");
    // The one that is left goes on.
    loop.turn(0);
    assert.equal(told.length, 2);
    for (const { closeFar } of pairs) closeFar();
    loop.close();
  },
);

testLoop("an event that was for who had a number before is not told to who has it now", (libc) => {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const { ends: [near, far], send, closeFar } = openSocketPair(libc);
  const before = loop.watch(near, EPOLLIN, watcher(() => assert.fail("it is closed")));
  // A copy keeps what is open behind the number in the set of the system's (epoll(7), question 6).
  const copy = libc.symbols.fcntl(near, 0, 100);
  before.close();
  const next = openSocketPair(libc);
  assert.ok(next.ends.includes(near), "the number is used again");
  const after = watcher(() => assert.fail("nothing happens there"));
  loop.watch(near, EPOLLIN, after);
  send("a");
  loop.turn(0);
  libc.symbols.close(copy);
  closeFar();
  next.ends.filter((end) => end !== near).forEach((end) => libc.symbols.close(end));
  assert.notEqual(far, near);
  loop.close();
});

testLoop("who throws is told so, and the others have their turn", (libc) => {
  const defects: unknown[] = [];
  const loop = new Loop(libc, { onDefect: (error) => defects.push(error) });
  const pairs = Array.from({ length: 3 }, () => openSocketPair(libc));
  let told = 0;
  const watchers = pairs.map((_, index) =>
    watcher(() => {
      told++;
      if (index === 1) throw new Error("a defect");
    })
  );
  pairs.forEach(({ ends: [near] }, index) => loop.watch(near, EPOLLIN, watchers[index]!));
  for (const { send } of pairs) send("a");
  loop.turn(0);
  assert.equal(told, 3);
  assert.deepEqual(watchers.map(({ defects }) => defects), [0, 1, 0]);
  assert.deepEqual(defects.map(String), ["Error: a defect"]);
  for (const { closeFar } of pairs) closeFar();
  loop.close();
});

testLoop("who asks for another step has one a turn, once, and the others come between", (libc) => {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const order: string[] = [];
  const [busy, quiet] = [openSocketPair(libc), openSocketPair(libc)];
  const step = () => {
    order.push("busy");
    if (order.length > 6) return;
    watch.again();
    watch.again();
  };
  const watch = loop.watch(busy.ends[0], EPOLLIN, watcher(() => {}, step));
  loop.watch(quiet.ends[0], EPOLLIN, watcher(() => void order.push("quiet")));
  quiet.send("a");
  watch.again();
  for (let i = 0; i < 3; i++) loop.turn(0);
  assert.deepEqual(order, ["quiet", "busy", "quiet", "busy", "quiet", "busy"]);
  for (const { closeFar } of [busy, quiet]) closeFar();
  loop.close();
});

testLoop("what is closed can't be taken, nor shut down, nor written to", async (libc) => {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const pair = openSocketPair(libc);
  const watch = loop.watch(pair.ends[0], EPOLLIN, watcher(() => {}));
  const connection = new LoopConnection(loop, watch, EPOLLIN);
  connection.close();
  const next = openSocketPair(libc);
  assert.ok(next.ends.includes(pair.ends[0]), "the number is used again");
  assert.throws(() => watch.take(), /closed/);
  await connection.closeWrite();
  await assert.rejects(connection.write(Uint8Array.of(1)), Deno.errors.Interrupted);
  connection.close();
  next.send("whole");
  const heard = new Uint8Array(99);
  assert.equal(libc.symbols.recv(next.ends[0], heard, 99n, 0), 5n);
  assert.equal(next.receive(9)?.length, 0, "it has sent nothing, and not ended");
  next.close();
  pair.closeFar();
  loop.close();
});

testLoop("a loop that looks before it sleeps hears what has come, and what comes later", (libc) => {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const { ends: [near], send, closeFar } = openSocketPair(libc);
  let events = 0;
  loop.watch(near, EPOLLIN | EPOLLET, watcher(() => events++));
  send("a");
  assert.equal(loop.turn(1_000, true), 1);
  const before = performance.now();
  assert.equal(loop.turn(20, true), 0);
  assert.ok(performance.now() - before >= 20, "it has slept");
  send("b");
  assert.equal(loop.turn(1_000, true), 1);
  assert.equal(events, 2);
  closeFar();
  loop.close();
});

testLoop("a loop that can't be had leaves no descriptor", (libc) => {
  const symbols = Object.create(libc.symbols, { eventfd: { value: () => -1 } });
  const before = openNames();
  const onDefect = (error: unknown) => assert.fail(String(error));
  assert.throws(() => new Loop({ symbols }, { onDefect }), /eventfd/);
  assert.deepEqual(leftOpen(before), []);
});

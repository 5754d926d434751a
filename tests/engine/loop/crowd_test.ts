/** Who is told first where much happens at once, over real sockets. */
import assert from "node:assert/strict";
import { CROWD, MOST_AGAIN, MOST_BYTES, MOST_EVENTS } from "../../../lib/engine/loop/crowd.ts";
import { RECEIVES } from "../../../lib/engine/loop/interest.ts";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import type { Watch } from "../../../lib/engine/loop/watch.ts";
import type { Libc } from "../../../lib/sys/libc.ts";
import { openSocketPair, type SocketPair } from "./pair.ts";
import { testLoop } from "./setting.ts";

/** More than a turn is for, and more than two. */
const MANY = 2 * MOST_EVENTS + 10;

interface Setting extends Disposable {
  readonly loop: Loop;
  readonly pairs: readonly SocketPair[];
  readonly watches: readonly Watch[];
  /** Who was told of something, in that order. */
  readonly told: number[];
  /** Called when one is told. */
  onTold: (index: number, mask: number) => void;
}

function openSetting(libc: Libc): Setting {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const pairs = Array.from({ length: MANY }, () => openSocketPair(libc));
  const told: number[] = [];
  const watches = pairs.map(({ ends: [near] }, index) =>
    loop.watch(near, RECEIVES, {
      onEvent(mask) {
        told.push(index);
        setting.onTold(index, mask);
      },
      onTurn: () => void told.push(index),
      onDefect: () => assert.fail("nobody has thrown"),
    })
  );
  const setting: Setting = {
    loop,
    pairs,
    watches,
    told,
    onTold: () => {},
    [Symbol.dispose]() {
      for (const { closeFar } of pairs) closeFar();
      loop.close();
    },
  };
  // What is usual is known once there was some of it.
  for (let i = 0; i < 5; i++) say(setting, setting.pairs.keys());
  return setting;
}

/** Some of them are sent something, and all are told of it; gives how many were in each turn. */
function say({ loop, pairs, told }: Setting, indexes: Iterable<number>): number[] {
  told.length = 0;
  for (const index of indexes) pairs[index]!.send("a");
  const turns: number[] = [];
  for (let steps; (steps = loop.turn(0)) > 0;) turns.push(steps);
  return turns;
}

testLoop("a turn is for so many, and the others have the next one, in their order", (libc) => {
  using setting = openSetting(libc);
  const order = [...setting.pairs.keys()].reverse();
  assert.deepEqual(say(setting, order), [MOST_EVENTS, MOST_EVENTS, 10]);
  assert.deepEqual(setting.told, order);
});

testLoop("who comes while a crowd waits has the turn behind it, and is told once", (libc) => {
  using setting = openSetting(libc);
  const { loop, pairs, told } = setting;
  told.length = 0;
  for (const { send } of pairs.slice(1)) send("a");
  loop.turn(0);
  // The last one waits already.
  pairs[0]!.send("a");
  pairs.at(-1)!.send("a");
  while (loop.turn(0) > 0);
  assert.deepEqual(told, [...pairs.keys()].slice(1).concat(0));
});

testLoop("who was quiet for long goes first, though he was the last to come", (libc) => {
  using setting = openSetting(libc);
  const [quiet, ...others] = setting.pairs.keys();
  for (let i = 0; i < 10; i++) say(setting, others);
  assert.deepEqual(say(setting, [...others, quiet!]), [MOST_EVENTS + 1, MOST_EVENTS, 9]);
  assert.equal(setting.told[0], quiet);
  // And comes while many wait.
  for (let i = 0; i < 10; i++) say(setting, others);
  setting.onTold = (index) => {
    if (index === others[2]) setting.pairs[quiet!]!.send("a");
  };
  say(setting, others);
  assert.equal(setting.told.indexOf(quiet!), MOST_EVENTS, "in the turn that follows");
});

testLoop("many who come, are told once and go leave who is quiet what he is", (libc) => {
  using setting = openSetting(libc);
  const { loop, told } = setting;
  const [quiet, ...others] = [...setting.pairs.keys()].slice(0, 2 * CROWD);
  const NEW = -1;
  const come = () => {
    const { ends: [near], send, closeFar } = openSocketPair(libc);
    const onEvent = () => void told.push(NEW);
    const watch = loop.watch(near, RECEIVES, { onEvent, onTurn() {}, onDefect() {} });
    send("a");
    return () => {
      watch.close();
      closeFar();
    };
  };
  for (let i = 0; i < 100; i++) {
    const leaves = others.flatMap(() => [come(), come()]);
    say(setting, others);
    for (const leave of leaves) leave();
  }
  // Behind the others, as they came.
  for (const index of others) setting.pairs[index]!.send("a");
  const leave = come();
  say(setting, [quiet!]);
  leave();
  assert.deepEqual(told, [NEW, quiet, ...others]);
});

testLoop(
  "who is closed while he waits is told nothing, and what came meanwhile is told at once",
  (libc) => {
    using setting = openSetting(libc);
    const { pairs, watches, told } = setting;
    const masks = new Map<number, number>();
    setting.onTold = (index, mask) => {
      masks.set(index, mask);
      if (index !== 0) return;
      watches.at(-1)!.close();
      pairs.at(-2)!.shutdownFar();
    };
    say(setting, pairs.keys());
    assert.deepEqual(told, [...pairs.keys()].slice(0, -1));
    const hungUp = RECEIVES & ~(1 << 31);
    assert.equal(masks.get(MANY - 2), hungUp, "data and the end of it");
    assert.notEqual(masks.get(MANY - 3), hungUp);
  },
);

testLoop("a turn that has received much leaves the others to the next", (libc) => {
  using setting = openSetting(libc);
  setting.onTold = () => setting.loop.pace.read(MOST_BYTES / 2, 1);
  const turns = say(setting, [...setting.pairs.keys()].slice(0, 20));
  assert.deepEqual(turns, Array(10).fill(2));
});

testLoop("so many have another step in a turn", (libc) => {
  using setting = openSetting(libc);
  const { loop, watches, told } = setting;
  told.length = 0;
  for (const watch of watches) watch.again();
  assert.equal(loop.turn(1_000), MOST_AGAIN, "it doesn't wait");
  watches[0]!.again();
  while (loop.turn(0) > 0);
  assert.deepEqual(told, [...watches.keys(), 0]);
});

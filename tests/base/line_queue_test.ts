import assert from "node:assert/strict";
import { createLineQueue } from "../../lib/base/line_queue.ts";

/** A stream that takes what it is given when the test says so. */
function heldStream() {
  const texts: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    texts,
    async write(bytes: Uint8Array): Promise<number> {
      await new Promise<void>((resolve) => waiting.push(resolve));
      texts.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
    letOne: () => waiting.shift()?.(),
  };
}

const told = { dropped: (count: number) => `dropped ${count}\n` };

Deno.test("`createLineQueue()` writes lines in order, those that wait together", async () => {
  const stream = heldStream();
  const queue = createLineQueue(stream, told);
  for (const line of ["a\n", "b\n", "c\n"]) queue.push(line);
  stream.letOne();
  const flushed = queue.flushed();
  while (stream.texts.join("") !== "a\nb\nc\n") {
    await new Promise((resolve) => setTimeout(resolve));
    stream.letOne();
  }
  await flushed;
});

Deno.test("`createLineQueue()` drops what nobody reads, and tells how much once somebody does", async () => {
  const stream = heldStream();
  const reasons: (string | null)[] = [];
  let droppedInAll = 0;
  const queue = createLineQueue(stream, {
    ...told,
    failed: (reason) => void reasons.push(reason),
    onDropped: (count) => void (droppedInAll += count),
  });
  const line = "x".repeat(1023) + "\n";
  for (let i = 0; i < 3000; i++) queue.push(line);
  const flushed = queue.flushed();
  let done = false;
  flushed.then(() => done = true);
  while (!done) {
    stream.letOne();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const all = stream.texts.join("");
  const kept = all.split(line).length - 1;
  assert(kept <= 1026, `${kept} lines were kept`);
  assert(all.endsWith(`dropped ${3000 - kept}\n`));
  assert.equal(droppedInAll, 3000 - kept);
  assert.deepEqual(reasons, [null]);
});

Deno.test("`createLineQueue()` goes on when its reader is gone", async () => {
  const queue = createLineQueue({ write: () => Promise.reject(new Error("gone")) }, told);
  queue.push("a\n");
  await queue.flushed();
  queue.push("b\n");
  await queue.flushed();
});

/** A disk that has room for so many bytes, and takes at most so many at once. */
function disk(atOnce = Infinity) {
  const held = { text: "", room: 0 };
  return {
    held,
    write(bytes: Uint8Array): Promise<number> {
      const taken = Math.min(bytes.length, held.room, atOnce);
      if (taken === 0) return Promise.reject(new Error("no space"));
      held.room -= taken;
      held.text += new TextDecoder().decode(bytes.subarray(0, taken));
      return Promise.resolve(taken);
    },
  };
}

Deno.test("`createLineQueue()` drops lines while its disk is full, and each is written or counted once there is room", async () => {
  for (const atOnce of [Infinity, 3]) {
    for (let room = 0; room < 60; room++) {
      const { held, write } = disk(atOnce);
      const reasons: (string | null)[] = [];
      let droppedInAll = 0;
      const queue = createLineQueue({ write }, {
        dropped: (count, reason) => `dropped ${count}: ${reason}\n`,
        failed: (reason) => void reasons.push(reason),
        onDropped: (count) => void (droppedInAll += count),
      });
      held.room = room;
      for (let i = 0; i < 9; i++) {
        queue.push(`line ${i}\n`);
        if (i % 3 === 2) await queue.flushed();
      }
      held.room = 1000;
      queue.push("last\n");
      await queue.flushed();
      const lines = held.text.trimEnd().split("\n");
      const written = lines.filter((line) => /^(?:line \d|last)$/.test(line)).length;
      const dropped = [...held.text.matchAll(/^dropped (\d+): no space$/gm)]
        .reduce((sum, [, count]) => sum + Number(count), 0);
      assert.equal(written + dropped, 10, `room for ${room}, ${atOnce} at once:\n${held.text}`);
      assert.equal(droppedInAll, dropped);
      assert.equal(reasons.length > 0, dropped > 0);
      assert.ok(held.text.endsWith("last\n"));
      const torn = lines.filter((line) => !/^(?:line \d|last|dropped \d+: no space)$/.test(line));
      assert.ok(torn.length <= 1, `one line at most is broken off: ${torn}`);
    }
  }
});

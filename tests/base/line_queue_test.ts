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
  const queue = createLineQueue(stream, told);
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
});

Deno.test("`createLineQueue()` goes on when its reader is gone", async () => {
  const queue = createLineQueue({ write: () => Promise.reject(new Error("gone")) }, told);
  queue.push("a\n");
  await queue.flushed();
  queue.push("b\n");
  await queue.flushed();
});

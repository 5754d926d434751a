import assert from "node:assert/strict";
import { Fifo } from "../../lib/base/fifo.ts";

Deno.test("`Fifo` gives what was pushed, in that order, however both take turns", () => {
  const fifo = new Fifo<number>();
  let pushed = 0;
  let shifted = 0;
  for (let i = 0; i < 1000; i++) {
    for (let j = 0; j < i % 7; j++) fifo.push(pushed++);
    for (let j = 0; j < i % 5 + i % 2; j++) {
      if (shifted === pushed) assert.equal(fifo.shift(), undefined);
      else assert.equal(fifo.shift(), shifted++);
    }
    assert.equal(fifo.size, pushed - shifted);
  }
  assert.ok(shifted > 1000, "it was not always empty");
});

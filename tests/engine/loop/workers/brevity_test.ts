import assert from "node:assert/strict";
import { Brevity, BRIEF_MS } from "../../../../lib/engine/loop/workers/brevity.ts";

Deno.test("nothing is taken to be brief before something was", () => {
  const brevity = new Brevity();
  assert.ok(!brevity.isExpected);
  brevity.note(false);
  brevity.note(true);
  assert.ok(brevity.isExpected, "what lasted longer ago doesn't outweigh it");
});

Deno.test("eight that last outweigh any number of brief ones", () => {
  const brevity = new Brevity();
  for (let i = 0; i < 100; i++) brevity.note(true);
  for (let i = 0; i < 8; i++) {
    assert.ok(brevity.isExpected);
    brevity.note(false);
  }
  assert.ok(!brevity.isExpected);
});

Deno.test("one that is looked after is brief if it is over in time, and noted once", () => {
  const brevity = new Brevity();
  const sample = { released: false };
  brevity.watch(sample, 0);
  brevity.look(BRIEF_MS - 1);
  assert.ok(!brevity.isExpected);
  sample.released = true;
  brevity.look(BRIEF_MS - 1);
  assert.ok(brevity.isExpected);
  brevity.note(false);
  brevity.look(BRIEF_MS - 1);
  assert.ok(!brevity.isExpected);
});

Deno.test("one that is looked after has lasted where nobody looked in time; another one takes its place then", () => {
  const brevity = new Brevity();
  brevity.note(true);
  brevity.watch({ released: true }, 0);
  brevity.watch({ released: true }, BRIEF_MS);
  assert.ok(!brevity.isExpected);
  brevity.look(BRIEF_MS + 1);
  assert.ok(brevity.isExpected);
});

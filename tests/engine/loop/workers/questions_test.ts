/** Since when an answer is due. */
import assert from "node:assert/strict";
import { Questions } from "../../../../lib/engine/loop/workers/questions.ts";

Deno.test("who is asked again and again is not given more time to answer by that", () => {
  const questions = new Questions();
  assert.ok(questions.areAnswered);
  for (let nowMs = 100; nowMs <= 5_000; nowMs += 100) questions.ask(nowMs);
  assert.equal(questions.waitedMs(5_100), 5_000);
  assert.ok(!questions.areAnswered);
});

Deno.test("who answers one of several has time for the next", () => {
  const questions = new Questions();
  const first = questions.ask(100);
  const second = questions.ask(200);
  questions.answer(first, 300);
  assert.equal(questions.waitedMs(400), 100);
  questions.answer(second, 500);
  assert.equal(questions.waitedMs(600), 0);
  assert.ok(questions.areAnswered);
  questions.ask(1_000);
  assert.equal(questions.waitedMs(1_250), 250);
});

/** When a loop waits a moment for more. */
import assert from "node:assert/strict";
import { Pace } from "../../../lib/engine/loop/pace.ts";

/** What a turn brought, a read an element: its bytes, and how many frames began in it. */
type Turn = readonly (readonly [bytes: number, frames: number])[];

function gathers(turn: Turn, events = turn.length): boolean {
  const pace = new Pace();
  for (const [bytes, frames] of turn) pace.read(bytes, frames);
  return pace.next(events) === "gather";
}

Deno.test("a loop gathers where small messages stream, and for nobody who waits for an answer", () => {
  const stream = [420, 6] as const;
  const question = [70, 1] as const;
  const bulk = [192 * 1024, 48] as const;
  const piece = [4096, 1] as const;
  assert.ok(gathers([stream]));
  assert.ok(gathers([stream, question]), "as many stream as don't");
  assert.ok(!gathers([]));
  assert.ok(!gathers([question]));
  assert.ok(!gathers([[140, 2]]), "two at once may be an answer and a question");
  assert.ok(!gathers([bulk]), "it comes together by itself");
  assert.ok(!gathers([piece]));
  assert.ok(!gathers([stream, question, question]));
  assert.ok(!gathers([stream], 16), "enough happens at once");
});

Deno.test("each turn is judged by itself", () => {
  const pace = new Pace();
  pace.read(420, 6);
  assert.equal(pace.next(1), "gather");
  assert.notEqual(pace.next(1), "gather");
});

Deno.test("a small message of a client may be answered at once, what is of its backend or large is no question", () => {
  const next = (turn: Turn, events = turn.length) => {
    const pace = new Pace();
    for (const [bytes, frames] of turn) pace.read(bytes, frames);
    return pace.next(events);
  };
  assert.equal(next([[70, 1]]), "look");
  assert.equal(next([[70, 1], [64, 0]]), "look");
  assert.equal(next([[64, 0]]), "none");
  assert.equal(next([[64 * 1024, 16]]), "none");
  assert.equal(next([]), "none");
  assert.equal(next([[70, 1], [140, 2], [420, 6], [70, 1]]), "none", "one streams");
  assert.equal(next([[70, 1]], 16), "none", "more comes without a look");
});

Deno.test("where connections open a look pays behind any event, not behind none nor many, and not where looks are in vain", () => {
  const pace = new Pace();
  assert.ok(pace.looks(1));
  assert.ok(!pace.looks(0));
  assert.ok(!pace.looks(16));
  for (let i = 0; i < 5; i++) pace.look.was(false);
  assert.ok(!pace.looks(1));
});

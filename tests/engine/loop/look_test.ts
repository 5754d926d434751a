/** When a loop looks for an answer before it sleeps. */
import assert from "node:assert/strict";
import { Look } from "../../../lib/engine/loop/look.ts";

/** Asks so many questions, of whose looks every so-manieth is good; gives how many looks that were. */
function ask(look: Look, questions: number, oneGoodIn = Infinity): number {
  let looks = 0;
  for (let i = 0; i < questions; i++) if (look.pays()) look.was(++looks % oneGoodIn === 0);
  return looks;
}

Deno.test("where answers come at once each question has its look", () => {
  assert.equal(ask(new Look(), 1_000, 1), 1_000);
});

Deno.test("where every third look is in vain they go on, where every other one is they don't", () => {
  const mostly = new Look();
  let looks = 0;
  for (let i = 0; i < 1_000; i++) if (mostly.pays()) mostly.was(++looks % 3 !== 0);
  assert.equal(looks, 1_000);
  assert.ok(ask(new Look(), 1_000, 2) < 300);
});

Deno.test("where none comes hardly any is looked for: a tunnel asked each second costs nothing in the end", () => {
  const look = new Look();
  assert.ok(ask(look, 3_600) < 20);
  assert.ok(ask(look, 100_000) < 10);
});

Deno.test("looks come back once they are good again", () => {
  const look = new Look();
  ask(look, 100_000);
  // Until it tries again.
  ask(look, 20_000, 1);
  assert.equal(ask(look, 1_000, 1), 1_000);
  // And it gives up as late as at first.
  assert.equal(ask(look, 9), 9);
});

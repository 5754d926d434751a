import assert from "node:assert/strict";
import { editDistance, nearest } from "../../lib/base/nearest.ts";

Deno.test("`editDistance()` counts letters added, dropped, replaced and swapped", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["port", "port", 0],
    ["prot", "port", 1],
    ["por", "port", 1],
    ["ports", "port", 1],
    ["pert", "port", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [from, to, distance] of cases) {
    assert.equal(editDistance(from, to), distance, `${from} ${to}`);
    assert.equal(editDistance(to, from), distance, `${to} ${from}`);
  }
});

Deno.test("`nearest()` gives the closest word, and none when all are far", () => {
  const words = ["host", "port", "socket", "ping-interval"];
  const cases: [string, string | null][] = [
    ["prot", "port"],
    ["hots", "host"],
    ["ping-intervall", "ping-interval"],
    ["pinginterval", "ping-interval"],
    ["frame", null],
    ["x", null],
    ["", null],
    ["x".repeat(1_000_000), null],
  ];
  for (const [word, near] of cases) assert.equal(nearest(word, words), near, word.slice(0, 20));
  assert.equal(nearest("port", []), null);
});

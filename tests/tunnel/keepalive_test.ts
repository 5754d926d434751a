import assert from "node:assert/strict";
import { createKeepalive, lookAtKeepalive } from "../../lib/tunnel/keepalive.ts";

type Look = readonly [
  atMs: number,
  heard: number,
  due: "nothing" | "ping" | "silent",
  audible?: false,
];

/** Courses of a tunnel opened at 1000 with an interval of 100. */
const COURSES: readonly (readonly [what: string, looks: readonly Look[]])[] = [
  ["no Ping before the interval has passed", [[1000, 0, "nothing"], [1099, 0, "nothing"]]],
  ["a Ping when it has passed", [[1100, 0, "ping"], [1199, 1, "nothing"], [1200, 1, "ping"]]],
  ["a late Ping when nobody looked", [[1350, 0, "ping"], [1449, 1, "nothing"], [1450, 1, "ping"]]],
  ["a Ping also to a client that sends", [[1050, 5, "nothing"], [1100, 9, "ping"]]],
  ["the end two intervals after a Ping that nothing answered", [
    [1100, 0, "ping"],
    [1200, 0, "ping"],
    [1299, 0, "nothing"],
    [1300, 0, "silent"],
  ]],
  ["no end when something is heard at the last moment", [
    [1100, 0, "ping"],
    [1200, 0, "ping"],
    [1300, 1, "ping"],
    [1400, 1, "ping"],
    [1499, 1, "nothing"],
    [1500, 1, "silent"],
  ]],
  ["the end only after two intervals since the first Ping after it was heard", [
    [1100, 0, "ping"],
    [1150, 1, "nothing"],
    [1200, 1, "ping"],
    [1300, 1, "ping"],
    [1399, 1, "nothing"],
    [1400, 1, "silent"],
  ]],
  ["no end by a jump of the clock when the answer had come", [
    [1100, 0, "ping"],
    [9_001_100, 1, "ping"],
    [9_001_200, 2, "ping"],
  ]],
  ["no end before a Ping went out, however long ago the client was heard", [
    [9_001_000, 0, "ping"],
    [9_001_199, 0, "ping"],
    [9_001_200, 0, "silent"],
  ]],
  ["no end while the client can't be heard, and a full time to answer after that", [
    [1100, 0, "ping"],
    [1200, 0, "ping", false],
    [1300, 0, "ping", false],
    [1400, 0, "ping", false],
    [1500, 0, "ping"],
    [1599, 0, "nothing"],
    [1600, 0, "silent"],
  ]],
];

for (const [what, looks] of COURSES) {
  Deno.test(`\`lookAtKeepalive()\` asks for ${what}`, () => {
    const state = createKeepalive(100, 1000);
    for (const [atMs, heard, due, audible] of looks) {
      assert.equal(lookAtKeepalive(state, heard, audible ?? true, atMs), due, `at ${atMs}`);
    }
  });
}

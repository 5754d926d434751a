import assert from "node:assert/strict";
import { createAttempts, MOST_AT_ONCE, MOST_WAITING } from "../../lib/cli/connect/attempts.ts";
import type { Opened, OpenResult } from "../../lib/cli/connect/open.ts";
import type { OpenProblem } from "../../lib/cli/connect/open_problem.ts";
import {
  afterFailure,
  isInVain,
  LONGEST_DELAY_MS,
  type Outage,
} from "../../lib/cli/connect/outage.ts";
import { createTeller } from "../../lib/cli/connect/telling.ts";
import { readRetryAfter } from "../../lib/http/retry_after.ts";
import { eventually } from "../support/eventually.ts";

const LOST: OpenProblem = { kind: "failed", reason: "cannot connect" };
const SHORT: OpenProblem = { kind: "failed", reason: "no descriptor", isOurs: true };

function refusal(status: number, retryAfterMs: number | null = null): OpenProblem {
  return {
    kind: "refused",
    reason: `refuses: ${status}`,
    answer: { from: "server", status, retryAfterMs },
  };
}

Deno.test("`afterFailure()` doubles the pause up to a bound, less a little chance, and asks for no more than the server", () => {
  const pauses = (problem: OpenProblem, chance: number, count: number) => {
    let outage: Outage | null = null;
    return Array.from({ length: count }, () => {
      outage = afterFailure(outage, problem, 1000, chance);
      return outage.nextAtMs - 1000;
    });
  };
  assert.deepEqual(pauses(LOST, 0, 7), [250, 500, 1000, 2000, 4000, 5000, LONGEST_DELAY_MS]);
  assert.deepEqual(pauses(LOST, 1, 6), [187.5, 375, 750, 1500, 3000, 3750]);
  assert.deepEqual(pauses(SHORT, 0, 4), [250, 250, 250, 250]);
  assert.deepEqual(pauses(refusal(503, 3000), 0, 6), [3000, 3000, 3000, 3000, 4000, 5000]);
});

Deno.test("`isInVain()`: a no is an answer until the next attempt, and nobody waits for one that comes too late", () => {
  const cases: [problem: OpenProblem, dueMs: number, inVain: boolean][] = [
    [LOST, 250, false],
    [LOST, 249, true],
    [SHORT, 10_000, true],
    [refusal(503), 250, false],
    [refusal(503, 60_000), 10_000, true],
    [refusal(429), 250, false],
    [refusal(401), 10_000, true],
    [refusal(403), 10_000, true],
    [refusal(404), 10_000, true],
    [{ kind: "refused", reason: "by a proxy" }, 10_000, true],
  ];
  for (const [problem, dueMs, inVain] of cases) {
    const outage = afterFailure(null, problem, 0, 0);
    assert.equal(isInVain(outage, 0, dueMs), inVain, problem.reason);
    assert.equal(isInVain(outage, outage.nextAtMs, dueMs), false);
  }
  assert.equal(isInVain(null, 0, 0), false);
});

Deno.test("`readRetryAfter()` reads seconds and dates, and believes no more than an hour", () => {
  const now = Date.parse("Sat, 28 Nov 2026 12:00:00 GMT");
  const cases: [value: string | null, ms: number | null][] = [
    [null, null],
    ["", null],
    ["soon", null],
    ["-1", null],
    ["0", 0],
    ["2", 2000],
    ["999999999", 3_600_000],
    ["Sat, 28 Nov 2026 12:00:05 GMT", 5000],
    ["Sat, 28 Nov 2026 11:00:00 GMT", 0],
  ];
  for (const [value, ms] of cases) assert.equal(readRetryAfter(value, now), ms, `${value}`);
});

Deno.test("`createAttempts()` opens some at once, lets some wait, and with an outage one at a time", async () => {
  const lines: string[] = [];
  const ending = new AbortController();
  const under: ((result: OpenResult) => void)[] = [];
  const attempts = createAttempts({
    patienceMs: 20_000,
    teller: createTeller((text) => lines.push(text)),
    signal: ending.signal,
  });
  const attempt = () => new Promise<OpenResult>((resolve) => under.push(resolve));
  const opening = Array.from({ length: MOST_WAITING }, () => attempts.open(attempt));
  assert.deepEqual(await attempts.open(attempt), {
    kind: "failed",
    reason: "too many connections wait for a tunnel",
  });
  assert.equal(under.length, MOST_AT_ONCE);
  // They fail together, and all go on waiting for a while.
  const beganMs = performance.now();
  for (const settle of under.splice(0)) settle(LOST);
  await eventually("the next attempt", () => under.length > 0);
  assert.ok(performance.now() - beganMs > 180, "there was no pause");
  assert.equal(under.length, 1);
  under.pop()!(LOST);
  await eventually("the one behind that", () => under.length > 0);
  assert.ok(performance.now() - beganMs > 550, "the pause was not doubled");
  assert.equal(under.length, 1);
  const opened = { subprotocol: null } as Opened;
  under.pop()!(opened);
  await eventually("those that have waited", () => under.length === MOST_AT_ONCE);
  // A no is the answer to all that wait.
  for (const settle of under.splice(0)) settle(refusal(403));
  const all = await Promise.all(opening);
  assert.equal(all.filter((one) => one === opened).length, 1);
  assert.equal(all.filter((one) => "kind" in one && one.kind === "refused").length, 255);
  assert.deepEqual(lines, [
    "too many connections wait for a tunnel",
    "cannot connect",
    "a tunnel opens again",
    "refuses: 403",
  ]);
  ending.abort();
  assert.ok("kind" in await attempts.open(attempt));
  assert.equal(under.length, 0);
});

import assert from "node:assert/strict";
import { createTeller } from "../../lib/cli/connect/telling.ts";

Deno.test("outages that come and go, and ends, are told a few times, not once for each connection", () => {
  const lines: string[] = [];
  const teller = createTeller((text) => lines.push(text));
  teller.trouble("cannot connect");
  teller.trouble("cannot connect");
  teller.trouble("refuses: 503");
  teller.well();
  teller.well();
  assert.deepEqual(lines.splice(0), ["cannot connect", "refuses: 503", "a tunnel opens again"]);
  for (let count = 0; count < 1000; count++) {
    teller.trouble(`refuses: 503 request ${count}`);
    teller.well();
    teller.ended("the server has ended it with 1011");
  }
  const told = lines.filter((line) => line.startsWith("refuses:")).length;
  assert.ok(told >= 8 && told <= 16, `${told} reasons`);
  assert.equal(lines.filter((line) => line === "a tunnel opens again").length, told);
  assert.ok(lines.length <= 2 * told + 4, `${lines.length} lines`);
});

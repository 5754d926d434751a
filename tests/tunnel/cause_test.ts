import assert from "node:assert/strict";
import { type Cause, endOf, isWarning } from "../../lib/tunnel/cause.ts";
import { isWireCode } from "../../lib/websocket/close_code.ts";

const CODES: readonly (readonly [cause: Cause, code: number])[] = [
  ["client-silent", 1001],
  ["client-base64", 1007],
  ["backend-end", 1000],
  ["backend-error", 1011],
  ["backend-not-utf8", 1007],
  ["backend-stalled", 1011],
  ["backend-idle", 1001],
  ["tunnel-idle", 1001],
  ["tunnel-expired", 1001],
  ["defect", 1011],
  ["shutdown", 1001],
];

for (const [cause, code] of CODES) {
  Deno.test(`\`endOf()\` tells the client ${code} for ${cause}, with a reason that fits a Close`, () => {
    const end = endOf(cause);
    assert.equal(end.cause, cause);
    assert.equal(end.code, code);
    assert(isWireCode(end.code));
    assert(new TextEncoder().encode(end.reason).length <= 123);
    assert.equal(end.reason === "", cause === "backend-end");
  });
}

Deno.test("`endOf()` of bytes that are not UTF-8 names the setting that sends them", () => {
  assert.match(endOf("backend-not-utf8").reason, /frame-type = "binary"/);
});

Deno.test("`isWarning()` is true of the one end that tells of a wrong configuration", () => {
  const warnings = CODES.filter(([cause]) => isWarning(cause)).map(([cause]) => cause);
  assert.deepEqual(warnings, ["backend-not-utf8"]);
});

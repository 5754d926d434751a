import assert from "node:assert/strict";
import { isAtLeast, runtimeLimits } from "../../lib/server/runtime.ts";

const VERSIONS = [
  ["2.9.6", true],
  ["2.9.0", true],
  ["2.10.0", true],
  ["3.0.0", true],
  ["2.8.9", false],
  ["2.4.2", false],
  ["1.46.3", false],
] as const;

for (const [version, expected] of VERSIONS) {
  Deno.test(`\`isAtLeast()\` is ${expected} for ${version} and 2.9`, () => {
    assert.equal(isAtLeast(version, 2, 9), expected);
  });
}

Deno.test("`runtimeLimits()` says what doesn't hold on an older Deno, for the engine that is used", () => {
  assert.deepEqual(runtimeLimits("2.9.6", "native"), []);
  assert.equal(runtimeLimits("2.4.2", "stream").length, 1);
  assert.match(runtimeLimits("2.4.2", "native").join("\n"), /second Close/);
});

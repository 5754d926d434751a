import assert from "node:assert/strict";
import { LIMITS } from "./engine_limits.ts";

Deno.test("the README tells what an engine can't do, with the reason for which a test is skipped", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  for (const reasons of Object.values(LIMITS)) {
    for (const reason of Object.values(reasons)) assert.ok(readme.includes(reason), reason);
  }
});

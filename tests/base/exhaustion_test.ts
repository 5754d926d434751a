import assert from "node:assert/strict";
import { isExhaustion } from "../../lib/base/exhaustion.ts";

Deno.test("`isExhaustion()` knows a shortage of descriptors by its code or its words", () => {
  const coded = (code: string) => Object.assign(new Error("some words"), { code });
  for (
    const error of [
      coded("EMFILE"),
      coded("ENFILE"),
      new Error("Too many open files (os error 24)"),
    ]
  ) {
    assert.ok(isExhaustion(error), String(error));
  }
  for (const error of [coded("ECONNREFUSED"), new Error("refused"), "EMFILE", null, undefined]) {
    assert.ok(!isExhaustion(error), String(error));
  }
});

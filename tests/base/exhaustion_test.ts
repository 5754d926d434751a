import assert from "node:assert/strict";
import { connectShortageOf, isExhaustion, shortageOf } from "../../lib/base/exhaustion.ts";

const coded = (code: string) => Object.assign(new Error("some words"), { code });

const SHORTAGES = [
  [coded("EMFILE"), "no-descriptor"],
  [coded("ENFILE"), "no-descriptor"],
  [new Error("Too many open files (os error 24)"), "no-descriptor"],
  [coded("ENOMEM"), "no-memory"],
  [coded("ENOBUFS"), "no-memory"],
  [new Error("Cannot allocate memory (os error 12)"), "no-memory"],
  [new Error("No buffer space available (os error 105)"), "no-memory"],
  [coded("ECONNREFUSED"), null],
  [coded("ENETUNREACH"), null],
  [new Error("refused"), null],
  ["EMFILE", null],
  [null, null],
  [undefined, null],
] as const;

Deno.test("`shortageOf()` knows what has run out by its code or its words", () => {
  for (const [error, shortage] of SHORTAGES) {
    assert.equal(shortageOf(error), shortage, String(error));
    assert.equal(connectShortageOf(error), shortage, String(error));
    assert.equal(isExhaustion(error), shortage !== null, String(error));
  }
});

Deno.test("of a connect, and of nothing else, an address that isn't available is a port to connect from", () => {
  const error = new Deno.errors.AddrNotAvailable("Cannot assign requested address (os error 99)");
  assert.equal(connectShortageOf(error), "no-port");
  assert.equal(shortageOf(error), null);
  assert.ok(!isExhaustion(error));
});

/** What holds for every key of the table, the ones to come included. */
import assert from "node:assert/strict";
import { HOST } from "../../lib/config/host_keys.ts";
import { decode, encode, HIDDEN, type Key, type Keys } from "../../lib/config/key.ts";
import { SECRETS, WSTUNNEL } from "../../lib/config/keys.ts";
import { LISTENER } from "../../lib/config/listener.ts";
import { TOP } from "../../lib/config/top_keys.ts";

const TABLES: readonly Keys[] = [TOP, WSTUNNEL, HOST, LISTENER];

const KEYS = TABLES.flatMap((keys) => Object.values<Key>(keys));

/** The values that the table itself gives for a key. */
function valuesOf({ default: standard, implied, example }: Key): unknown[] {
  return [standard, example, ...Object.values(implied ?? {})].filter((it) => it !== undefined);
}

Deno.test("what a key shows has nothing wrong, and is the same once it was read and written", () => {
  let count = 0;
  for (const key of KEYS) {
    for (const value of valuesOf(key)) {
      assert.deepEqual(key.kind.check(value), [], key.name);
      const inside = key.kind.decode(value);
      const written = key.kind.encode(inside);
      assert.deepEqual(key.kind.check(written), [], key.name);
      assert.deepEqual(key.kind.decode(written), inside, key.name);
      count++;
    }
  }
  assert(count > KEYS.length * 0.9);
});

Deno.test("no key takes a date or nothing at all", () => {
  for (const key of KEYS) {
    for (const value of [new Date(0), undefined, null]) {
      assert.equal(key.kind.check(value).length, 1, `${key.name} ${value}`);
    }
  }
});

Deno.test("no two keys of a table have one name, in the file or inside", () => {
  for (const keys of TABLES) {
    const names = Object.values(keys).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  }
  // They are side by side in the configuration.
  const shared = Object.keys(TOP).filter((inner) => inner in WSTUNNEL);
  assert.deepEqual(shared, []);
});

Deno.test("`decode()` fills in what a table doesn't say, in the units of inside", () => {
  const keys = {
    graceMs: TOP.graceMs,
    maxBufferBytes: WSTUNNEL.maxBufferBytes,
    maxProcs: HOST.maxProcs,
  };
  assert.deepEqual(decode(keys, {}, "exec"), {
    graceMs: 8000,
    maxBufferBytes: 16 * 1024 ** 2,
    maxProcs: 64,
  });
  assert.deepEqual(decode(keys, { "grace-time": 0.5, "max-procs": 7 }, "program"), {
    graceMs: 500,
    maxBufferBytes: 16 * 1024 ** 2,
    maxProcs: 7,
  });
});

Deno.test("`encode()` leaves out what was not said, and hides what is hidden", () => {
  const { environment, copyEnvironment, program } = HOST;
  const keys = { environment, copyEnvironment, program };
  assert.deepEqual(encode(keys, { environment: {}, copyEnvironment: null }), {});
  assert.deepEqual(
    encode(keys, { environment: { A: "hunter2" }, copyEnvironment: [], program: ["p", "-x"] }),
    { "bin-environment": { A: HIDDEN }, "bin-copy-environment": [], "bin-path": ["p", "-x"] },
  );
});

Deno.test("`SECRETS` are the keys whose values may hold passwords", () => {
  assert.deepEqual(SECRETS.toSorted(), [
    ...["api", "bin-environment", "bin-path", "exec", "jwks", "redis"],
  ]);
});

/** Passwords that wait for their check, in the real thread. */
import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import { createPasswordChecks } from "../../lib/access/password_checks.ts";
import type { Event } from "../../lib/events/event.ts";
import { outputOf } from "../support/auth_files.ts";
import { installed } from "../support/installed.ts";

const RIGHT = "correct horse";
const HASH = hashSync(RIGHT, 4);
/** Takes long enough for others to come behind it. */
const SLOW = hashSync(RIGHT, 9);

const NEVER = new AbortController().signal;

function open() {
  const events: Event[] = [];
  const checks = createPasswordChecks((event) => events.push(event));
  return {
    events,
    check: (password: string, hash: string, client = "192.0.2.1", signal = NEVER) =>
      checks.check({ password, hash }, client, signal),
    [Symbol.dispose]: checks.close,
  };
}

Deno.test("a password is right or wrong by every kind of hash, and what is no hash is nobody's", async () => {
  using checks = open();
  const hashes = [HASH, HASH.replace("$2b$", "$2y$"), HASH.replace("$2b$", "$2a$")];
  if (installed("mkpasswd") !== null) {
    for (const kind of ["sha-256", "sha-512"]) {
      const made = await outputOf("mkpasswd", ["-s", "-m", kind, "-R", "1000"], `${RIGHT}\n`);
      hashes.push(new TextDecoder().decode(made).trim());
    }
  }
  for (const hash of hashes) {
    assert.equal(await checks.check(RIGHT, hash), "right", hash);
    assert.equal(await checks.check(`${RIGHT} `, hash), "wrong", hash);
  }
  for (const hash of ["", "x", "$6$rounds=1$a$b", `$2x$05$${".".repeat(53)}`]) {
    assert.equal(await checks.check(RIGHT, hash, "192.0.2.2"), "wrong", hash);
  }
  assert.deepEqual(checks.events, []);
});

Deno.test("four passwords of a client wait, of all 64, and this machine has no bound of its own", async () => {
  using checks = open();
  const ofOne = Array.from({ length: 6 }, () => checks.check(RIGHT, SLOW, "2001:db8::1"));
  // The same network of IPv6.
  const ofSame = checks.check(RIGHT, SLOW, "2001:db8::2");
  const ofOther = checks.check(RIGHT, SLOW, "2001:db8:0:1::1");
  assert.deepEqual(await Promise.all(ofOne), ["right", "right", "right", "right", "many", "many"]);
  assert.deepEqual([await ofSame, await ofOther], ["many", "right"]);
  const local = Array.from({ length: 70 }, () => checks.check(RIGHT, HASH, "127.0.0.1"));
  const verdicts = await Promise.all(local);
  assert.equal(verdicts.filter((verdict) => verdict === "right").length, 65);
  assert.equal(verdicts.filter((verdict) => verdict === "busy").length, 5);
});

Deno.test("who guesses has twenty tries at once, while others have theirs", async () => {
  using checks = open();
  const verdicts: string[] = [];
  for (let at = 0; at < 25; at++) verdicts.push(await checks.check("guess", HASH, "192.0.2.66"));
  assert.equal(verdicts[0], "wrong");
  assert.equal(verdicts[19], "wrong");
  assert.equal(verdicts[24], "many");
  assert.equal(await checks.check(RIGHT, HASH, "192.0.2.67"), "right");
});

Deno.test("who leaves before its turn gives its place up, and what waits at the close is still answered", async () => {
  const checks = open();
  const first = checks.check(RIGHT, SLOW);
  const gone = new AbortController();
  const left = Array.from({ length: 3 }, () => checks.check(RIGHT, SLOW, "192.0.2.1", gone.signal));
  assert.equal(await checks.check(RIGHT, SLOW), "many");
  gone.abort();
  assert.deepEqual(await Promise.all(left), ["failed", "failed", "failed"]);
  const next = checks.check(RIGHT, HASH);
  assert.equal(await checks.check(RIGHT, HASH, "192.0.2.1", AbortSignal.abort()), "failed");
  checks[Symbol.dispose]();
  assert.deepEqual([await first, await next], ["right", "right"]);
});

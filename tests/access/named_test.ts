import assert from "node:assert/strict";
import { createNamed } from "../../lib/access/targets/named.ts";
import { type AddressPattern, parseAddressPattern } from "../../lib/base/address_pattern.ts";
import type { Lookup } from "../../lib/backend/dial.ts";

const SIGNAL = new AbortController().signal;

/** Asks for an address, of a list and a name server. */
function chooser(list: readonly string[], lookUp: Lookup, connectTimeoutMs = 1000) {
  const patterns = list.map((text): AddressPattern => {
    const parsed = parseAddressPattern(text);
    assert("pattern" in parsed);
    return parsed.pattern;
  });
  const choose = createNamed(patterns, "address", { connectTimeoutMs }, lookUp);
  return (address: string) => {
    const target = `/v1?address=${encodeURIComponent(address)}`;
    return choose({ method: "GET", target, version: "1.1", headers: new Headers() }, SIGNAL);
  };
}

Deno.test("a name is looked up once, and what it is found to have is what is connected", async () => {
  let count = 0;
  // A name server that says something else each time.
  const choose = chooser(["*.example.com:5432"], () => {
    count++;
    return Promise.resolve(count === 1 ? ["93.184.216.34"] : ["127.0.0.1"]);
  });
  assert.deepEqual(await choose("db.example.com:5432"), {
    address: { transport: "tcp", hostname: "db.example.com", port: 5432 },
    found: ["93.184.216.34"],
  });
  assert.equal(count, 1);
  assert.deepEqual(await choose("db.example.com:5432"), {
    refused: "db.example.com is 127.0.0.1, whose network the list doesn't name",
  });
});

Deno.test("of a name's addresses those are left that it may lead to", async () => {
  const choose = chooser(["*.example.com:22", "10.0.0.0/8:22"], () =>
    Promise.resolve([
      ...["127.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "169.254.169.254", "0.0.0.0"],
      ...["64:ff9b::a9fe:a9fe", "fd00:ec2::254", "not an address", ""],
      ...["2606:4700::1111", "::ffff:1.1.1.1", "10.1.2.3"],
    ]));
  const chosen = await choose("x.example.com:22");
  assert("found" in chosen);
  assert.deepEqual(chosen.found, ["2606:4700::1111", "::ffff:1.1.1.1", "10.1.2.3"]);
});

Deno.test("nobody is asked for a name that the list doesn't have, or for an address", async () => {
  const choose = chooser(["db.example.com:5432", "10.0.0.0/8:22"], () => {
    throw new Error("nobody is to be asked");
  });
  assert("refused" in await choose("secret.corp.internal:5432"));
  assert("refused" in await choose("db.example.com:5433"));
  assert("refused" in await choose("11.0.0.1:22"));
  assert.deepEqual(await choose("10.0.0.1:22"), {
    address: { transport: "tcp", hostname: "10.0.0.1", port: 22 },
  });
});

Deno.test("a name server that knows nothing, fails or says nothing is no reason to let anybody through", async () => {
  const answers: [Lookup, RegExp][] = [
    [() => Promise.resolve([]), /has no address/],
    [() => Promise.reject(new Error("EAI_AGAIN")), /has no address/],
    [() => new Promise(() => {}), /was not found within 0\.1 s/],
  ];
  for (const [lookUp, why] of answers) {
    const chosen = await chooser(["*.example.com:22"], lookUp, 100)("a.example.com:22");
    assert("failed" in chosen, JSON.stringify(chosen));
    assert.match(chosen.failed, why);
  }
});

Deno.test("no more than 16 names are looked up at once, and as many again when these are found", async () => {
  const waiting: (() => void)[] = [];
  const choose = chooser(
    ["*.example.com:22"],
    () => new Promise((resolve) => waiting.push(() => resolve(["1.1.1.1"]))),
  );
  const asked = Array.from({ length: 20 }, (_, at) => choose(`a${at}.example.com:22`));
  const busy = (await Promise.all(asked.slice(16))).filter((one) => "failed" in one);
  assert.equal(busy.length, 4);
  assert.equal(waiting.length, 16);
  waiting.splice(0).forEach((found) => found());
  const found = await Promise.all(asked.slice(0, 16));
  assert(found.every((one) => "found" in one));
});

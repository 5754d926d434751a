import assert from "node:assert/strict";
import { type Address, formatAddress, parseListenAddress } from "../../lib/base/address.ts";
import { resolvePlace, withoutCovered } from "../../lib/engine/places.ts";

function parse(text: string): Address {
  const parsed = parseListenAddress(text);
  assert("address" in parsed, text);
  return parsed.address;
}

/** The sockets that come of what is asked for. */
async function socketsOf(...texts: string[]): Promise<string[][]> {
  const places = await Promise.all(texts.map((text) => resolvePlace({ address: parse(text) })));
  return withoutCovered(places).map(({ at }) => at.map(formatAddress));
}

/** What is asked for together, and the sockets for each of it. */
const CASES: [texts: string[], ...sockets: string[][]][] = [
  [["127.0.0.1:1"], ["127.0.0.1:1"]],
  [["LOCALHOST:1"], ["127.0.0.1:1", "[::1]:1"]],
  [["vnc.localhost:1"], ["127.0.0.1:1", "[::1]:1"]],
  [[":1"], ["[::]:1", "0.0.0.0:1"]],
  [["[0:0::0]:1"], ["[::]:1", "0.0.0.0:1"]],
  [["[FE80::1%eth0]:1"], ["[FE80::1%eth0]:1"]],
  [["unix:/a", "unix:/a"], ["unix:/a"], ["unix:/a"]],
  [["127.0.0.1:1", ":1"], [], ["[::]:1", "0.0.0.0:1"]],
  [["0.0.0.0:1", ":1"], [], ["[::]:1", "0.0.0.0:1"]],
  [["localhost:1", "0.0.0.0:1"], ["[::1]:1"], ["0.0.0.0:1"]],
  [["127.0.0.1:1", "localhost:1", "[::1]:1"], ["127.0.0.1:1"], ["[::1]:1"], []],
  [[":1", "127.0.0.1:2"], ["[::]:1", "0.0.0.0:1"], ["127.0.0.1:2"]],
  [[":0", "127.0.0.1:0", "127.0.0.1:0"], ["[::]:0", "0.0.0.0:0"], ["127.0.0.1:0"], ["127.0.0.1:0"]],
];

Deno.test("`withoutCovered()` leaves one socket for each address", async () => {
  for (const [texts, ...sockets] of CASES) {
    assert.deepEqual(await socketsOf(...texts), sockets, texts.join(" "));
  }
});

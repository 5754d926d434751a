import assert from "node:assert/strict";
import { beginningOf, readBeginning } from "../../lib/engine/proxy_header.ts";
import { PEER } from "../backend/setting.ts";
import { IPV4, unixPaths, v1, v2 } from "../http/proxy_headers.ts";

Deno.test("`beginningOf()` asks those that are trusted, and ends others where a header is required", () => {
  for (const asked of [undefined, "off"] as const) {
    for (const isTrusted of [true, false]) assert.equal(beginningOf(asked, isTrusted), null);
  }
  assert.equal(beginningOf("optional", true), "optional");
  assert.equal(beginningOf("required", true), "required");
  assert.equal(beginningOf("optional", false), null);
  const problem = "no trusted proxy, and one must speak for it";
  assert.deepEqual(beginningOf("required", false), { problem });
});

function read(asked: "required" | "optional", bytes: Uint8Array, peer = PEER) {
  return readBeginning(asked, peer, bytes, 0, bytes.length);
}

Deno.test("`readBeginning()` gives the client that is named, where it connected to, and who spoke for it", () => {
  const header = v2({ rest: IPV4 });
  const expected = {
    address: "192.0.2.1",
    port: 51000,
    name: "192.0.2.1:51000",
    via: PEER.name,
    local: { transport: "tcp", hostname: "203.0.113.9", port: 443 },
    secure: true,
  };
  const peer = { ...PEER, secure: true };
  for (const asked of ["required", "optional"] as const) {
    assert.deepEqual(read(asked, header, peer), { peer: expected, end: header.length });
    assert.equal(read(asked, header.subarray(0, 20), peer), "incomplete");
  }
});

Deno.test("`readBeginning()` of a client without an address, and of a proxy that speaks for itself", () => {
  const unix = v2({ family: 0x31, rest: unixPaths("/secret/name", "/b") });
  const named = read("required", unix);
  assert.ok(typeof named === "object" && "peer" in named);
  const { address, port, name, via, local } = named.peer;
  assert.deepEqual([address, port, name, via], ["unix", null, "unix", PEER.name]);
  assert.deepEqual(local, { transport: "unix", path: "/b" });
  for (const itself of [v1("UNKNOWN"), v2({ command: 0x20, family: 0 }), v2({ family: 0 })]) {
    assert.deepEqual(read("required", itself), { peer: PEER, end: itself.length });
  }
});

Deno.test("`readBeginning()` of none is the peer's own where it is optional, of a wrong one nobody's", () => {
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\n");
  assert.deepEqual(read("optional", request), { peer: PEER, end: 0 });
  assert.deepEqual(read("required", request), { problem: "no PROXY header" });
  for (const asked of ["required", "optional"] as const) {
    const wrong = read(asked, v1("TCP4 a b 1 2"));
    assert.ok(typeof wrong === "object" && "problem" in wrong);
  }
});

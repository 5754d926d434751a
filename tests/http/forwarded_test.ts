import assert from "node:assert/strict";
import { canonicalIpAddress } from "../../lib/base/ip_address.ts";
import { parseNetwork } from "../../lib/base/network.ts";
import type { Peer } from "../../lib/base/peer.ts";
import { clientOf, type ForwardedHeader, type Trust } from "../../lib/http/forwarded.ts";
import { withRandom } from "../support/random.ts";

const PROXY: Peer = {
  address: "10.0.0.1",
  port: 4000,
  name: "10.0.0.1:4000",
  local: { transport: "tcp", hostname: "127.0.0.1", port: 80 },
  secure: true,
};

/** Everything of 10.0.0.0/8 and 2001:db8:a::/48, and whoever comes by a socket's file. */
function trusting(header: ForwardedHeader): Trust {
  const proxies = ["10.0.0.0/8", "2001:db8:a::/48", "unix"].map((text) => {
    const parsed = parseNetwork(text);
    if ("problem" in parsed) assert.fail(parsed.problem);
    return parsed.network;
  });
  return { proxies, header };
}

const FIELD = {
  "x-forwarded-for": "X-Forwarded-For",
  "forwarded": "Forwarded",
  "x-real-ip": "X-Real-IP",
} as const;

function client(header: ForwardedHeader, value: string, peer = PROXY): Peer {
  return clientOf(new Headers({ [FIELD[header]]: value }), peer, trusting(header));
}

/** The name of the client, and the proxy's own where none was named. */
const NAMED: readonly (readonly [header: ForwardedHeader, value: string, name: string])[] = [
  ["x-forwarded-for", "192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", "192.0.2.1:5678", "192.0.2.1:5678"],
  ["x-forwarded-for", "2001:DB8::0:1", "2001:db8::1"],
  ["x-forwarded-for", "[2001:db8::1]", "2001:db8::1"],
  ["x-forwarded-for", "[2001:db8::1]:5678", "[2001:db8::1]:5678"],
  ["x-forwarded-for", "::ffff:192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", "198.51.100.9, 192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", "198.51.100.9,192.0.2.1,\t10.0.0.2 ", "192.0.2.1"],
  ["x-forwarded-for", "198.51.100.9, 192.0.2.1, 10.0.0.2, 2001:db8:a::7, unix:", "192.0.2.1"],
  ["x-forwarded-for", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ["x-forwarded-for", ", 192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", "192.0.2.1, , ", "192.0.2.1"],
  // What a client has made up stands before its own address.
  ["x-forwarded-for", "10.0.0.9, 192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", 'garbage", 192.0.2.1', "192.0.2.1"],
  // What can't be read ends it.
  ["x-forwarded-for", "192.0.2.1, unknown", "10.0.0.1:4000"],
  ["x-forwarded-for", "192.0.2.1, _hidden, 10.0.0.2", "10.0.0.2"],
  ["x-forwarded-for", "192.0.2.1, 10.0.0.2:x", "10.0.0.1:4000"],
  ["x-forwarded-for", "", "10.0.0.1:4000"],
  ["x-forwarded-for", " , ,", "10.0.0.1:4000"],
  ["x-forwarded-for", "localhost", "10.0.0.1:4000"],
  ["x-forwarded-for", "unix", "10.0.0.1:4000"],
  ["x-forwarded-for", "192.0.2.1, unix:/run/x.sock", "10.0.0.1:4000"],
  ["x-forwarded-for", "192.0.2.256", "10.0.0.1:4000"],
  ["x-forwarded-for", "192.0.2.1:65536", "10.0.0.1:4000"],
  ["x-forwarded-for", "010.0.0.1", "10.0.0.1:4000"],
  ["x-forwarded-for", "[192.0.2.1]", "10.0.0.1:4000"],
  ["x-forwarded-for", "[::1", "10.0.0.1:4000"],
  ["x-forwarded-for", "[::1]]", "10.0.0.1:4000"],
  ["x-forwarded-for", "fe80::1%eth0", "10.0.0.1:4000"],
  ["x-forwarded-for", "192.0.2.1 192.0.2.2", "10.0.0.1:4000"],
  ["x-forwarded-for", '"192.0.2.1"', "10.0.0.1:4000"],

  ["forwarded", "for=192.0.2.1", "192.0.2.1"],
  ["forwarded", "For=192.0.2.1;proto=https;by=203.0.113.43", "192.0.2.1"],
  ["forwarded", 'proto=http; for="192.0.2.1:47011"', "192.0.2.1:47011"],
  ["forwarded", 'for="[2001:db8::1]"', "2001:db8::1"],
  ["forwarded", 'for="[2001:db8::1]:4711"', "[2001:db8::1]:4711"],
  ["forwarded", 'for="192.0.2.1:_secret"', "192.0.2.1"],
  ["forwarded", 'for=198.51.100.9, for="192.0.2.1";by="10.0.0.2", for=10.0.0.2', "192.0.2.1"],
  ["forwarded", 'for=192.0.2.1;host="a, for=198.51.100.9"', "192.0.2.1"],
  ["forwarded", 'for=192.0.2.1;host="a\\", for=198.51.100.9"', "192.0.2.1"],
  ["forwarded", 'for=192.0.2.1;x="\\\\"', "192.0.2.1"],
  ["forwarded", 'for="1\\92.0.2.1"', "192.0.2.1"],
  ["forwarded", "for=192.0.2.1;", "192.0.2.1"],
  ["forwarded", ";;for=192.0.2.1", "192.0.2.1"],
  ["forwarded", ",, for=192.0.2.1 , ,", "192.0.2.1"],
  // A client's open quote, or anything else of its own, can't take in what a proxy adds.
  ["forwarded", 'for="198.51.100.9, for=192.0.2.1', "192.0.2.1"],
  ["forwarded", 'for=198.51.100.9;host="x, for="[2001:db8::1]"', "2001:db8::1"],
  ["forwarded", 'for="x\\, for="[2001:db8::1]:1", for=10.0.0.2', "[2001:db8::1]:1"],
  ["forwarded", "garbage, for=192.0.2.1", "192.0.2.1"],
  ["forwarded", 'for="198.51.100.9\\", for=192.0.2.1', "192.0.2.1"],
  // What can't be read, is hidden or unknown ends it.
  ["forwarded", "for=192.0.2.1, for=unknown", "10.0.0.1:4000"],
  ["forwarded", "for=192.0.2.1, for=_hidden, for=10.0.0.2", "10.0.0.2"],
  ["forwarded", 'for=192.0.2.1, for="_hidden:_port"', "10.0.0.1:4000"],
  ["forwarded", "for=192.0.2.1, by=10.0.0.2", "10.0.0.1:4000"],
  ["forwarded", "for=192.0.2.1;for=192.0.2.2", "10.0.0.1:4000"],
  ["forwarded", "for=[2001:db8::1]", "10.0.0.1:4000"],
  ["forwarded", "for = 192.0.2.1", "10.0.0.1:4000"],
  ["forwarded", "for=192.0.2.1 x", "10.0.0.1:4000"],
  ["forwarded", 'for=x"192.0.2.1"', "10.0.0.1:4000"],
  ["forwarded", '"', "10.0.0.1:4000"],
  ["forwarded", "=", "10.0.0.1:4000"],
  ["forwarded", 'x"y', "10.0.0.1:4000"],
  ["forwarded", "", "10.0.0.1:4000"],

  ["x-real-ip", "192.0.2.1", "192.0.2.1"],
  ["x-real-ip", "2001:db8::1", "2001:db8::1"],
  ["x-real-ip", "198.51.100.9, 192.0.2.1", "192.0.2.1"],
  // It is who connected to the proxy, and what another one says of that isn't looked at.
  ["x-real-ip", "198.51.100.9, 10.0.0.2", "10.0.0.2"],
  ["x-real-ip", "unix:", "unix"],
  ["x-real-ip", "x", "10.0.0.1:4000"],
  ["x-real-ip", "", "10.0.0.1:4000"],
];

for (const [header, value, name] of NAMED) {
  Deno.test(`\`clientOf()\` of ${FIELD[header]}: ${value} is ${name}`, () => {
    const named = client(header, value);
    assert.equal(named.name, name);
    assert.equal(named.via, name === PROXY.name ? undefined : PROXY.name);
    assert.deepEqual([named.local, named.secure], [PROXY.local, PROXY.secure]);
    // Of who isn't trusted nothing is believed.
    for (const address of ["11.0.0.1", "2001:db8:b::1", "192.0.2.1"]) {
      const stranger = { ...PROXY, address };
      assert.equal(client(header, value, stranger), stranger);
    }
  });
}

Deno.test("`clientOf()` looks at no other header than the one that is set", () => {
  const all = new Headers({
    "x-forwarded-for": "192.0.2.1",
    "forwarded": "for=192.0.2.2",
    "x-real-ip": "192.0.2.3",
  });
  const names = (["x-forwarded-for", "forwarded", "x-real-ip"] as const)
    .map((header) => clientOf(all, PROXY, trusting(header)).name);
  assert.deepEqual(names, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  for (const header of ["x-forwarded-for", "forwarded", "x-real-ip"] as const) {
    const others = new Headers(all);
    others.delete(header);
    assert.equal(clientOf(others, PROXY, trusting(header)), PROXY);
  }
});

Deno.test("`clientOf()` of a socket's file that is trusted, and of one whose proxy spoke for another one", () => {
  const unix = { ...PROXY, address: "unix", port: null, name: "unix" };
  const named = client("x-forwarded-for", "192.0.2.1", unix);
  assert.deepEqual([named.address, named.port, named.via], ["192.0.2.1", null, "unix"]);
  const behind = { ...PROXY, address: "10.0.0.2", name: "10.0.0.2:1", via: "10.0.0.1:4000" };
  assert.equal(client("x-forwarded-for", "192.0.2.1", behind).via, "10.0.0.1:4000");
});

Deno.test("`clientOf()` follows no endless chain, and is quick with a head full of one", () => {
  const long = "10.0.0.2, ".repeat(6_000);
  const huge: readonly (readonly [ForwardedHeader, string])[] = [
    ["x-forwarded-for", "192.0.2.1, " + long],
    ["x-forwarded-for", ",".repeat(65_000)],
    ["x-forwarded-for", "1".repeat(65_000)],
    ["forwarded", "for=10.0.0.2,".repeat(5_000)],
    ["forwarded", ",;".repeat(32_000)],
    ["forwarded", 'for="'.repeat(13_000)],
    ["forwarded", '\\"'.repeat(32_000) + '"'],
    ["forwarded", "x".repeat(65_000)],
    ["x-real-ip", "[".repeat(65_000)],
  ];
  for (const [header, value] of huge) {
    const before = performance.now();
    const { address } = client(header, value);
    assert.match(address, /^10\.0\.0\.[12]$/);
    assert.ok(performance.now() - before < 5_000, `${header}: ${value.slice(0, 20)}`);
  }
});

const PIECES = [
  ...["for=", "by=", "192.0.2.1", "10.0.0.2", '"[2001:db8::1]:80"', "unknown", "_x", "unix:"],
  ...[",", ", ", ";", '"', "\\", "=", " ", "\t", "[", "]", ":", "80", "%", "\xff", "proto=https"],
];

Deno.test("`clientOf()` gives an address or the proxy's own whatever stands there, and what is added decides", (t) =>
  withRandom(t, ({ below, pick }) => {
    let named = 0;
    for (let round = 0; round < 60_000; round++) {
      const made = Array.from({ length: below(12) }, () => pick(PIECES)).join("");
      for (const header of ["x-forwarded-for", "forwarded", "x-real-ip"] as const) {
        const peer = clientOf({ get: () => made }, PROXY, trusting(header));
        if (peer !== PROXY) named++;
        const isAddress = ["unix", canonicalIpAddress(peer.address)].includes(peer.address);
        assert.ok(isAddress, `${header}: ${made} -> ${peer.address}`);
        const added = header === "forwarded"
          ? pick(["for=192.0.2.7", 'for="192.0.2.7:1"', 'proto=http;for=192.0.2.7;host="a\\"b"'])
          : "192.0.2.7";
        const client = clientOf({ get: () => `${made}, ${added}` }, PROXY, trusting(header));
        assert.equal(client.address, "192.0.2.7", `${header}: ${made}, ${added}`);
      }
    }
    assert.ok(named > 1_000);
  }));

Deno.test("a proxy's own certificate says who the proxy is, and nothing of whom it speaks for", () => {
  const certified = { ...PROXY, user: "proxy" };
  const { user, name, via } = client("x-forwarded-for", "192.0.2.1", certified);
  assert.deepEqual([user, name, via], [undefined, "192.0.2.1", "10.0.0.1:4000"]);
  assert.equal(client("x-forwarded-for", "unknown", certified).user, "proxy");
});

import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { encodeProxyHeader } from "../../lib/http/proxy_header.ts";
import { MAX_V1_BYTES, parseProxyHeader } from "../../lib/http/proxy_protocol.ts";

const tcp = (hostname: string, port: number): Address => ({ transport: "tcp", hostname, port });

const UNIX: Address = { transport: "unix", path: "/run/wstunnel.sock" };

interface Case {
  readonly of: string;
  readonly address: string;
  readonly port: number | null;
  readonly local: Address;
  readonly line: string;
  /** What a reader takes it for; null: it is told of nobody. */
  readonly source: Address | null;
  readonly destination: Address | null;
}

const CASES: readonly Case[] = [
  {
    of: "IPv4",
    address: "192.0.2.7",
    port: 51000,
    local: tcp("203.0.113.9", 443),
    line: "TCP4 192.0.2.7 203.0.113.9 51000 443",
    source: tcp("192.0.2.7", 51000),
    destination: tcp("203.0.113.9", 443),
  },
  {
    of: "IPv6",
    address: "2001:db8::7",
    port: 51000,
    local: tcp("2001:db8::1", 8080),
    line: "TCP6 2001:db8::7 2001:db8::1 51000 8080",
    source: tcp("2001:db8::7", 51000),
    destination: tcp("2001:db8::1", 8080),
  },
  {
    of: "a client of IPv4 that came by IPv6, as a proxy says",
    address: "192.0.2.7",
    port: 51000,
    local: tcp("::1", 8080),
    line: "TCP6 ::ffff:192.0.2.7 ::1 51000 8080",
    source: tcp("192.0.2.7", 51000),
    destination: tcp("::1", 8080),
  },
  {
    of: "a client of IPv6 that came by IPv4",
    address: "2001:db8::7",
    port: 51000,
    local: tcp("127.0.0.1", 8080),
    line: "TCP6 2001:db8::7 ::ffff:127.0.0.1 51000 8080",
    source: tcp("2001:db8::7", 51000),
    destination: tcp("127.0.0.1", 8080),
  },
  {
    of: "two mapped addresses, which are IPv4's",
    address: "::ffff:192.0.2.7",
    port: 1,
    local: tcp("::ffff:127.0.0.1", 8080),
    line: "TCP4 192.0.2.7 127.0.0.1 1 8080",
    source: tcp("192.0.2.7", 1),
    destination: tcp("127.0.0.1", 8080),
  },
  {
    of: "a port that nobody has told",
    address: "192.0.2.7",
    port: null,
    local: tcp("127.0.0.1", 8080),
    line: "TCP4 192.0.2.7 127.0.0.1 0 8080",
    source: tcp("192.0.2.7", 0),
    destination: tcp("127.0.0.1", 8080),
  },
  {
    of: "an address of the link, without its zone",
    address: "fe80::1%eth0",
    port: 51000,
    local: tcp("fe80::2%eth0", 8080),
    line: "TCP6 fe80::1 fe80::2 51000 8080",
    source: tcp("fe80::1", 51000),
    destination: tcp("fe80::2", 8080),
  },
  {
    of: "a client that a proxy behind a unix-domain socket named",
    address: "2001:db8::7",
    port: null,
    local: UNIX,
    line: "TCP6 2001:db8::7 :: 0 0",
    source: tcp("2001:db8::7", 0),
    destination: tcp("::", 0),
  },
  {
    of: "a client of a unix-domain socket",
    address: "unix",
    port: null,
    local: UNIX,
    line: "UNKNOWN",
    source: null,
    destination: null,
  },
];

for (const { of, address, port, local, line, source, destination } of CASES) {
  Deno.test(`a PROXY header of ${of} says what its reader takes out of it`, () => {
    const v1 = encodeProxyHeader("v1", { address, port, local });
    assert.equal(new TextDecoder().decode(v1), `PROXY ${line}\r\n`);
    for (const bytes of [v1, encodeProxyHeader("v2", { address, port, local })]) {
      const parsed = parseProxyHeader(bytes, 0, bytes.length);
      assert.deepEqual(parsed, { source, destination, end: bytes.length });
    }
  });
}

Deno.test("a PROXY header of version 2 has the bytes of the specification", () => {
  const header = encodeProxyHeader("v2", {
    address: "192.0.2.7",
    port: 0xc738,
    local: tcp("203.0.113.9", 443),
  });
  const hex = [...header].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(hex, "0d0a0d0a000d0a515549540a" + "2111000c" + "c0000207" + "cb007109" + "c73801bb");
});

Deno.test("the longest PROXY line is no longer than the specification lets it be", () => {
  const longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255";
  const header = encodeProxyHeader("v1", {
    address: longest,
    port: 65535,
    local: tcp(longest, 65535),
  });
  assert.ok(header.length <= MAX_V1_BYTES, `${header.length}`);
  const { length } = encodeProxyHeader("v2", { address: longest, port: 1, local: tcp("::1", 1) });
  assert.equal(length, 52);
});

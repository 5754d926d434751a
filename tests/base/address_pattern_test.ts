import assert from "node:assert/strict";
import {
  type AddressPattern,
  mayName,
  mayReach,
  parseAddressPattern,
  parseNamedAddress,
} from "../../lib/base/address_pattern.ts";

function patterns(...texts: readonly string[]): AddressPattern[] {
  return texts.map((text) => {
    const parsed = parseAddressPattern(text);
    assert("pattern" in parsed, `${text}: ${JSON.stringify(parsed)}`);
    return parsed.pattern;
  });
}

/** Whether a client that names it as a literal, or a name, is let through so far. */
function isNamed(list: readonly AddressPattern[], text: string): boolean {
  const named = parseNamedAddress(text);
  return named !== null && mayName(list, named);
}

Deno.test("`parseAddressPattern()` refuses what names no host, no network or no port", () => {
  for (
    const text of [
      "*",
      "*:5432",
      "db.example.com",
      "db.example.com:0",
      "db.example.com:65536",
      "db.example.com:6000-5900",
      "db.example.com:",
      "db.example.com.:5432",
      "*.*.example.com:5432",
      "a*.example.com:5432",
      "*.:5432",
      "-a.example:5432",
      "bücher.example:5432",
      "127.1:5432",
      "0x7f.1:5432",
      "10.0.0.1/8:22",
      "10.0.0.0/33:22",
      "::1:22",
      "[unix]:22",
      "[fe80::1%eth0]:22",
      "",
    ]
  ) {
    const parsed = parseAddressPattern(text);
    assert("problem" in parsed, text);
    // The words of a list of clients.
    assert.doesNotMatch(parsed.problem, /"unix"/, text);
  }
});

Deno.test("`parseNamedAddress()` takes host:port in lower case, and IPv6 in brackets in its one form", () => {
  const cases: [text: string, hostname: string, isName: boolean, port: number][] = [
    ["DB.Example.COM:5432", "db.example.com", true, 5432],
    ["a_b.example:1", "a_b.example", true, 1],
    ["xn--bcher-kva.example:65535", "xn--bcher-kva.example", true, 65535],
    ["192.0.2.1:22", "192.0.2.1", false, 22],
    ["[2001:DB8:0::1]:22", "2001:db8::1", false, 22],
    ["[::ffff:10.0.0.1]:22", "10.0.0.1", false, 22],
    ["[::ffff:a00:1]:22", "10.0.0.1", false, 22],
  ];
  for (const [text, hostname, isName, port] of cases) {
    assert.deepEqual(parseNamedAddress(text), { hostname, isName, port }, text);
  }
});

Deno.test("`parseNamedAddress()` takes nothing that somebody could read as another address", () => {
  for (
    const text of [
      // Other ways to write 127.0.0.1 that inet_aton() and URLs know.
      ...["127.1:1", "127.0.1:1", "2130706433:1", "0x7f000001:1", "0x7f.1:1", "0177.0.0.1:1"],
      ...["127.0.0.01:1", "127.0.0.1.:1", "0x7f.0x0.0x0.0x1:1", "1.2.3.4.5:1", "256.1.1.1:1"],
      "db.0x7f:1",
      "db.127:1",
      // Ends, and what stands beside a host.
      ...["db.example.com.:1", ".example.com:1", "a..b:1", "db.example.com", "db.example.com:"],
      ...["user@db.example.com:1", "db.example.com:1/x", "db.example.com:1#", "//db.example.com:1"],
      ...["http://db.example.com:1", "db.example.com:1:2", "db.example.com :1", "*.example.com:1"],
      "db%2eexample:1",
      "a\0.example:1",
      // Ports.
      ...["db:0", "db:00022", "db:65536", "db:+22", "db:22.", "db:0x16", "db:-1", "db:99999999999"],
      // IPv6.
      ...["::1:22", "[::1]", "[::1%25lo]:22", "[::1%lo]:22", "[10.0.0.1]:22", "[::g]:22", "[]:22"],
      // Other alphabets: full width, circled, a dot of another script.
      ...["１２７.0.0.1:1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:1", "db。example:1", "bücher.example:1"],
      `${"a".repeat(64)}.example:1`,
      `${"a.".repeat(130)}example:1`,
      "-a.example:1",
      "a-.example:1",
    ]
  ) {
    assert.equal(parseNamedAddress(text), null, text);
  }
});

Deno.test("`mayName()` lets through the names and ports that a pattern has, and nothing under or beside them", () => {
  const list = patterns("db.example.com:5432", "*.pool.example.com:5432-5434");
  for (
    const text of [
      "db.example.com:5432",
      "DB.EXAMPLE.COM:5432",
      "a.pool.example.com:5432",
      "a.b.pool.example.com:5434",
    ]
  ) {
    assert(isNamed(list, text), text);
  }
  for (
    const text of [
      "db.example.com:5433",
      "x.db.example.com:5432",
      "pool.example.com:5432",
      "evilpool.example.com:5432",
      "a.pool.example.com:5435",
      "a.pool.example.com.evil.org:5432",
      "localhost:5432",
      "192.0.2.1:5432",
      "[::1]:5432",
    ]
  ) {
    assert(!isNamed(list, text), text);
  }
});

/** Addresses of nobody's public server. */
const INNER = [
  ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"],
  ...["168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
  ...["192.0.0.170", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ...["::", "::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1"],
  ...["64:ff9b:1::a00:1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd00:ec2::254"],
  ...["fe80::1", "fec0::1", "ff02::1", "100::1", "5f00::1"],
];

const PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"];

Deno.test("`mayReach()` lets a name lead to public addresses, and to no other unless its network is named", () => {
  const list = patterns("*.example.com:22", "0.0.0.0/0:22", "[::/0]:22");
  for (const address of PUBLIC) assert(mayReach(list, address, 22), address);
  for (const address of INNER) assert(!mayReach(list, address, 22), address);
  for (const address of ["localhost", "", "fe80::1%eth0", "127.1", "10.0.0.1 "]) {
    assert(!mayReach(list, address, 22), address);
  }
});

Deno.test("`mayName()` of a network so wide that it holds public addresses holds no private ones", () => {
  const list = patterns("0.0.0.0/0:1-65535", "[::/0]:1-65535", "128.0.0.0/1:22", "[2000::/3]:22");
  const literal = (address: string) => address.includes(":") ? `[${address}]:22` : `${address}:22`;
  for (const address of PUBLIC) assert(isNamed(list, literal(address)), address);
  for (const address of INNER) assert(!isNamed(list, literal(address)), address);
});

Deno.test("`mayName()` lets through a private address, and names that lead there, where its network is named", () => {
  const list = patterns(
    "*.internal:22",
    "10.0.0.0/8:22",
    "127.0.0.1:5900-5910",
    "[::1]:5900",
    "[fd00::/8]:22",
    "169.254.169.254:80",
  );
  for (
    const text of [
      "10.9.8.7:22",
      "127.0.0.1:5905",
      "[::1]:5900",
      "[0:0:0:0:0:0:0:1]:5900",
      "[fd12::1]:22",
      "[::ffff:10.9.8.7]:22",
      "169.254.169.254:80",
    ]
  ) {
    assert(isNamed(list, text), text);
  }
  for (
    const text of [
      "10.9.8.7:23",
      "11.0.0.1:22",
      "127.0.0.2:5905",
      "127.0.0.1:5911",
      "[::1]:5901",
      "[fc00::1]:22",
      "169.254.169.253:80",
    ]
  ) {
    assert(!isNamed(list, text), text);
  }
  assert(mayReach(list, "10.0.0.5", 22));
  assert(!mayReach(list, "10.0.0.5", 5900));
  assert(!mayReach(list, "192.168.0.5", 22));
});

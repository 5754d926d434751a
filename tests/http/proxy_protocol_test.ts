import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/address.ts";
import {
  MAX_V1_BYTES,
  MAX_V2_BYTES,
  parseProxyHeader,
  type ProxyHeader,
} from "../../lib/http/proxy_protocol.ts";
import { type Random, withRandom } from "../support/random.ts";
import { IPV4, IPV6, unixPaths, v1, v2 } from "./proxy_headers.ts";

/** What has come of it, in short. */
function told(header: ProxyHeader): string {
  if (typeof header === "string") return header;
  if ("problem" in header) return header.problem;
  const { source, destination, end } = header;
  return [source, destination].map((one) => one === null ? "-" : formatAddress(one)).join(" > ") +
    ` ${end}`;
}

/** Fed byte by byte, as often as it is incomplete; in the middle of other bytes. */
function fed(bytes: Uint8Array, piece: () => number = () => 1): string {
  const before = 3;
  const all = new Uint8Array(before + bytes.length + 20).fill(0x0a);
  all.set(bytes, before);
  let header = "incomplete" as ProxyHeader;
  for (let end = 0; end < bytes.length && header === "incomplete";) {
    end = Math.min(bytes.length, end + piece());
    header = parseProxyHeader(all, before, before + end);
  }
  if (typeof header === "string" || "problem" in header) return told(header);
  return told({ ...header, end: header.end - before });
}

const LONG = "f".repeat(4);
const LONGEST_IPV6 = Array<string>(8).fill(LONG).join(":");

const TLV = [0x03, 0x00, 0x04, 1, 2, 3, 4];

for (
  const [name, bytes, expected] of [
    ["v1 of IPv4", v1("TCP4 192.0.2.1 203.0.113.9 51000 443"), "192.0.2.1:51000 > 203.0.113.9:443"],
    ["v1 of IPv6", v1("TCP6 2001:DB8:0:0::1 ::2 0 65535"), "[2001:db8::1]:0 > [::2]:65535"],
    ["v1 of an IPv4-mapped address", v1("TCP6 ::ffff:192.0.2.1 ::1 1 2"), "192.0.2.1:1 > [::1]:2"],
    [
      "v1 of the longest addresses",
      v1(`TCP6 ${LONGEST_IPV6} ${LONGEST_IPV6} 65535 65535`),
      `[${LONGEST_IPV6}]:65535 > [${LONGEST_IPV6}]:65535`,
    ],
    ["v1 of nobody it knows", v1("UNKNOWN"), "- > -"],
    [
      "v1 of the longest line",
      v1(`UNKNOWN ${LONGEST_IPV6} ${LONGEST_IPV6} 65535 65535`),
      "- > -",
    ],
    ["v2 of IPv4", v2({ rest: IPV4 }), "192.0.2.1:51000 > 203.0.113.9:443"],
    ["v2 of IPv6", v2({ family: 0x21, rest: IPV6 }), "[2001:db8::1]:51000 > [2001:db8::2]:443"],
    [
      "v2 of unix",
      v2({ family: 0x31, rest: unixPaths("/run/a.sock", "\0abstract") }),
      "unix:/run/a.sock > unix:@abstract",
    ],
    ["v2 of a nameless socket", v2({ family: 0x31, rest: unixPaths("", "/b") }), "unix: > unix:/b"],
    ["v2 with TLVs", v2({ rest: [...IPV4, ...TLV] }), "192.0.2.1:51000 > 203.0.113.9:443"],
    [
      "v2 with garbage for TLVs",
      v2({ rest: [...IPV4, 9, 9, 9] }),
      "192.0.2.1:51000 > 203.0.113.9:443",
    ],
    ["v2 of no family", v2({ family: 0 }), "- > -"],
    ["v2 of no family, with TLVs", v2({ family: 0, rest: TLV }), "- > -"],
    ["v2, LOCAL", v2({ command: 0x20, family: 0 }), "- > -"],
    ["v2, LOCAL with addresses", v2({ command: 0x20, rest: IPV4 }), "- > -"],
    ["v2, LOCAL of an odd family", v2({ command: 0x20, family: 0xff, rest: [1] }), "- > -"],
    [
      "v2, as long as it may be",
      v2({ rest: [...IPV4, ...Array<number>(MAX_V2_BYTES - 28).fill(0)] }),
      "192.0.2.1:51000 > 203.0.113.9:443",
    ],
  ] as const
) {
  Deno.test(`\`parseProxyHeader()\` reads ${name}`, () => {
    assert.equal(fed(bytes), `${expected} ${bytes.length}`);
    assert.equal(fed(bytes, () => 5000), `${expected} ${bytes.length}`);
  });
}

for (
  const [name, bytes, expected] of [
    ["v1 over 107 bytes", v1("UNKNOWN " + "x".repeat(MAX_V1_BYTES)), /a line over 107 bytes$/],
    ["v1 of 108 bytes", v1("UNKNOWN " + "x".repeat(MAX_V1_BYTES - 15)), /a line over 107 bytes$/],
    ["v1 with a bare CR", v1("UNKNOWN\r"), /a bare carriage return$/],
    ["v1 with a bare LF", new TextEncoder().encode("PROXY UNKNOWN\n"), /no visible character$/],
    ["v1 with a NUL", v1("UNKNOWN\0"), /no visible character$/],
    ["v1 with a tab", v1("TCP4\t192.0.2.1 1.1.1.1 1 2"), /no visible character$/],
    ["v1 of no family", v1(""), /no family TCP4, TCP6 or UNKNOWN$/],
    ["v1 in small letters", v1("tcp4 192.0.2.1 1.1.1.1 1 2"), /no family/],
    ["v1 of UDP", v1("UDP4 192.0.2.1 1.1.1.1 1 2"), /no family/],
    ["v1 with two spaces", v1("TCP4  192.0.2.1 1.1.1.1 1 2"), /two ports of TCP4$/],
    ["v1 with a space behind", v1("TCP4 192.0.2.1 1.1.1.1 1 2 "), /two ports of TCP4$/],
    ["v1 without a port", v1("TCP4 192.0.2.1 1.1.1.1 1"), /two ports of TCP4$/],
    ["v1 with a port too high", v1("TCP4 192.0.2.1 1.1.1.1 65536 1"), /two ports of TCP4$/],
    ["v1 with a leading zero", v1("TCP4 192.0.2.1 1.1.1.1 01 1"), /two ports of TCP4$/],
    ["v1 with a signed port", v1("TCP4 192.0.2.1 1.1.1.1 +1 1"), /two ports of TCP4$/],
    ["v1 with a name", v1("TCP4 localhost 1.1.1.1 1 1"), /two ports of TCP4$/],
    ["v1 with an octal number", v1("TCP4 010.0.0.1 1.1.1.1 1 1"), /two ports of TCP4$/],
    ["v1 of IPv6 as TCP4", v1("TCP4 ::1 ::1 1 1"), /two ports of TCP4$/],
    ["v1 of IPv4 as TCP6", v1("TCP6 192.0.2.1 1.1.1.1 1 1"), /two ports of TCP6$/],
    ["v1 with brackets", v1("TCP6 [::1] [::1] 1 1"), /two ports of TCP6$/],
    ["v1 with a zone", v1("TCP6 fe80::1%1 ::1 1 1"), /two ports of TCP6$/],
    ["v2 of version 1", v2({ command: 0x11, rest: IPV4 }), /no version 2, or an unknown command$/],
    ["v2 of an unknown command", v2({ command: 0x22, rest: IPV4 }), /unknown command$/],
    ["v2 of UDP", v2({ family: 0x12, rest: IPV4 }), /a family that no stream has$/],
    ["v2 of an unknown family", v2({ family: 0x41, rest: IPV4 }), /a family that no stream has$/],
    ["v2 cut short", v2({ rest: IPV4.slice(1) }), /addresses cut short$/],
    ["v2 of IPv6 cut short", v2({ family: 0x21, rest: IPV4 }), /addresses cut short$/],
    ["v2 of unix cut short", v2({ family: 0x31, rest: IPV6 }), /addresses cut short$/],
    ["v2 of a huge length", v2({ rest: IPV4, length: 65_535 }), /65551 bytes, of at most 4096$/],
    [
      "v2 of a length too much",
      v2({ command: 0x20, length: 4081 }),
      /4097 bytes, of at most 4096$/,
    ],
  ] as const
) {
  Deno.test(`\`parseProxyHeader()\` refuses ${name}`, () => {
    assert.match(fed(bytes), expected);
    assert.match(fed(bytes, () => 5000), expected);
  });
}

for (
  const text of [
    "GET / HTTP/1.1\r\n",
    "\r\nGET / HTTP/1.1\r\n",
    "\r\n\r\nGET",
    "POST / HTTP/1.1\r\n",
    "PROPFIND / HTTP/1.1\r\n",
    "PROXY/ HTTP/1.1",
    "proxy TCP4 ",
    " PROXY ",
    "\x16\x03\x01",
    "\0",
  ]
) {
  Deno.test(`\`parseProxyHeader()\` sees none in ${JSON.stringify(text)}`, () =>
    assert.equal(fed(new TextEncoder().encode(text)), "absent"));
}

Deno.test("`parseProxyHeader()` waits for what may become one", () => {
  for (const whole of [v1("TCP4 192.0.2.1 203.0.113.9 51000 443"), v2({ rest: IPV4 })]) {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(parseProxyHeader(whole, 0, length), "incomplete", `${length}`);
    }
  }
});

Deno.test("`parseProxyHeader()` says the same of damaged headers however they are split, and ends within them", (t) =>
  withRandom(t, (random) => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 60_000; round++) {
      const bytes = damaged(random);
      const whole = fed(bytes, () => bytes.length);
      const split = fed(bytes, () => 1 + random.below(random.pick([1, 7, 60])));
      assert.equal(split, whole, `${bytes}`);
      const end = / (\d+)$/.exec(whole);
      if (end !== null && whole.includes(" > ")) assert.ok(Number(end[1]) <= bytes.length);
      outcomes.add(whole.includes(" > ") ? "read" : whole.replace(/\d+/g, "N"));
    }
    for (const expected of ["read", "absent", "incomplete"]) assert.ok(outcomes.has(expected));
    assert.ok(outcomes.size >= 10, [...outcomes].join("\n"));
  }));

function damaged(random: Random): Uint8Array {
  const { below, pick, oneIn } = random;
  const header = pick([
    v1("TCP4 192.0.2.1 203.0.113.9 51000 443"),
    v1("TCP6 2001:db8::1 2001:db8::2 1 2"),
    v1("UNKNOWN " + "x".repeat(below(120))),
    v2({ rest: [...IPV4, ...TLV] }),
    v2({ family: 0x21, rest: IPV6 }),
    v2({ family: 0x31, rest: unixPaths("/a", "/b") }),
    v2({ command: 0x20, length: below(70) << pick([0, 8]) }),
  ]);
  const bytes = Uint8Array.from([...header, ...new TextEncoder().encode("GET / HTTP/1.1\r\n")]);
  for (let times = below(3); times > 0; times--) {
    const at = below(header.length);
    if (oneIn(2)) bytes[at] = pick([0, 10, 13, 32, 46, 48, 58, 0x20, 0x21, 0x11, 255, below(256)]);
    else bytes.copyWithin(at, at + 1);
  }
  return oneIn(5) ? bytes.subarray(0, below(bytes.length) + 1) : bytes;
}

import assert from "node:assert/strict";
import {
  clientNetwork,
  contains,
  isLocal,
  type Network,
  parseNetwork,
} from "../../lib/base/network.ts";

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if ("problem" in parsed) assert.fail(`${text}: ${parsed.problem}`);
  return parsed.network;
}

for (
  const [written, canonical] of [
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1/32", "192.0.2.1"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["128.0.0.0/1", "128.0.0.0/1"],
    ["2001:DB8:0::/32", "2001:db8::/32"],
    ["::1", "::1"],
    ["::1/128", "::1"],
    ["::/0", "::/0"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["unix", "unix"],
  ] as const
) {
  Deno.test(`\`parseNetwork()\` of ${written} is ${canonical}`, () => {
    assert.equal(network(written).text, canonical);
    assert.deepEqual(network(canonical), network(written));
  });
}

for (
  const [written, problem] of [
    ["", /^must be a network such as/],
    ["localhost", /^must be a network such as/],
    ["UNIX", /^must be a network such as/],
    ["unix:/run/x.sock", /^must be a network such as/],
    ["192.0.2", /^must be a network such as/],
    ["192.0.2.256", /^must be a network such as/],
    ["192.0.2.01", /^must be a network such as/],
    ["0x7f.0.0.1", /^must be a network such as/],
    ["192.0.2.0/24/24", /^must be a network such as/],
    ["/24", /^must be a network such as/],
    [" 192.0.2.1", /^must be a network such as/],
    ["[::1]", /^must be a network such as/],
    ["::1]/x[", /^must be a network such as/],
    ["1:2:3:4:5:6:7:8:9", /^must be a network such as/],
    ["::1\n", /^must be a network such as/],
    ["192.0.2.0/", /^must have from 0 to 32 bits behind the \/$/],
    ["192.0.2.0/33", /^must have from 0 to 32 bits/],
    ["192.0.2.0/-1", /^must have from 0 to 32 bits/],
    ["192.0.2.0/024", /^must have from 0 to 32 bits/],
    ["192.0.2.0/255.255.255.0", /^must have from 0 to 32 bits/],
    ["::/129", /^must have from 0 to 128 bits/],
    ["192.0.2.1/24", /^has bits set behind the \/24: the network is 192\.0\.2\.0\/24$/],
    ["2001:db8::1/64", /^has bits set behind the \/64: the network is 2001:db8::\/64$/],
    ["::ffff:192.0.2.1/120", /^has bits set behind the \/120: the network is 192\.0\.2\.0\/24$/],
    ["fe80::1%eth0", /without a zone/],
  ] as const
) {
  Deno.test(`\`parseNetwork()\` refuses ${JSON.stringify(written)}`, () => {
    const parsed = parseNetwork(written);
    assert.match("problem" in parsed ? parsed.problem : "taken", problem);
  });
}

for (
  const [text, inside, outside] of [
    ["192.0.2.0/24", ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"], [
      "192.0.1.255",
      "192.0.3.0",
      "::192.0.2.1",
      "c000:200::",
      "unix",
      "",
      "x",
    ]],
    ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.128"]],
    ["192.0.2.1", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]],
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "unix"]],
    ["2001:db8::/33", ["2001:db8::", "2001:db8:7fff::1", "2001:db8::1%eth0"], ["2001:db8:8000::"]],
    ["::/0", ["::1", "2001:db8::"], ["192.0.2.1", "::ffff:192.0.2.1", "unix"]],
    ["fe80::/10", ["fe80::1%eth0", "febf::"], ["fec0::"]],
    ["unix", ["unix"], ["127.0.0.1", "::1"]],
  ] as const
) {
  Deno.test(`\`contains()\` knows who is in ${text}`, () => {
    const networks = [network("203.0.113.9"), network(text)];
    for (const address of inside) assert.ok(contains(networks, address), address);
    for (const address of outside) assert.ok(!contains(networks, address), address);
  });
}

Deno.test("`contains()` of every length agrees with the bits", () => {
  const ones = "255.255.255.255";
  for (let bits = 0; bits <= 32; bits++) {
    const first = 2 ** 32 - 2 ** (32 - bits);
    const dotted = (number: number) => [24, 16, 8, 0].map((by) => number / 2 ** by & 255).join(".");
    const networks = [network(`${dotted(first)}/${bits}`)];
    assert.ok(contains(networks, ones));
    assert.ok(contains(networks, dotted(first)));
    if (bits > 0) assert.ok(!contains(networks, dotted(first - 1)), `/${bits}`);
  }
});

Deno.test("`contains()` of no networks is nobody", () => {
  assert.ok(!contains([], "127.0.0.1"));
  assert.ok(!contains([], "unix"));
});

for (
  const [address, own] of [
    ["192.0.2.1", "192.0.2.1"],
    ["unix", "unix"],
    ["::1", "::1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
  ] as const
) {
  Deno.test(`\`clientNetwork()\` of ${address} is ${own}`, () =>
    assert.equal(clientNetwork(address), own));
}

Deno.test("`isLocal()` is this machine", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "unix"]) assert.ok(isLocal(address));
  for (const address of ["128.0.0.1", "192.0.2.1", "::2", "::"]) assert.ok(!isLocal(address));
});

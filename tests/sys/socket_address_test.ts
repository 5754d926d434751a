import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { decodeSocketAddress, encodeSocketAddress } from "../../lib/sys/socket_address.ts";

const tcp = (hostname: string, port: number): Address => ({ transport: "tcp", hostname, port });
const unix = (path: string): Address => ({ transport: "unix", path });

for (
  const { address, hex } of [
    { address: tcp("127.0.0.1", 5900), hex: "0200170c7f0000010000000000000000" },
    { address: tcp("localhost", 1), hex: "020000017f0000010000000000000000" },
    { address: tcp("255.0.10.1", 65535), hex: "0200ffffff000a010000000000000000" },
    {
      address: tcp("::", 80),
      hex: "0a000050" + "00000000" + "00".repeat(16) + "00000000",
    },
    {
      address: tcp("2001:db8::1", 80),
      hex: "0a000050" + "00000000" + "20010db8000000000000000000000001" + "00000000",
    },
    {
      address: tcp("1:2:3:4:5:6:7:8", 80),
      hex: "0a000050" + "00000000" + "00010002000300040005000600070008" + "00000000",
    },
    {
      address: tcp("::ffff:1.2.3.4", 80),
      hex: "0a000050" + "00000000" + "00000000000000000000ffff01020304" + "00000000",
    },
    { address: unix("/s"), hex: "0100" + "2f73" + "00" },
    { address: unix("\0name"), hex: "0100" + "00" + "6e616d65" },
    { address: tcp("vnc.example", 80), hex: null },
    { address: tcp("1.2.3.256", 80), hex: null },
    { address: tcp("fe80::1%eth0", 80), hex: null },
  ]
) {
  Deno.test(`\`encodeSocketAddress()\` of ${JSON.stringify(address)} is ${hex}`, () => {
    const encoded = encodeSocketAddress(address);
    const found = encoded &&
      [...encoded.bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assert.equal(found, hex);
  });
}

Deno.test("`decodeSocketAddress()` gives what was encoded, and null for another kind of socket", () => {
  for (
    const address of [
      tcp("127.0.0.1", 5900),
      tcp("::", 80),
      tcp("2001:db8::1", 65535),
      unix("/run/s"),
      unix("\0name"),
    ]
  ) {
    assert.deepEqual(decodeSocketAddress(encodeSocketAddress(address)!.bytes), address);
  }
  // Netlink's family.
  assert.equal(decodeSocketAddress(Uint8Array.of(16, 0, 0, 0)), null);
});

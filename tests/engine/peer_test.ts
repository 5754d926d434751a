import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { fromRuntime, peerOf } from "../../lib/engine/peer.ts";

function tcp(hostname: string, port = 5900): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

const LOCAL: Address = { transport: "tcp", hostname: "::ffff:192.0.2.9", port: 80 };

const PEERS: readonly (readonly [
  addr: Deno.Addr,
  address: string,
  port: number | null,
  name: string,
])[] = [
  [tcp("127.0.0.1"), "127.0.0.1", 5900, "127.0.0.1:5900"],
  [tcp("::1"), "::1", 5900, "[::1]:5900"],
  [tcp("2001:db8::1", 65535), "2001:db8::1", 65535, "[2001:db8::1]:65535"],
  [tcp("::ffff:192.0.2.1"), "192.0.2.1", 5900, "192.0.2.1:5900"],
  [tcp("::ffff:1"), "::ffff:1", 5900, "[::ffff:1]:5900"],
  [{ transport: "unix", path: "/run/x.sock" }, "unix", null, "unix"],
  [{ transport: "unix", path: "" }, "unix", null, "unix"],
];

for (const [addr, address, port, name] of PEERS) {
  Deno.test(`\`peerOf()\` names ${JSON.stringify(addr)} ${name}`, () => {
    const local = { ...LOCAL, hostname: "192.0.2.9" };
    assert.deepEqual(peerOf(addr, LOCAL), { address, port, name, local, secure: false });
  });
}

Deno.test("`fromRuntime()` gives the real address of a TCP and of a unix-domain listener", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/x.sock`;
  const listeners = [
    Deno.listen({ hostname: "127.0.0.1", port: 0 }),
    Deno.listen({ transport: "unix", path }),
  ] as const;
  try {
    const { port } = listeners[0].addr;
    assert.deepEqual(fromRuntime(listeners[0].addr), {
      transport: "tcp",
      hostname: "127.0.0.1",
      port,
    });
    assert.deepEqual(fromRuntime(listeners[1].addr), { transport: "unix", path });
  } finally {
    for (const listener of listeners) listener.close();
    await Deno.remove(folder, { recursive: true });
  }
});

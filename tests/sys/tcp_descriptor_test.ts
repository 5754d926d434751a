import assert from "node:assert/strict";
import { cutOff } from "../../lib/sys/tcp_descriptor.ts";

const isLinux = Deno.build.os === "linux";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `\`cutOff()\` ends the connection with these ends at ${hostname}, and no other`,
    ignore: !isLinux,
    async fn() {
      using listener = Deno.listen({ hostname, port: 0 });
      const { port } = listener.addr;
      using first = await Deno.connect({ hostname, port });
      using firstFar = await listener.accept();
      using second = await Deno.connect({ hostname, port });
      using secondFar = await listener.accept();
      assert.equal(cutOff(second.localAddr, second.remoteAddr), true);
      assert.equal(await secondFar.read(new Uint8Array(1)), null);
      await first.write(Uint8Array.of(7));
      assert.equal(await firstFar.read(new Uint8Array(1)), 1);
      assert.equal(cutOff(first.localAddr, { hostname, port: 1 }), false);
      assert.equal(cutOff({ hostname: "a.name", port }, first.remoteAddr), false);
    },
  });
}

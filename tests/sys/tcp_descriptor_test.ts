import assert from "node:assert/strict";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { cutOff, descriptorsFound, sendAtOnce } from "../../lib/sys/tcp_descriptor.ts";
import { installed } from "../support/installed.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `\`cutOff()\` ends the connections with these ends at ${hostname}, and no other`,
    ignore: !sharedLibc.ok,
    async fn() {
      using listener = Deno.listen({ hostname, port: 0 });
      const { port } = listener.addr;
      const pairs = await Promise.all(Array.from({ length: 3 }, async () => {
        const near = await Deno.connect({ hostname, port });
        return { near, far: await listener.accept() };
      }));
      // Which of them was accepted when is not said.
      const farOf = ({ localAddr }: Deno.TcpConn) =>
        pairs.find(({ far }) => far.remoteAddr.port === localAddr.port)!.far;
      const [first, ...others] = pairs.map(({ near }) => near);
      for (const { localAddr, remoteAddr } of others) cutOff(localAddr, remoteAddr);
      cutOff(first!.localAddr, { hostname, port: 1 });
      cutOff({ hostname: "a.name", port }, first!.remoteAddr);
      await descriptorsFound();
      for (const near of others) {
        assert.equal(await farOf(near).read(new Uint8Array(1)), null);
      }
      await first!.write(Uint8Array.of(7));
      assert.equal(await farOf(first!).read(new Uint8Array(1)), 1);
      for (const { near, far } of pairs) [near, far].forEach((one) => one.close());
    },
  });
}

const ss = installed("ss");

Deno.test({
  name: "`sendAtOnce()` asks for TCP keepalive" + (ss === null ? " (skipped: no ss)" : ""),
  ignore: ss === null || !sharedLibc.ok,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using _far = await listener.accept();
    sendAtOnce(near.localAddr, near.remoteAddr);
    await descriptorsFound();
    const args = ["-Htno", `sport = :${near.localAddr.port}`];
    const { stdout } = await new Deno.Command(ss!, { args }).output();
    assert.match(new TextDecoder().decode(stdout), /timer:\(keepalive,/);
  },
});

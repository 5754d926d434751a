import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { listenFdsCommand, openListeningSocket } from "../../lib/process/listening_socket.ts";

const tcp = (hostname: string, port: number): Address => ({ transport: "tcp", hostname, port });
const unix = (path: string): Address => ({ transport: "unix", path });

Deno.test("`openListeningSocket()` listens until it is closed, on every family", async () => {
  const folder = Deno.makeTempDirSync();
  const port = (() => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listener.close();
    return listener.addr.port;
  })();
  for (const address of [tcp("127.0.0.1", port), unix(`${folder}/s`), unix("\0" + folder)]) {
    const connect = () =>
      address.transport === "tcp"
        ? Deno.connect({ hostname: address.hostname, port: address.port })
        : Deno.connect({ transport: "unix", path: address.path });
    const opened = openListeningSocket(address, 16);
    if (!opened.ok) throw new Error(opened.reason);
    (await connect()).close();
    const again = openListeningSocket(address, 16);
    assert.ok(!again.ok && /^bind: Address already in use \(os error 98\)$/.test(again.reason));
    opened.socket.close();
    await assert.rejects(connect);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("`listenFdsCommand()` passes arguments on as they are", () => {
  const command = listenFdsCommand(["/bin/echo", "a b", "$(c)", "*"]);
  const { code, stdout } = new Deno.Command(command[0]!, { args: command.slice(1) }).outputSync();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), "a b $(c) *\n");
});

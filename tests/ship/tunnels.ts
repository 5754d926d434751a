/** What an executable must do wherever it runs. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { startProgram } from "../support/program.ts";
import { closePayload, handshake, Opcode, openTunnel } from "../support/raw_client.ts";
import type { Words } from "./executable.ts";

export interface Place {
  readonly words: Words;
  /** A name of 127.0.0.1 there. */
  readonly hostname: string;
  /** The folder for sockets, as the test sees it and as the executable does. */
  readonly sockets: { readonly here: string; readonly there: string };
  /** The executable as a program that it can start itself. */
  readonly executable: string;
}

/** Opens tunnels to a backend by name and by path, and to a program; ends by SIGTERM. */
export async function exerciseTunnels(place: Place, engine: string): Promise<void> {
  const { hostname, sockets, executable } = place;
  await using named = serveBackend(echo);
  const { port } = new URL(`tcp://${named.address}`);
  const localPath = `${sockets.here}/backend-${engine}.sock`;
  await using _local = serveBackend(echo, { path: localPath });
  await Deno.chmod(localPath, 0o777);
  const file = `${sockets.here}/wstunnel.toml`;
  await Deno.writeTextFile(
    file,
    `engine = "${engine}"
[wstunnel]
frame-type = "binary"
[[wstunnel.server."/named"]]
host = "${hostname}"
port = ${port}
[[wstunnel.server."/local"]]
socket = "${sockets.there}/backend-${engine}.sock"
[[wstunnel.server."/program"]]
port = ${freePort()}
bin-path = "${executable} --listen {host}:{port} --server 127.0.0.1:1"
`,
  );
  const socket = `listen-${engine}.sock`;
  await using program = await startProgram(["--config", `${sockets.there}/wstunnel.toml`], {
    words: place.words,
    listen: ["127.0.0.1:0", `unix:${sockets.there}/${socket}`],
  });
  for (const address of program.addresses) {
    assert.equal((await program.entry(`listening on ${address}`)).engine, engine);
  }
  for (const address of [program.address, `unix:${sockets.here}/${socket}`]) {
    for (const target of ["/named", "/local"]) {
      using client = await openTunnel(address, target);
      const bytes = crypto.getRandomValues(new Uint8Array(50_000));
      await client.send(Opcode.BINARY, bytes);
      assert.deepEqual(await client.payload(bytes.length, Opcode.BINARY), bytes);
    }
  }
  {
    using client = await openTunnel(program.address, "/program");
    await client.send(Opcode.BINARY, handshake("/", { Upgrade: null }));
    const answer = new TextDecoder().decode(await client.message(Opcode.BINARY));
    assert.match(answer, /^HTTP\/1\.1 426 /);
  }
  // Operators send it to have a log reopened: it must not end the program.
  Deno.kill(program.pid, "SIGUSR1");
  {
    using last = await openTunnel(program.address, "/named");
    program.signal("SIGTERM");
    assert.equal((await last.closed()).code, 1001);
    await last.send(Opcode.CLOSE, closePayload(1001));
  }
  assert.equal(await program.exit(), 0);
  const left = [...Deno.readDirSync(sockets.here)].map(({ name }) => name);
  assert.ok(!left.includes(socket), "no file is left of the listener");
}

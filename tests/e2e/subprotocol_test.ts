/** Which subprotocols are accepted, and what is said where none is. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { startProgram } from "../support/program.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";

const PROTOCOL = "Sec-WebSocket-Protocol";

/** Offers subprotocols to the program; gives what it answers and the log's fields of the tunnel. */
async function offer(flags: readonly string[], offered: string) {
  await using backend = serveBackend(echo);
  await using program = await startProgram(["--server", backend.address, ...flags]);
  using client = await openRaw(program.address);
  await client.write(handshake("/", { [PROTOCOL]: offered }));
  const { status, headers } = await client.head();
  assert.equal(status, 101);
  await client.close(1000);
  await client.end();
  const lines = [await program.entry("tunnel opened"), await program.entry("tunnel closed")];
  const fields = lines.map(({ subprotocol, declined }) => ({ subprotocol, declined }));
  assert.deepEqual(fields[0], fields[1]);
  return { answered: headers.get(PROTOCOL), ...fields[0] };
}

testEngines(
  "--subprotocol names what is accepted, in place of what is without it",
  async (engine) => {
    const flags = ["--engine", engine, "--subprotocol", "chat", "--subprotocol", "other"];
    for (const name of ["chat", "other"]) {
      assert.deepEqual(await offer(flags, `x, ${name}`), {
        answered: name,
        subprotocol: name,
        declined: undefined,
      });
    }
    assert.deepEqual(await offer(flags, "mqtt"), {
      answered: null,
      subprotocol: undefined,
      declined: "mqtt",
    });
  },
);

testEngines("the log says what was offered where nothing fits, cut short", async (engine) => {
  const flags = ["--engine", engine];
  const { declined } = await offer(flags, "graphql-ws, wamp");
  assert.equal(declined, "graphql-ws, wamp");
  const long = await offer(flags, `${"a".repeat(100)}, `.repeat(20) + "mqtt");
  assert.equal(long.answered, null);
  assert.match(String(long.declined), /^a{100}, a{90,100}…$/);
});

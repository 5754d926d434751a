/** Who reads nothing of what the server sends, and keeps nobody from ending it. */
import assert from "node:assert/strict";
import { createJoints } from "../../lib/cli/connect/tunnel.ts";
import { serveBackend } from "../support/backends.ts";
import { connect } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { startProgram } from "../support/program.ts";
import { addressesOf, startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

/** Sends until nothing more is taken; `isStuck` says so. */
function createFlood() {
  let sentAtMs = Infinity;
  const backend = serveBackend(async ({ write }) => {
    for (;;) {
      await write(new Uint8Array(100_000));
      sentAtMs = performance.now();
    }
  });
  return { backend, isStuck: () => performance.now() - sentAtMs > 500 };
}

Deno.test("a signal ends connect though nobody reads what the server has sent", async () => {
  const floods = [createFlood(), createFlood()];
  const [first, second] = floods as [typeof floods[0], typeof floods[0]];
  await using backend1 = first.backend;
  await using backend2 = second.backend;
  await using program1 = await startProgram([...BINARY, "--server", backend1.address]);
  await using program2 = await startProgram([...BINARY, "--server", backend2.address]);
  await using piped = startConnect([`ws://${program1.address}/`]);
  await using listening = startConnect([`ws://${program2.address}/`, "--listen", "127.0.0.1:0"]);
  const [address] = await addressesOf(listening);
  using _here = await connect(address!);
  await eventually("both full", () => floods.every(({ isStuck }) => isStuck()));
  piped.signal("SIGTERM");
  listening.signal("SIGTERM");
  for (const one of [piped, listening]) {
    assert.equal(await inTime("the end", one.exited, () => one.signal("SIGKILL")), 0);
  }
});

Deno.test("a signal behind the server's Close waits only as long as something is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const near = connect(`127.0.0.1:${listener.addr.port}`);
  using server = await listener.accept();
  const asked = new AbortController();
  const joints = createJoints();
  let taken = 0;
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const joined = joints.join({
    server: await near as Deno.TcpConn,
    local: {
      read: () => closed.then(() => null),
      // One write is taken, the next one never.
      write: (bytes) => ++taken > 1 ? closed.then(() => bytes.length) : Promise.resolve(1),
      closeWrite: () => Promise.resolve(),
      close,
    },
    encoding: "binary",
    pingIntervalMs: 0,
    lingerMs: 0,
    lastBytesMs: 300,
    signal: asked.signal,
  });
  await server.write(new Uint8Array([0x82, 2, 0x61, 0x62, 0x88, 0]));
  await eventually("the write that isn't taken", () => taken > 1);
  asked.abort();
  const { cause } = await inTime("the end", joined, close);
  assert.equal(cause, "operator");
  await joints.close();
});

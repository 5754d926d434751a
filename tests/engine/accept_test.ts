import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { acceptAll } from "../../lib/engine/accept.ts";
import { eventually } from "../support/eventually.ts";

/** A listener with `count` connections in its backlog, all of them reset by their clients, and a sound one behind them. */
async function backlogOfResets(count: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  for (let i = 0; i < count; i++) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  const sound = await Deno.connect({ hostname: "127.0.0.1", port });
  return { listener, sound };
}

Deno.test("`acceptAll()` lets nobody wait for clients that reset before they were accepted", async () => {
  const problems: string[] = [];
  const onFailing = (error: unknown) => void problems.push(String(error));
  const { listener, sound } = await backlogOfResets(100);
  const accepted: Deno.Conn[] = [];
  let closed = false;
  const accepting = acceptAll(
    listener,
    () => closed,
    onFailing,
    (conn) => void accepted.push(conn),
  );
  try {
    // With a pause after each it would be ten seconds.
    await eventually("the sound client", () => accepted.length > 0, 7_000);
    assert.deepEqual(problems, [], "it is nothing to be told of");
  } finally {
    closed = true;
    listener.close();
    sound.close();
    for (const connection of accepted) connection.close();
    await accepting;
  }
});

Deno.test("`acceptAll()` hands on a connection that is accepted as the listener stops, and ends", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  let stopped = false;
  const accept = async () => {
    const connection = await listener.accept();
    stopped = true;
    return connection;
  };
  const accepted: Deno.Conn[] = [];
  const accepting = acceptAll(
    { accept },
    () => stopped,
    () => {},
    (conn) => void accepted.push(conn),
  );
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  await accepting;
  listener.close();
  assert.equal(accepted.length, 1);
  accepted[0]!.close();
  assert.equal(await client.read(new Uint8Array(1)), null);
  client.close();
});

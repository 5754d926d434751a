/**
 * A plain TCP relay without WebSocket: one buffer a direction, read and write, nothing else. It shows what part of a
 * tunnel's cost is the runtime and the kernel. Arguments: the port to listen on, `host:port` of the backend.
 */

const BUFFER_BYTES = 128 * 1024;

const [port, backend] = Deno.args as [string, string];
const [hostname, backendPort] = backend.split(":") as [string, string];

async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
}

async function relay(client: Deno.TcpConn): Promise<void> {
  using from = client;
  using to = await Deno.connect({ hostname, port: Number(backendPort) });
  from.setNoDelay();
  to.setNoDelay();
  await Promise.race([pump(from, to), pump(to, from)]);
}

for await (const client of Deno.listen({ hostname: "127.0.0.1", port: Number(port) })) {
  relay(client).catch(() => {/* an end that vanished ends its tunnel, as any end does */});
}

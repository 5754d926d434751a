/**
 * Counts the promises that a tunnel costs to open and to close, by the engine's promise hooks, and the heap nodes that one holds
 * while it is idle. The clients and the backend are a process of their own.
 *
 *     deno run --allow-all bench/promises.ts [engine]
 */
import v8 from "node:v8";
import { createEvents } from "../lib/events/events.ts";
import { openProgramLog } from "../lib/events/log/open.ts";
import { loadToml } from "../lib/config/load.ts";
import { serve } from "../lib/control/life.ts";

/** What the runtime has for its own tests; there is no public way to V8's promise hooks. */
interface Core {
  setPromiseHooks(
    init: (promise: Promise<unknown>, parent: unknown) => void,
    before: () => void,
    after: () => void,
    resolve: () => void,
  ): void;
}

const TUNNELS = 50;
/** Until everything that a step began has settled. */
const SETTLE_MS = 400;

let count = 0;
let counting = false;
const { core } = (Deno as unknown as Record<symbol, { core: Core }>)[
  (Deno as unknown as { internal: symbol }).internal
]!;
core.setPromiseHooks(() => void (counting && count++), () => {}, () => {}, () => {});

/** A promise's worth of waiting; what the wait itself costs is taken off by {@linkcode during}. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

/** The promises made while the clients do what they are told. */
async function during(step: () => void): Promise<number> {
  step();
  count = 0;
  counting = true;
  const waiting = settled();
  await waiting;
  counting = false;
  return count;
}

const PEER = `
import os, signal, socket, sys
backend = socket.create_server(("127.0.0.1", 0), backlog=1000)
print(backend.getsockname()[1], flush=True)
port = int(sys.stdin.readline())
open_now = []
HEAD = (b"GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
        b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
def open_all(*_):
    for _ in range(${TUNNELS}):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(HEAD)
        far = backend.accept()[0]
        while b"\\r\\n\\r\\n" not in client.recv(4096): pass
        open_now.append((client, far))
def close_all(*_):
    while open_now:
        client, far = open_now.pop()
        client.sendall(bytes([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]))
        while far.recv(100): pass
        far.close()
        while client.recv(100): pass
        client.close()
signal.signal(signal.SIGUSR1, open_all)
signal.signal(signal.SIGUSR2, close_all)
while True: signal.pause()
`;

const peer = new Deno.Command("python3", {
  args: ["-c", PEER],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const first = await peer.stdout.getReader().read();
const backend = new TextDecoder().decode(first.value).trim();
const port = freePort();
const loaded = loadToml({
  file: {
    path: "bench.toml",
    text: `engine = "${Deno.args[0] ?? "stream"}"
listen = "127.0.0.1:${port}"
[wstunnel]
frame-type = "binary"
debug = 0
[[wstunnel.server."/"]]
port = ${backend}
`,
  },
  flags: [],
});
if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
const log = await openProgramLog(loaded.config);
if ("problem" in log) throw new Error(log.problem);
void serve(loaded.config, {
  events: createEvents([log.sink]),
  warnings: [],
  reread: () => Promise.resolve(loaded),
  log,
});
await settled();
const writer = peer.stdin.getWriter();
await writer.write(new TextEncoder().encode(`${port}\n`));
await settled();
const open = () => peer.kill("SIGUSR1");
const close = () => peer.kill("SIGUSR2");
// Once before, so that what is made once is made.
for (const step of [open, close]) await during(step);
const idle = await during(() => {});
const before = await heap();
const opened = await during(open);
const after = await heap();
const closed = await during(close);
const each = (total: number) => ((total - idle) / TUNNELS).toFixed(1);
console.log(`promises to open a tunnel: ${each(opened)}`);
console.log(`promises to close a tunnel: ${each(closed)}`);
const perTunnel = (key: "nodes" | "bytes") => Math.round((after[key] - before[key]) / TUNNELS);
console.log(`heap of an idle tunnel: ${perTunnel("nodes")} nodes, ${perTunnel("bytes")} bytes`);
peer.kill("SIGKILL");
Deno.exit(0);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** What is left after garbage collection, which a snapshot does first. */
async function heap(): Promise<{ readonly nodes: number; readonly bytes: number }> {
  let text = "";
  for await (const chunk of v8.getHeapSnapshot()) text += chunk;
  const { snapshot, nodes } = JSON.parse(text);
  const fields: string[] = snapshot.meta.node_fields;
  const size = fields.indexOf("self_size");
  let bytes = 0;
  for (let at = size; at < nodes.length; at += fields.length) bytes += nodes[at];
  return { nodes: snapshot.node_count, bytes };
}

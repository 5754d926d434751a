import assert from "node:assert/strict";
import { dial, type DialResult, firstToConnect, STAGGER_MS } from "../../lib/backend/dial.ts";
import { freePort, listen } from "./setting.ts";

const never = () => new AbortController().signal;

function problem(result: DialResult): string {
  if (!result.ok) return result.kind;
  result.connection.close();
  return "ok";
}

/** A listener that never accepts, its backlog full: a further connect waits. */
async function silentListener(script = SILENT) {
  const process = new Deno.Command("python3", {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  return {
    address: { transport: "tcp", hostname: "127.0.0.1", port } as const,
    /** Ends its standard input, which it waits for. */
    proceed: () => process.stdin.close(),
    async kill() {
      process.kill("SIGKILL");
      await process.status;
      await reader.cancel();
    },
  };
}

const SILENT = `
import socket, sys
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(0)
kept = []
for i in range(3):
    client = socket.socket(); client.setblocking(False); kept.append(client)
    try: client.connect(listener.getsockname())
    except BlockingIOError: pass
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
`;

Deno.test("`dial()` connects to an IPv4 address, to a name and to a socket", async () => {
  const folder = Deno.makeTempDirSync();
  const tcp = listen();
  const unix = listen({ transport: "unix", path: `${folder}/s` });
  if (tcp.address.transport !== "tcp") throw new Error("tcp");
  for (const address of [tcp.address, { ...tcp.address, hostname: "localhost" }, unix.address]) {
    assert.equal(problem(await dial(address, 1000, never())), "ok");
  }
  tcp.close();
  unix.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("`dial()` says closed where nothing listens, error for a name that is not known", async () => {
  const port = freePort();
  assert.equal(
    problem(await dial({ transport: "tcp", hostname: "127.0.0.1", port }, 1000, never())),
    "closed",
  );
  assert.equal(
    problem(await dial({ transport: "unix", path: "/nonexistent/s" }, 1000, never())),
    "closed",
  );
  const unknown = { transport: "tcp", hostname: "nosuch.invalid", port } as const;
  assert.match(problem(await dial(unknown, 3000, never())), /^(error|timeout)$/);
});

Deno.test("`dial()` gives up after its timeout, and at once when aborted", async () => {
  const silent = await silentListener();
  let since = performance.now();
  assert.equal(problem(await dial(silent.address, 200, never())), "timeout");
  const tookMs = performance.now() - since;
  assert.ok(tookMs >= 190 && tookMs < 1000, `${tookMs}`);
  const aborter = new AbortController();
  since = performance.now();
  const dialled = dial(silent.address, 8000, aborter.signal);
  aborter.abort();
  assert.equal(problem(await dialled), "aborted");
  assert.ok(performance.now() - since < 1000);
  assert.equal(problem(await dial(silent.address, 8000, AbortSignal.abort())), "aborted");
  await silent.proceed();
  await silent.kill();
});

Deno.test("`firstToConnect()` goes on to the next address when one fails or is silent", async () => {
  const silent = await silentListener();
  const { port } = silent.address;
  const listener = Deno.listen({ hostname: "127.0.0.2", port });
  const connectedTo = async (...hostnames: string[]) => {
    const since = performance.now();
    const connection = await firstToConnect(hostnames, port, never());
    connection.close();
    (await listener.accept()).close();
    return { hostname: connection.remoteAddr.hostname, ms: performance.now() - since };
  };
  const afterRefusal = await connectedTo("127.0.0.3", "127.0.0.2");
  assert.equal(afterRefusal.hostname, "127.0.0.2");
  assert.ok(afterRefusal.ms < STAGGER_MS, `${afterRefusal.ms}`);
  const afterSilence = await connectedTo("127.0.0.1", "127.0.0.2");
  assert.equal(afterSilence.hostname, "127.0.0.2");
  assert.ok(afterSilence.ms >= STAGGER_MS - 5 && afterSilence.ms < 2000, `${afterSilence.ms}`);
  listener.close();
  await assert.rejects(firstToConnect(["127.0.0.3", "127.0.0.4"], port, never()), /refused/);
  const aborter = new AbortController();
  const waiting = firstToConnect(["127.0.0.1", "127.0.0.1"], port, aborter.signal);
  setTimeout(() => aborter.abort(), 50);
  await assert.rejects(waiting);
  await silent.proceed();
  await silent.kill();
});

Deno.test("`dial()` waits for room in the backlog of a unix-domain socket", async () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/s`;
  const listener = await silentListener(`
import socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind("${path}"); listener.listen(0)
kept = [socket.socket(socket.AF_UNIX)]
kept[0].connect("${path}")
print(1, flush=True)
sys.stdin.readline()
while True: kept.append(listener.accept())
`);
  assert.equal(problem(await dial({ transport: "unix", path }, 100, never())), "timeout");
  const dialled = dial({ transport: "unix", path }, 8000, never());
  await listener.proceed();
  assert.equal(problem(await dialled), "ok");
  await listener.kill();
  Deno.removeSync(folder, { recursive: true });
});

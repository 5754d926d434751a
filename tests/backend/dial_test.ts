import assert from "node:assert/strict";
import { connectTo, firstToConnect, interleaved, STAGGER_MS } from "../../lib/backend/connect.ts";
import { dial, type DialResult, shareLookups } from "../../lib/backend/dial.ts";
import { freePort } from "../support/backends.ts";
import { listen, until } from "./setting.ts";

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

Deno.test("`shareLookups()` asks again for a name whose lookup hangs, and forgets the right one", async () => {
  const asked: PromiseWithResolvers<readonly string[]>[] = [];
  const lookup = shareLookups(() => {
    const one = Promise.withResolvers<readonly string[]>();
    asked.push(one);
    return one.promise;
  }, 0);
  const [hung, second] = [lookup("a"), lookup("a")];
  assert.equal(asked.length, 2);
  asked[1]!.resolve(["::2"]);
  assert.deepEqual(await second, ["::2"]);
  const third = lookup("a");
  asked[0]!.resolve(["::1"]);
  asked[2]!.resolve(["::3"]);
  assert.deepEqual([await hung, await third], [["::1"], ["::3"]]);
});

Deno.test("`dial()` connects to an IPv4 address, to a name and to a socket", async () => {
  const folder = Deno.makeTempDirSync();
  const tcp = listen();
  const unix = listen({ transport: "unix", path: `${folder}/s` });
  if (tcp.address.transport !== "tcp") throw new Error("tcp");
  for (const address of [tcp.address, { ...tcp.address, hostname: "localhost" }, unix.address]) {
    assert.equal(problem(await dial(address, { timeoutMs: 20_000, signal: never() })), "ok");
  }
  tcp.close();
  unix.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("`dial()` says closed where nothing listens, error for a name that is not known", async () => {
  const port = freePort();
  assert.equal(
    problem(
      await dial({ transport: "tcp", hostname: "127.0.0.1", port }, {
        timeoutMs: 20_000,
        signal: never(),
      }),
    ),
    "closed",
  );
  assert.equal(
    problem(
      await dial({ transport: "unix", path: "/nonexistent/s" }, {
        timeoutMs: 20_000,
        signal: never(),
      }),
    ),
    "closed",
  );
  const unknown = { transport: "tcp", hostname: "nosuch.invalid", port } as const;
  assert.match(
    problem(await dial(unknown, { timeoutMs: 20_000, signal: never() })),
    /^(error|timeout)$/,
  );
});

Deno.test("`dial()` says of a name that has no address that it has none", async () => {
  const said = Object.assign(new Error("getaddrinfo ENOTFOUND a.invalid"), { code: "ENOTFOUND" });
  const dialled = await dial({ transport: "tcp", hostname: "a.invalid", port: 1 }, {
    timeoutMs: 20_000,
    signal: never(),
    lookup: () => Promise.reject(said),
  });
  assert(!dialled.ok && "reason" in dialled);
  assert.equal(dialled.reason, "the name has no address (ENOTFOUND)");
});

Deno.test("`dial()` gives up after its timeout, and at once when aborted", async () => {
  const silent = await silentListener();
  let since = performance.now();
  assert.equal(problem(await dial(silent.address, { timeoutMs: 200, signal: never() })), "timeout");
  const tookMs = performance.now() - since;
  assert.ok(tookMs >= 190 && tookMs < 10_000, `${tookMs}`);
  const aborter = new AbortController();
  since = performance.now();
  const dialled = dial(silent.address, { timeoutMs: 60_000, signal: aborter.signal });
  aborter.abort();
  assert.equal(problem(await dialled), "aborted");
  assert.ok(performance.now() - since < 10_000);
  assert.equal(
    problem(await dial(silent.address, { timeoutMs: 60_000, signal: AbortSignal.abort() })),
    "aborted",
  );
  await silent.proceed();
  await silent.kill();
});

Deno.test("`firstToConnect()` goes on to the next address when one fails or is silent", async () => {
  const silent = await silentListener();
  const { port } = silent.address;
  const listener = Deno.listen({ hostname: "127.0.0.2", port });
  const connectedTo = async (...hostnames: string[]) => {
    const since = performance.now();
    const connection = await firstToConnect(hostnames, port, never(), connectTo);
    connection.close();
    (await listener.accept()).close();
    return { hostname: connection.remoteAddr.hostname, ms: performance.now() - since };
  };
  // Where each of them waited, none would come sooner.
  const times = [];
  for (let nth = 0; nth < 10; nth++) {
    const afterRefusal = await connectedTo("127.0.0.3", "127.0.0.2");
    assert.equal(afterRefusal.hostname, "127.0.0.2");
    times.push(afterRefusal.ms);
  }
  assert.ok(Math.min(...times) < STAGGER_MS, `${times}`);
  const afterSilence = await connectedTo("127.0.0.1", "127.0.0.2");
  assert.equal(afterSilence.hostname, "127.0.0.2");
  assert.ok(afterSilence.ms >= STAGGER_MS - 5 && afterSilence.ms < 10_000, `${afterSilence.ms}`);
  listener.close();
  await assert.rejects(
    firstToConnect(["127.0.0.3", "127.0.0.4"], port, never(), connectTo),
    /refused/,
  );
  const aborter = new AbortController();
  const waiting = firstToConnect(["127.0.0.1", "127.0.0.1"], port, aborter.signal, connectTo);
  setTimeout(() => aborter.abort(), 50);
  await assert.rejects(waiting);
  await silent.proceed();
  await silent.kill();
});

Deno.test("`interleaved()` takes the families by turns, beginning with the first one's", () => {
  const cases: [given: string[], expected: string[]][] = [
    [[], []],
    [["::1", "::2", "::3"], ["::1", "::2", "::3"]],
    [["::1", "::2", "::3", "10.0.0.1"], ["::1", "10.0.0.1", "::2", "::3"]],
    [["10.0.0.1", "::1", "::2"], ["10.0.0.1", "::1", "::2"]],
    [["10.0.0.1", "10.0.0.2", "::1"], ["10.0.0.1", "::1", "10.0.0.2"]],
  ];
  for (const [given, expected] of cases) assert.deepEqual(interleaved(given), expected);
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
  assert.equal(
    problem(await dial({ transport: "unix", path }, { timeoutMs: 100, signal: never() })),
    "timeout",
  );
  const dialled = dial({ transport: "unix", path }, { timeoutMs: 60_000, signal: never() });
  await listener.proceed();
  assert.equal(problem(await dialled), "ok");
  await listener.kill();
  Deno.removeSync(folder, { recursive: true });
});

/** Lookups that end when told, shared, and how many were started. */
function slowLookups() {
  const started: { hostname: string; answer: PromiseWithResolvers<string[]> }[] = [];
  const lookup = shareLookups((hostname) => {
    const answer = Promise.withResolvers<string[]>();
    started.push({ hostname, answer });
    return answer.promise;
  });
  return { started, lookup };
}

Deno.test("`dial()` looks a name up once at a time, however many dials wait for it", async () => {
  const backend = listen();
  if (backend.address.transport !== "tcp") throw new Error("tcp");
  const named = (hostname: string) => ({ transport: "tcp", hostname, port }) as const;
  const { port } = backend.address;
  const { started, lookup } = slowLookups();
  const aborter = new AbortController();
  const dialled = Array.from(
    { length: 100 },
    () => dial(named("hung.test"), { timeoutMs: 60_000, signal: aborter.signal, lookup }),
  );
  const other = dial(named("other.test"), { timeoutMs: 60_000, signal: never(), lookup });
  assert.deepEqual(started.map(({ hostname }) => hostname), ["hung.test", "other.test"]);
  aborter.abort();
  assert.deepEqual(new Set((await Promise.all(dialled)).map(problem)), new Set(["aborted"]));

  // Those who left don't end the lookup: who comes later gets its answer.
  const late = [1, 2].map(() =>
    dial(named("hung.test"), { timeoutMs: 60_000, signal: never(), lookup })
  );
  assert.equal(started.length, 2);
  for (const { answer } of started) answer.resolve(["127.0.0.1"]);
  assert.deepEqual((await Promise.all([...late, other])).map(problem), ["ok", "ok", "ok"]);

  const again = dial(named("hung.test"), { timeoutMs: 60_000, signal: never(), lookup });
  assert.equal(started.length, 3);
  started[2]!.answer.reject(new Error("no such name"));
  assert.deepEqual(await again, { ok: false, kind: "error", reason: "no such name" });
  const afterFailure = dial(named("hung.test"), { timeoutMs: 60_000, signal: never(), lookup });
  assert.equal(started.length, 4);
  started[3]!.answer.resolve(["127.0.0.1"]);
  assert.equal(problem(await afterFailure), "ok");
  backend.close();
});

Deno.test("`dial()` leaves the failure of a lookup that nobody waits for to nobody", async () => {
  const { started, lookup } = slowLookups();
  const address = { transport: "tcp", hostname: "hung.test", port: 1 } as const;
  assert.equal(problem(await dial(address, { timeoutMs: 10, signal: never(), lookup })), "timeout");
  started[0]!.answer.reject(new Error("no such name"));
  assert.equal(
    problem(await dial(address, { timeoutMs: 10, signal: AbortSignal.abort(), lookup })),
    "aborted",
  );
  assert.equal(started.length, 1);
});

Deno.test({
  name: "`dial()` asks for TCP keepalive, to an address and to a name",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const backend = listen();
    if (backend.address.transport !== "tcp") throw new Error("tcp");
    for (const hostname of ["127.0.0.1", "localhost"]) {
      const result = await dial({ ...backend.address, hostname }, {
        timeoutMs: 20_000,
        signal: never(),
      });
      if (!result.ok) throw new Error(result.reason);
      const ends = endsOf(result.connection as Deno.TcpConn);
      // proc(5), `tr`: 02 is the keepalive timer.
      await until("the keepalive timer", () => timerOf(ends)?.startsWith("02") === true);
      result.connection.close();
    }
    backend.close();
  },
});

/** As /proc/net/tcp has them. */
function endsOf({ localAddr, remoteAddr }: Deno.TcpConn): string {
  return [localAddr, remoteAddr]
    .map(({ port }) => `0100007F:${port.toString(16).padStart(4, "0").toUpperCase()}`)
    .join(" ");
}

function timerOf(ends: string): string | undefined {
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n");
  return lines.find((line) => line.includes(ends))?.trim().split(/\s+/)[5];
}

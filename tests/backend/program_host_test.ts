import assert from "node:assert/strict";
import type { Lease, Pool } from "../../lib/backend/backend.ts";
import { procAddress } from "../../lib/backend/proc.ts";
import type { Address } from "../../lib/base/address.ts";
import type { HostConfig, ProgramConfig } from "../../lib/config/config.ts";
import { freePort } from "../support/backends.ts";
import {
  createPool,
  end,
  failed,
  hostConfig,
  isRunning,
  keptLog,
  leased,
  listen,
  programConfig,
  request,
  roundTrip,
  route,
  until,
} from "./setting.ts";

const PROGRAM = new URL("program.ts", import.meta.url).pathname;

function program(...options: readonly string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-lock", "--allow-all", PROGRAM, ...options];
}

/** A pool of one host that starts `command` at a socket in a folder of its own. */
function startedPool(
  command: (folder: string) => readonly string[],
  change: Partial<ProgramConfig> = {},
  host: Partial<HostConfig> = {},
  addressIn: (folder: string) => Address = (folder) => ({ transport: "unix", path: `${folder}/s` }),
) {
  const folder = Deno.makeTempDirSync();
  const { events, lines } = keptLog();
  const config = hostConfig(addressIn(folder), {
    disableTimeMs: 50,
    program: programConfig(command(folder), change),
    ...host,
  });
  const pool = createPool(route(config), events);
  const read = (name: string) => {
    try {
      return Deno.readTextFileSync(`${folder}/${name}`).split("\n").filter((line) => line !== "");
    } catch {
      return [];
    }
  };
  return {
    pool,
    folder,
    said: (message: string) => lines.filter((line) => line.message === message),
    printed: (text: string) =>
      lines.filter(({ message, fields }) => message === "output" && fields.line === text),
    lines,
    read,
    [Symbol.asyncDispose]: async () => {
      await pool.stop();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

const states = (pool: Pool) => pool.report().map(({ state }) => state);
const pids = (pool: Pool) => pool.report().flatMap(({ pid }) => pid === null ? [] : [pid]);

for (
  const { address, id, maxProcs, expected } of [
    { address: "unix", id: 0, maxProcs: 1, expected: "/run/s" },
    { address: "unix", id: 0, maxProcs: 2, expected: "/run/s-0" },
    { address: "unix", id: 3, maxProcs: 4, expected: "/run/s-3" },
    { address: "tcp", id: 0, maxProcs: 1, expected: 5900 },
    { address: "tcp", id: 3, maxProcs: 4, expected: 5903 },
  ] as const
) {
  Deno.test(`\`procAddress()\` of ${address} proc ${id} of ${maxProcs} is ${expected}`, () => {
    const host: Address = address === "unix"
      ? { transport: "unix", path: "/run/s" }
      : { transport: "tcp", hostname: "127.0.0.1", port: 5900 };
    const found = procAddress(host, id, maxProcs);
    assert.equal(found.transport === "unix" ? found.path : found.port, expected);
  });
}

Deno.test("`ProgramHost` scales redis-server from 1 to 4 under load and back", async () => {
  const command = "redis-server --port 0 --unixsocket {socket} --save --dir".split(" ");
  await using started = startedPool((folder) => [...command, folder], { idleTimeoutMs: 3_000 });
  const { pool } = started;
  await pool.start();
  assert.deepEqual(states(pool), ["up", "stopped", "stopped", "stopped"]);
  const [first] = pids(pool);
  const leases: Lease[] = [];
  for (let i = 0; i < 8; i++) {
    const lease = leased(await pool.connect(request()));
    assert.equal(await roundTrip(lease, "PING\r\n"), "+PONG\r\n");
    leases.push(lease);
  }
  await until("4 are up", () => states(pool).every((state) => state === "up"));
  const late = leased(await pool.connect(request()));
  assert.notEqual(late.backend, leases[0]!.backend, "the least loaded proc is chosen");
  assert.equal(pool.report().reduce((sum, { load }) => sum + load, 0), 9);
  const all = pids(pool);
  assert.equal(new Set(all).size, 4);
  [...leases, late].forEach(end);
  await until("1 is left", () => states(pool).filter((state) => state !== "stopped").length === 1);
  await until("3 have ended", () => all.filter(isRunning).length === 1);
  assert.ok(isRunning(first!) === pids(pool).includes(first!));
  assert.deepEqual(pool.report().map(({ load }) => load), [0, 0, 0, 0]);
  await pool.stop();
  assert.deepEqual(all.filter(isRunning), []);
});

Deno.test("`ProgramHost` lets requests wait for a program that is starting, on demand", async () => {
  await using started = startedPool(
    (folder) => program("after=300", `starts=${folder}/starts`),
    { minProcs: 0, maxProcs: 1, idleTimeoutMs: 100 },
  );
  const { pool, read } = started;
  await pool.start();
  assert.deepEqual(states(pool), ["stopped"]);
  const connects = Array.from({ length: 5 }, () => pool.connect(request()));
  const leases = (await Promise.all(connects)).map(leased);
  assert.equal(await roundTrip(leases[4]!, "hello"), "hello");
  assert.equal(read("starts").length, 1);
  leases.forEach(end);
  await until("it is stopped when unused", () => states(pool)[0] === "stopped");
  end(leased(await pool.connect(request())));
  assert.equal(read("starts").length, 2);
});

Deno.test("`ProgramHost` tells the program its address at a port, too", async () => {
  const port = freePort();
  await using started = startedPool(
    () => program(`says={host}|{port}|{id}|{other}`),
    { maxProcs: 1, environment: { NAME: "value" }, copyEnvironment: ["PATH", "HOME"] },
    {},
    () => ({ transport: "tcp", hostname: "127.0.0.1", port }),
  );
  const { pool, printed } = started;
  const lease = leased(await pool.connect(request()));
  assert.equal(lease.backend, `127.0.0.1:${port}`);
  assert.equal(await roundTrip(lease, "hello"), "hello");
  const line = `127.0.0.1|${port}|0|{other}`;
  await until("both lines are in the log", () => printed(line).length === 2);
  assert.deepEqual(printed(line).map(({ fields }) => fields.stream).sort(), ["stderr", "stdout"]);
  end(lease);
});

Deno.test("`ProgramHost` reports a program that crashes at once a single time, and its recovery", async () => {
  await using started = startedPool(
    (folder) => [
      "/bin/sh",
      "-c",
      `test -e ${folder}/fixed && exec "$@"; echo first; echo no display >&2; exit 3`,
      "sh",
      ...program(),
    ],
    { maxProcs: 4 },
  );
  const { pool, folder, said, printed } = started;
  await pool.start();
  for (let i = 0; i < 5; i++) {
    const failure = failed(await pool.connect(request()));
    assert.equal(failure.kind, "down");
    assert.match(failure.reason, /ended with exit code 3 before it accepted a connection/);
  }
  assert.deepEqual(states(pool), ["backoff", "stopped", "stopped", "stopped"]);
  await until("its next start is known", () => pool.report()[0]!.disabledUntil !== null);
  await until("it was tried twice", () => printed("first").length >= 2);
  const [report, ...others] = said("program can't start");
  assert.equal(others.length, 0);
  assert.equal(report!.level, "error");
  assert.match(String(report!.fields.reason), /exit code 3/);
  assert.deepEqual(String(report!.fields.output).split("\n").sort(), ["first", "no display"]);
  Deno.writeTextFileSync(`${folder}/fixed`, "");
  await until("it serves", async () => {
    const result = await pool.connect(request());
    if (result.ok) end(result.lease);
    return result.ok;
  });
  assert.equal(said("program is up again").length, 1);
});

Deno.test("`ProgramHost` says that a program can't be started at all", async () => {
  await using started = startedPool(() => ["/nonexistent/vncd", "--listen"]);
  const failure = failed(await started.pool.connect(request()));
  assert.match(failure.reason, /can't start \/nonexistent\/vncd: .*No such file/);
});

Deno.test("`ProgramHost` gives up on a program that hangs at start after connect-timeout", async () => {
  await using started = startedPool(
    (folder) => ["/bin/sh", "-c", `echo $$ >> ${folder}/pids; exec sleep 300`],
    { maxProcs: 1 },
    { connectTimeoutMs: 300 },
  );
  const { pool, read } = started;
  const since = performance.now();
  const failure = failed(await pool.connect(request()));
  const tookMs = performance.now() - since;
  assert.ok(tookMs >= 290 && tookMs < 10_000, `${tookMs}`);
  assert.match(failure.reason, /did not accept a connection at unix:\/.*\/s within 0.3 s/);
  const [pid] = read("pids");
  await until("it is gone", () => !isRunning(Number(pid)));
});

Deno.test("`ProgramHost` gives up waiting when the client goes, not starting for the others", async () => {
  await using started = startedPool(() => program("after=400"), { maxProcs: 1 });
  const { pool } = started;
  const aborter = new AbortController();
  const gone = pool.connect(request({ signal: aborter.signal }));
  const waiting = pool.connect(request());
  aborter.abort();
  assert.equal(failed(await gone).kind, "aborted");
  assert.equal(states(pool)[0], "starting");
  end(leased(await waiting));
});

Deno.test("`ProgramHost` stops a program that ignores SIGTERM and its stubborn grandchild", async () => {
  await using started = startedPool(
    (folder) => program("stubborn", `grandchild=${folder}/grandchild`),
    { maxProcs: 1 },
  );
  const { pool, read } = started;
  await pool.start();
  const left = [...pids(pool), Number(read("grandchild")[0])];
  assert.deepEqual(left.filter(isRunning), left);
  const since = performance.now();
  await pool.stop();
  assert.ok(performance.now() - since < 20_000);
  await until("both are gone", () => !left.some(isRunning));
});

Deno.test("`ProgramHost` ends a grandchild left by a program that died", async () => {
  await using started = startedPool(
    (folder) => program(`grandchild=${folder}/grandchild`),
    { maxProcs: 1 },
  );
  const { pool, read } = started;
  await pool.start();
  const grandchild = Number(read("grandchild")[0]);
  Deno.kill(pids(pool)[0]!, "SIGKILL");
  await until("it is gone", () => !isRunning(grandchild));
});

Deno.test("`ProgramHost` restarts a dead program when its load is zero, not before", async () => {
  await using started = startedPool((folder) => program(`starts=${folder}/starts`), {
    maxProcs: 1,
  });
  const { pool, read, said } = started;
  const lease = leased(await pool.connect(request()));
  const [pid] = pids(pool);
  Deno.kill(pid!, "SIGKILL");
  await until("its end is seen", () => states(pool)[0] === "dead");
  assert.match(failed(await pool.connect(request())).reason, /ended with signal SIGKILL/);
  assert.equal(read("starts").length, 1);
  end(lease);
  await until("another is up", () => states(pool)[0] === "up");
  assert.notEqual(pids(pool)[0], pid);
  assert.equal(said("program has ended").length, 1);
  end(leased(await pool.connect(request())));
});

Deno.test("`ProgramHost` starts a program that ends well behind each client again within a second", async () => {
  const port = freePort();
  const command = "socat TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr EXEC:/bin/cat".split(" ");
  await using started = startedPool(
    () => command,
    { maxProcs: 1 },
    {},
    () => ({ transport: "tcp", hostname: "127.0.0.1", port }),
  );
  const { pool } = started;
  const begun = performance.now();
  for (let client = 0; client < 6; client++) {
    let lease: Lease | null = null;
    await until("another is up", async () => {
      const result = await pool.connect(request());
      if (result.ok) lease = result.lease;
      return result.ok;
    });
    assert.equal(await roundTrip(lease!, "hello"), "hello");
    end(lease!);
  }
  // Taken for failures, five ends would cost 16 s.
  assert.ok(performance.now() - begun < 15_000);
});

Deno.test("`ProgramHost` tells a program's last words before its end", async () => {
  const WORDS = "out of memory ".repeat(20);
  await using started = startedPool(() => program(`last=${WORDS}`), { maxProcs: 1 });
  const { pool, lines, said } = started;
  end(leased(await pool.connect(request())));
  Deno.kill(pids(pool)[0]!, "SIGUSR2");
  await until("its end is told", () => said("program has ended").length === 1);
  const told = lines.filter(({ message }) => ["output", "program has ended"].includes(message));
  assert.deepEqual(told.map(({ fields }) => fields.line ?? fields.exit), [
    ...Array.from({ length: 100 }, () => WORDS),
    "exit code 3",
  ]);
});

Deno.test("`ProgramHost` uses what listens already and starts its own when that has gone", async () => {
  await using started = startedPool((folder) => program(`starts=${folder}/starts`), {
    maxProcs: 1,
  });
  const { pool, folder, read, said } = started;
  const others = listen({ transport: "unix", path: `${folder}/s` });
  await pool.start();
  const leases = [leased(await pool.connect(request())), leased(await pool.connect(request()))];
  assert.equal(await roundTrip(leases[1]!, "hello"), "hello");
  assert.deepEqual(states(pool), ["foreign"]);
  assert.deepEqual(read("starts"), []);
  assert.equal(said("something listens already, no program is started").length, 1);
  leases.forEach(end);
  others.close();
  await until("ours serves", async () => {
    const result = await pool.connect(request());
    if (result.ok) end(result.lease);
    return result.ok;
  });
  assert.deepEqual(states(pool), ["up"]);
});

Deno.test("`ProgramHost` starts programs beside one that listens already, as the load asks for", async () => {
  await using started = startedPool((folder) => program(`starts=${folder}/starts`), {
    maxProcs: 3,
  });
  const { pool, folder, read } = started;
  const others = listen({ transport: "unix", path: `${folder}/s-0` });
  await pool.start();
  assert.deepEqual(states(pool), ["foreign", "stopped", "stopped"]);
  const leases = [leased(await pool.connect(request())), leased(await pool.connect(request()))];
  await until("a second one serves", () => states(pool)[1] === "up");
  leases.push(leased(await pool.connect(request())));
  assert.deepEqual(pool.report().map(({ load }) => load), [2, 1, 0]);
  assert.equal(read("starts").length, 1);
  leases.forEach(end);
  others.close();
});

Deno.test("`ProgramHost` removes a stale socket, but nothing else that stands at its path", async () => {
  await using started = startedPool(() => program(), { maxProcs: 1 });
  const { pool, folder } = started;
  Deno.writeTextFileSync(`${folder}/s`, "precious");
  assert.match(failed(await pool.connect(request())).reason, /is there and is no socket/);
  assert.equal(Deno.readTextFileSync(`${folder}/s`), "precious");
  Deno.removeSync(`${folder}/s`);
  leaveStaleSocket(`${folder}/s`);
  await until("it serves", async () => {
    const result = await pool.connect(request());
    if (result.ok) end(result.lease);
    return result.ok;
  });
});

/** Deno 2.9 takes its file away on close: a process that is killed can't. */
function leaveStaleSocket(path: string): void {
  const script = `const l = Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} });
    Deno.kill(Deno.pid, "SIGKILL"); l.close();`;
  new Deno.Command(Deno.execPath(), { args: ["eval", script] }).outputSync();
  assert.ok(Deno.lstatSync(path).isSocket);
}

Deno.test("`ProgramHost` starts nothing any more for a request that waited for a stop when the pool stops", async () => {
  await using started = startedPool(
    (folder) => program("stubborn", `starts=${folder}/starts`),
    { minProcs: 0, maxProcs: 1, idleTimeoutMs: 50 },
  );
  const { pool, read } = started;
  end(leased(await pool.connect(request())));
  await until("it is being stopped", () => states(pool)[0] === "stopping");
  const waiting = pool.connect(request());
  await pool.stop();
  failed(await waiting);
  assert.deepEqual(states(pool), ["stopped"]);
  assert.equal(read("starts").length, 1);
});

Deno.test("`ProgramHost` starts a proc that is stopped rather than wait for one that is being stopped", async () => {
  await using started = startedPool(
    (folder) => program("stubborn", `starts=${folder}/starts`),
    { minProcs: 0, maxProcs: 2, idleTimeoutMs: 50 },
  );
  const { pool } = started;
  end(leased(await pool.connect(request())));
  await until("it is being stopped", () => states(pool)[0] === "stopping");
  const lease = leased(await pool.connect(request()));
  assert.match(lease.backend, /\/s-1$/);
  end(lease);
});

Deno.test("`ProgramHost` counts requests that wait for a start as load: two hosts share a burst", async () => {
  const folder = Deno.makeTempDirSync();
  const host = (name: string) =>
    hostConfig({ transport: "unix", path: `${folder}/${name}` }, {
      program: programConfig(program("after=200"), { minProcs: 0, maxProcs: 1 }),
    });
  const pool = createPool(route(host("a"), host("b")), keptLog().events);
  const connects = Array.from({ length: 10 }, () => pool.connect(request()));
  const leases = (await Promise.all(connects)).map(leased);
  assert.deepEqual(pool.report().map(({ load }) => load), [5, 5]);
  leases.forEach(end);
  await pool.stop();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("`ProgramHost` counts a start that fails once, however many requests waited for it", async () => {
  await using started = startedPool(
    () => ["/bin/sh", "-c", "sleep 0.2; exit 3"],
    { minProcs: 0, maxProcs: 1 },
  );
  const { pool } = started;
  const results = await Promise.all(Array.from({ length: 5 }, () => pool.connect(request())));
  for (const result of results) assert.match(failed(result).reason, /exit code 3/);
  failed(await pool.connect(request()));
  assert.equal(pool.report()[0]!.failures, 1);
});

Deno.test("`ProgramHost` counts the failures of programs that nobody asked for", async () => {
  await using started = startedPool(() => ["/bin/false"], { maxProcs: 1 });
  await started.pool.start();
  assert.equal(started.pool.report()[0]!.failures, 1);
});

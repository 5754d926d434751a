/** Programs that wstunnel starts for a pool, from their start to their end, good ones and bad ones. */
import assert from "node:assert/strict";
import { DEADLINE_MS, eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import type { Program } from "../support/program.ts";
import {
  type Fields,
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";
import { loadsOf, pidsOf, report, reportThat, statesOf } from "./report.ts";
import { BINARY_FRAMES, startWithFile, text } from "./whole.ts";

const REDIS = installed("redis-server");
const ECHO = new URL("../backend/program.ts", import.meta.url).pathname;

/** An echoing program that does what its arguments ask for besides. */
const echoProgram = (
  ...options: string[]
) => [Deno.execPath(), "run", "--quiet", "--no-lock", "--allow-all", ECHO, ...options];

const sh = (script: string) => ["/bin/sh", "-c", script];

interface Setting {
  readonly program: Program;
  readonly folder: string;
  /** The lines of a file in the folder; none while it isn't there. */
  lines(name: string): string[];
}

/** Starts wstunnel with a program behind a socket in a folder of its own. */
async function withProgram(
  command: (folder: string) => readonly string[],
  host: string,
  body: (setting: Setting) => Promise<void>,
  top = "",
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using program = await startWithFile(`${top}
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/"]]
socket = "${folder}/s"
bin-path = ${JSON.stringify(command(folder))}
disable-time = 0.1
${host}
`);
    const lines = (name: string) => {
      try {
        return Deno.readTextFileSync(`${folder}/${name}`).split("\n").filter((line) => line !== "");
      } catch {
        return [];
      }
    };
    await body({ program, folder, lines });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function statusOf({ address }: Program, fields: Fields = {}): Promise<number> {
  using client = await openRaw(address);
  await client.write(handshake("/", fields));
  return (await client.head()).status;
}

async function assertEchoes(client: RawClient): Promise<void> {
  await client.send(Opcode.BINARY, "echo this");
  assert.equal(text(await client.payload(9)), "echo this");
}

async function allGone(pids: readonly number[]): Promise<void> {
  await eventually(`the end of ${pids}`, () => !pids.some(isRunning));
}

Deno.test({
  name: `redis-server scales from 1 to 4 under load and back${
    REDIS === null ? " (skipped: redis-server isn't installed)" : ""
  }`,
  ignore: REDIS === null,
  fn: () =>
    withProgram(
      (folder) => [...`${REDIS} --port 0 --unixsocket {socket} --save --dir`.split(" "), folder],
      "min-procs = 1\nmax-procs = 4\nmax-load-per-proc = 2\nidle-timeout = 3",
      async ({ program }) => {
        const oneUp = ["stopped", "stopped", "stopped", "up"];
        const states = (wanted: string[]) => (seen: Parameters<typeof statesOf>[0]) =>
          String(statesOf(seen).sort()) === String(wanted);
        const atRest = await reportThat(program, "one is up", states(oneUp));
        const clients: RawClient[] = [];
        try {
          for (let i = 0; i < 12; i++) {
            const client = await openTunnel(program.address);
            clients.push(client);
            await client.send(Opcode.BINARY, "PING\r\n");
            assert.equal(text(await client.payload(7)), "+PONG\r\n");
          }
          const loaded = await reportThat(program, "four are up", states(Array(4).fill("up")));
          const pids = pidsOf(loaded);
          assert.equal(new Set(pids).size, 4);
          assert.ok(pids.includes(pidsOf(atRest)[0]!));
          assert.deepEqual(pids.filter(isRunning), pids);
          assert.equal(loadsOf(loaded).reduce((sum, load) => sum + load), 12);
          // What comes now goes to those that have least.
          for (let i = 0; i < 8; i++) clients.push(await openTunnel(program.address));
          const spread = loadsOf(await report(program));
          assert.ok(Math.min(...spread) >= 2, `${spread}`);
          clients.forEach((client) => client[Symbol.dispose]());
          const after = await reportThat(program, "one is left", states(oneUp));
          assert.deepEqual(loadsOf(after), [0, 0, 0, 0]);
          assert.equal(after.openTunnels, 0);
          await eventually("three have ended", () => pids.filter(isRunning).length === 1);
          assert.deepEqual(pids.filter(isRunning), pidsOf(after));
          await program.entry("surplus program is stopped", 3);
          assert.equal(program.entries("surplus program is stopped").length, 3);
        } finally {
          clients.forEach((client) => client[Symbol.dispose]());
        }
      },
    ),
});

Deno.test("a program that crashes at once: 503, and one line with its exit code and last words", () =>
  withProgram(
    (folder) => sh(`echo $$ >> ${folder}/starts; echo no display >&2; exit 3`),
    "max-procs = 4",
    async ({ program, lines }) => {
      await eventually("a second start", async () => {
        assert.equal(await statusOf(program), 503);
        return lines("starts").length >= 2;
      });
      const told = await program.entry("program can't start");
      assert.equal(program.entries("program can't start").length, 1);
      assert.equal(told.level, "error");
      assert.match(String(told.program), /\/s-0$/);
      assert.match(String(told.reason), /ended with exit code 3 before it accepted a connection/);
      assert.equal(told.output, "no display");
      await program.entry("every backend of the route is down");
      assert.equal(program.entries("every backend of the route is down").length, 1);
      const { rows } = await report(program);
      assert.ok(rows[0]!.failures > 0);
      assert.ok(rows.slice(1).every(({ state }) => state === "stopped"), "one is tried, not all");
    },
  ));

Deno.test("a program that hangs at start has connect-timeout, then it is ended", () =>
  withProgram(
    (folder) => sh(`echo $$ >> ${folder}/starts; exec sleep 300`),
    "max-procs = 1\nconnect-timeout = 2",
    async ({ program, lines }) => {
      assert.equal(await statusOf(program), 503);
      const told = await program.entry("program can't start");
      assert.match(String(told.reason), /did not accept a connection at \S+ within 2 s/);
      await allGone([Number(lines("starts")[0])]);
      await eventually("a second start", () => lines("starts").length === 2);
      await allGone([Number(lines("starts")[1])]);
      assert.equal(program.entries("program can't start").length, 1);
    },
  ));

Deno.test("requests wait for a program that starts; a client that leaves meanwhile holds nothing", () =>
  withProgram(
    (folder) => echoProgram("after=3000", `starts=${folder}/starts`),
    "min-procs = 0\nmax-procs = 1",
    async ({ program, lines }) => {
      const gone = await openRaw(program.address);
      await gone.write(handshake());
      const waiting = openTunnel(program.address);
      await eventually("the program's start", () => lines("starts").length === 1);
      assert.deepEqual(statesOf(await report(program)), ["starting"]);
      gone[Symbol.dispose]();
      using client = await waiting;
      await assertEchoes(client);
      const { rows, openTunnels } = await report(program);
      assert.equal(openTunnels, 1);
      assert.equal(rows[0]!.load, 1);
      assert.equal(rows[0]!.tunnelsServed, 1);
      await program.entry("tunnel opened");
      assert.equal(program.entries("tunnel opened").length, 1);
      assert.equal(lines("starts").length, 1);
    },
  ));

Deno.test("a program that dies is started again once its tunnels have ended, and takes its grandchild along", () =>
  withProgram(
    (folder) => echoProgram(`grandchild=${folder}/grandchildren`),
    "max-procs = 1",
    async ({ program, lines }) => {
      using client = await openTunnel(program.address);
      await assertEchoes(client);
      const [pid] = pidsOf(await report(program));
      Deno.kill(pid!, "SIGKILL");
      assert.ok([1000, 1011].includes((await client.closed()).code));
      client[Symbol.dispose]();
      await allGone([Number(lines("grandchildren")[0])]);
      await eventually("another one", async () => await statusOf(program) === 101);
      const entry = await program.entry("program has ended");
      assert.equal(entry.exit, "signal SIGKILL");
      const [next] = pidsOf(await report(program));
      assert.notEqual(next, pid);
    },
  ));

/** The ids of a stubborn program, of the grandchild that it leaves, and of wstunnel's other children. */
async function startedBy({ program, lines }: Setting): Promise<number[]> {
  await program.entry("program is up");
  const pids = [...childrenOf(program.pid), Number(lines("grandchildren")[0])];
  assert.ok(pids.includes(pidsOf(await report(program))[0]!));
  assert.deepEqual(pids.filter(isRunning), pids);
  return pids;
}

const stubborn = (folder: string) => echoProgram("stubborn", `grandchild=${folder}/grandchildren`);

/** Two signals are tried before SIGKILL, each for 2 s, in as much of the time as there is. */
const STUBBORN: readonly (readonly [graceSeconds: number, leastMs: number, mostMs: number])[] = [
  [1, 900, 4_000],
  [6, 3_900, 15_000],
];

for (const [graceSeconds, leastMs, mostMs] of STUBBORN) {
  Deno.test(`at SIGTERM a program that ignores it is gone after a grace-time of ${graceSeconds} s, as is its grandchild`, () =>
    withProgram(stubborn, "max-procs = 1", async (setting) => {
      const { program } = setting;
      const pids = await startedBy(setting);
      using client = await openTunnel(program.address);
      await assertEchoes(client);
      const start = performance.now();
      program.signal("SIGTERM");
      assert.equal((await client.closed()).code, 1001);
      client[Symbol.dispose]();
      assert.equal(await program.exit(), 0);
      const tookMs = performance.now() - start;
      assert.ok(tookMs >= leastMs && tookMs < mostMs, `${tookMs}`);
      await allGone(pids);
    }, `grace-time = ${graceSeconds}`));
}

Deno.test("at SIGTERM a program that still starts is ended, too", () =>
  withProgram(
    (folder) => sh(`echo $$ >> ${folder}/starts; exec sleep 300`),
    "max-procs = 1\nconnect-timeout = 600",
    async ({ program, lines }) => {
      await eventually("its start", () => lines("starts").length === 1);
      using waiting = await openRaw(program.address);
      await waiting.write(handshake());
      // Answered only once the first has been read: both are on one accept queue.
      assert.equal(await statusOf(program, { Upgrade: null }), 426);
      program.signal("SIGTERM");
      const response = await waiting.head();
      assert.equal(response.status, 503);
      assert.equal(await waiting.body(response), "the server shuts down\n");
      waiting[Symbol.dispose]();
      // No connect-timeout is waited for.
      assert.equal(await program.exit(), 0);
      await allGone([Number(lines("starts")[0])]);
      assert.deepEqual(program.entries("program can't start"), []);
    },
  ));

Deno.test("SIGKILL of wstunnel leaves no program, no grandchild and no other process behind", () =>
  withProgram(stubborn, "min-procs = 2\nmax-procs = 2", async (setting) => {
    const { program, lines } = setting;
    await program.entry("program is up", 2);
    const pids = [...await startedBy(setting), ...lines("grandchildren").map(Number)];
    program.signal("SIGKILL");
    await program.exit(DEADLINE_MS);
    await allGone(pids);
  }));

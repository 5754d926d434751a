/** Hundreds of tunnels opened and closed at random while their backends are killed, and what is left of it all. */
import assert from "node:assert/strict";
import { type Backend, echo, serveBackend } from "../support/backends.ts";
import { installed } from "../support/installed.ts";
import { childrenOf, descriptorCount, isRunning } from "../support/processes.ts";
import type { Program } from "../support/program.ts";
import { type Random, withRandom } from "../support/random.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { pidsOf, report, reportThat } from "./report.ts";
import { BINARY_FRAMES, hostLines, startWithFile } from "./whole.ts";

const REDIS = installed("redis-server");
const CLIENTS = 500;
const CHURN_MS = 1000 * Number(Deno.env.get("WSTUNNEL_CHURN_SECONDS") ?? 30);
const MAX_PAUSE_MS = 4000;
const MAX_STAY_MS = 8000;

/** Longer than a host is disabled, so that of the three that are stopped in turn one at least is up at any time. */
const MIN_KILL_PAUSE_MS = 250;
const MAX_KILL_PAUSE_MS = 800;

/** Processes that were killed often wait up to 30 s for their next start. */
const CALM_DEADLINE_MS = 60_000;

/** Twice what it takes, since the runtime collects its garbage when it likes: 150 to 180 MiB were seen. */
const MAX_RESIDENT_BYTES = 350 * 1024 * 1024;

/** Redis answers it, an echo gives it back. */
const PING = "PING\r\n";

interface Counts {
  opened: number;
  answered: number;
  cut: number;
  left: number;
  killed: number;
  mostOpen: number;
}

/** Three hosts that are always there but for one, redis-server in one to four processes, and a program a tunnel. */
function configuration(addresses: readonly string[], folder: string): string {
  const fixed = addresses.map((address) => `[[wstunnel.server."/"]]\n${hostLines(address)}`);
  return `
[wstunnel]
${BINARY_FRAMES}
${fixed.map((lines) => `${lines}\ndisable-time = 0.1`).join("\n")}
[[wstunnel.server."/"]]
socket = "${folder}/s"
bin-path = ["${REDIS}", "--port", "0", "--unixsocket", "{socket}", "--save", "--dir", "${folder}"]
max-load-per-proc = 20
idle-timeout = 1
disable-time = 0.1
[[wstunnel.server."/"]]
exec = "/bin/cat"
max-procs = 40
disable-time = 0.1
`;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Opens tunnels, one after the other, and ends each in one of the ways there are. */
async function churnTunnels(
  program: Program,
  random: Random,
  counts: Counts,
  endsAt: number,
): Promise<void> {
  let open = 0;
  const client = async () => {
    while (performance.now() < endsAt) {
      await pause(random.below(MAX_PAUSE_MS));
      if (random.oneIn(10)) {
        using impatient = await openRaw(program.address);
        await impatient.write(handshake());
        counts.left++;
        continue;
      }
      // Refused, it would throw: one host at least is up at any time.
      using tunnel = await openTunnel(program.address);
      counts.opened++;
      counts.mostOpen = Math.max(counts.mostOpen, ++open);
      const next = tunnel.frame();
      await pause(Math.max(0, Math.min(random.below(MAX_STAY_MS), endsAt - performance.now())));
      // One that was cut meanwhile takes nothing more.
      await tunnel.send(Opcode.BINARY, PING).catch(() => {});
      const { opcode, payload } = await next;
      if (opcode === Opcode.CLOSE) {
        const code = new DataView(payload.buffer).getUint16(0);
        assert.ok([1000, 1011].includes(code), `a tunnel that is cut says so: ${code}`);
        counts.cut++;
      } else counts.answered++;
      if (random.oneIn(2)) await tunnel.send(Opcode.CLOSE, closePayload(1000)).catch(() => {});
      open--;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** Stops one of the hosts for a while, or kills one of the program's own processes. */
async function churnBackends(
  program: Program,
  random: Random,
  counts: Counts,
  backends: Backend[],
  endsAt: number,
): Promise<void> {
  while (performance.now() < endsAt) {
    await pause(MIN_KILL_PAUSE_MS + random.below(MAX_KILL_PAUSE_MS - MIN_KILL_PAUSE_MS));
    counts.killed++;
    if (random.oneIn(2)) {
      const index = random.below(backends.length);
      const port = Number(backends[index]!.address.split(":")[1]);
      await backends[index]![Symbol.asyncDispose]();
      await pause(random.below(200));
      backends[index] = serveBackend(echo, { port });
      continue;
    }
    const { rows } = await report(program);
    const isExec = random.oneIn(2);
    const pids = rows.filter(({ backend }) => backend.startsWith("exec:") === isExec)
      .flatMap(({ pid }) => pid ?? []);
    // Another's process may have got the id of one that has ended.
    const ours = childrenOf(program.pid);
    const victims = pids.filter((pid) => ours.includes(pid) && isRunning(pid));
    if (victims.length > 0) Deno.kill(random.pick(victims), "SIGKILL");
  }
}

const AT_REST = ["up", "stopped", "failed", "disabled"];

interface Footprint {
  readonly descriptors: number;
  readonly children: number;
}

/** What the program holds when nothing is going on: no tunnel, and of its processes those that are always kept. */
async function atRest(program: Program): Promise<Footprint> {
  const quiet = await reportThat(
    program,
    "nothing but one redis-server",
    ({ rows, openTunnels }) =>
      openTunnels === 0 &&
      rows.every(({ load, state }) => load === 0 && AT_REST.includes(state)) &&
      rows.filter(({ pid }) => pid !== undefined).length === 1,
    CALM_DEADLINE_MS,
  );
  assert.ok(isRunning(pidsOf(quiet)[0]!));
  return { descriptors: descriptorCount(program.pid), children: childrenOf(program.pid).length };
}

Deno.test({
  name: `${CLIENTS} clients and dying backends leave no load, descriptor, process or memory behind${
    REDIS === null ? " (skipped: redis-server isn't installed)" : ""
  }`,
  ignore: REDIS === null,
  fn: (t) =>
    withRandom(t, async (random) => {
      const folder = await Deno.makeTempDir();
      const backends = Array.from({ length: 3 }, () => serveBackend(echo));
      try {
        const addresses = backends.map(({ address }) => address);
        await using program = await startWithFile(configuration(addresses, folder));
        const counts = { opened: 0, answered: 0, cut: 0, left: 0, killed: 0, mostOpen: 0 };
        const warmUpEndsAt = performance.now() + 1000;
        await churnTunnels(program, random, counts, warmUpEndsAt);
        const before = await atRest(program);

        const endsAt = performance.now() + CHURN_MS;
        await Promise.all([
          churnTunnels(program, random, counts, endsAt),
          churnBackends(program, random, counts, backends, endsAt),
        ]);
        const said = JSON.stringify(counts);
        assert.ok(counts.opened > CLIENTS && counts.answered > CLIENTS, said);
        assert.ok(counts.mostOpen > CLIENTS / 2 && counts.killed > 20, said);
        const after = await atRest(program);
        assert.deepEqual(after, before);
        assert.ok(program.residentBytes() < MAX_RESIDENT_BYTES, `${program.residentBytes()} bytes`);
        assert.deepEqual(program.entries("a defect in wstunnel, please report it"), []);
        using client = await openTunnel(program.address);
        await client.send(Opcode.BINARY, PING);
        assert.equal((await client.frame()).opcode, Opcode.BINARY);
        client[Symbol.dispose]();
        program.signal("SIGTERM");
        assert.equal(await program.exit(), 0);
      } finally {
        await Promise.all(backends.map((backend) => backend[Symbol.asyncDispose]()));
        await Deno.remove(folder, { recursive: true });
      }
    }),
});

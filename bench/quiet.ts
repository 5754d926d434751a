/**
 * `deno task bench:quiet`: how long the echo of a tunnel takes that says something now and then, while others keep the server busy. A few of these have a client
 * and a backend of their own, so that they wait for the server alone.
 */
import { parseArgs } from "node:util";
import { type Contender, lighttpd, named } from "./contenders.ts";
import { digits, machine, median, range, table } from "./figures.ts";
import { buildLoad, type Load, type LoadResult, runLoad } from "./load.ts";
import { freePort, ourCommand, type Server, startServer } from "./server.ts";

/** As somebody types. */
const PAUSE_S = 0.1;

/** Until the others are all there. */
const WARMUP_S = 1;

const QUIET: Load = { mode: "rtt", tunnels: 5, size: 64, pause: PAUSE_S, path: "/quiet" };

const NEIGHBOURS: Readonly<Record<string, Load | null>> = {
  "nobody": null,
  "round trips x1000": { mode: "rtt", tunnels: 1000, size: 64 },
  "echo 1 KiB x64": { mode: "echo", tunnels: 64, size: 1024 },
  "upload 64 KiB x8": { mode: "up", tunnels: 8, size: 65_536 },
  "download x8": { mode: "down", tunnels: 8, size: 65_536 },
  "connections x16": { mode: "conn", tunnels: 16, size: 64 },
};

const NAMES = Object.keys(NEIGHBOURS).join(", ");

const USAGE = `deno task bench:quiet [options]
  --engine ENGINE     an engine of ours, and flags behind it, as in 'loop --workers 2'; repeat it for more (default: loop)
  --beside FILE       another main.ts, as of an older version; repeat it for more
  --peer [NAME=]PATH  a lighttpd; repeat it for more
  --row NAME          one kind of neighbours; repeat it for more: ${NAMES} (default: all)
  --rounds N          rounds of every row (default 5)
  --seconds S         seconds of one measurement (default 2)`;

/** Where the backends listen, of the neighbours and of the quiet tunnel. */
interface Ports {
  readonly busy: number;
  readonly quiet: number;
}

type Quiet = Pick<Contender, "name" | "command">;

async function chooseContenders(
  { engine, beside, peer }: Pick<Settings, "engine" | "beside" | "peer">,
  folder: string,
  { busy, quiet }: Ports,
): Promise<Quiet[]> {
  const paths = `--path ${QUIET.path} --server 127.0.0.1:${quiet} --frame-type binary`;
  const all = engine.map((name): Quiet => ({ name, command: ourCommand(`${name} ${paths}`) }));
  for (const main of beside) {
    const command = ourCommand(`${engine[0]} ${paths}`);
    all.push({
      name: main,
      command: command.map((word) => word.endsWith("/main.ts") ? main : word),
    });
  }
  const backends = { [QUIET.path!]: quiet, "/": busy };
  for (const text of peer) {
    all.push(await lighttpd(named(text, "lighttpd"), `${folder}/${all.length}`, backends));
  }
  return all;
}

/** One measurement of the quiet tunnel, beside its neighbours. */
async function measure(
  program: string,
  server: Server,
  neighbours: Load | null,
  { quiet }: Ports,
  seconds: number,
): Promise<LoadResult> {
  const target = { ...server, seconds, apart: false };
  const own = { ...target, backend: `127.0.0.1:${quiet}`, warmup: WARMUP_S };
  if (neighbours === null) return await runLoad(program, QUIET, own, []);
  // They are there before it, and after.
  const theirs = { ...target, warmup: 0, seconds: seconds + 2 * WARMUP_S };
  const [result] = await Promise.all([
    runLoad(program, QUIET, own, []),
    runLoad(program, neighbours, theirs, []),
  ]);
  return result;
}

interface Settings {
  readonly engine: string[];
  readonly beside: string[];
  readonly peer: string[];
  readonly row: string[];
  readonly rounds: number;
  readonly seconds: number;
}

function readSettings(): Settings | null {
  const list = { type: "string", multiple: true, default: [] as string[] } as const;
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      engine: list,
      beside: list,
      peer: list,
      row: list,
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const { engine, row, rounds, seconds } = values;
  const unknown = row.find((name) => !(name in NEIGHBOURS));
  if (unknown !== undefined) throw new Error(`No row is named '${unknown}'\n${USAGE}`);
  return {
    ...values,
    engine: engine.length > 0 ? engine : ["loop"],
    row: row.length > 0 ? row : Object.keys(NEIGHBOURS),
    rounds: Number(rounds),
    seconds: Number(seconds),
  };
}

/** Prints a row's times as soon as they are known. */
async function compare(settings: Settings, folder: string): Promise<void> {
  const program = await buildLoad();
  const ports = { busy: freePort(), quiet: freePort() };
  const contenders = await chooseContenders(settings, folder, ports);
  const servers: Server[] = [];
  try {
    for (const { name, command } of contenders) {
      servers.push(await startServer(name, command, ports.busy));
    }
    for (const row of settings.row) {
      const results = servers.map((): LoadResult[] => []);
      for (let round = 0; round < settings.rounds; round++) {
        for (const [at, server] of servers.entries()) {
          results[at]!.push(
            await measure(program, server, NEIGHBOURS[row]!, ports, settings.seconds),
          );
        }
      }
      const cells = servers.map(({ name }, at) => {
        const p50s = results[at]!.map(({ p50Us }) => p50Us / 1000);
        const p99s = results[at]!.map(({ p99Us }) => p99Us / 1000);
        return [name, digits(median(p50s)), digits(median(p99s)), range(p99s)];
      });
      console.log(`\n${table([row, "p50, ms", "p99, ms", "p99 of the rounds"], cells)}`);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

const settings = readSettings();
if (settings === null) {
  console.log(USAGE);
} else {
  console.log(machine());
  const folder = await Deno.makeTempDir();
  try {
    await compare(settings, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

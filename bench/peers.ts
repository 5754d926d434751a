/**
 * `deno task bench:peers`: this program beside lighttpd's mod_wstunnel, in one run.
 *
 * All are measured one after the other in each round and compared round by round, so that what slows the machine slows
 * all of them; which of them goes first changes from round to round.
 */
import { parseArgs } from "node:util";
import { chooseContenders, type Contender, type Contenders } from "./contenders.ts";
import { machine } from "./figures.ts";
import {
  type BurstMemory,
  type IdleMemory,
  measureBursts,
  measureIdleMemory,
} from "./idle_memory.ts";
import { buildLoad, type LoadResult, runLoad } from "./load.ts";
import { BURST_ROW, MEMORY_ROW, ROW_NAMES, TRAFFIC_ROWS, type TrafficRow } from "./peer_rows.ts";
import {
  burstTable,
  type Columns,
  figureTable,
  latencyTable,
  memoryTable,
  ratioCells,
  ratioTable,
  type RowResults,
} from "./peer_tables.ts";
import { freePort, pinning, type Server, startServer } from "./server.ts";

const USAGE = `deno task bench:peers [options]
  --peer [NAME=]PATH       a lighttpd; repeat it for more. The first is what all others are compared with
                           (default: lighttpd)
  --engine ENGINE          an engine of ours, and flags behind it, as in 'loop --workers 2'; repeat it for more.
                           The wanted figures are for the first (default: loop)
  --ours [NAME=]COMMAND    another program in our place; repeat it for more. {port}, {backend} (host:port) and
                           {backendport} are replaced
  --beside [NAME=]COMMAND  another program in lighttpd's place, as an older version of this one; likewise
  --row NAME               one row; repeat it for more: ${ROW_NAMES.slice(0, 6).join(", ")},
                           ${ROW_NAMES.slice(6).join(", ")} (default: all)
  --rounds N               rounds of every row (default 7)
  --seconds S              seconds of one measurement (default 1)
  --apart                  the load's backend as a process of its own
  --burst BYTES            as many whole messages in one write of the client (default one message)
  --no-pin                 leave the choice of cores to the kernel
  --json FILE              write every single measurement there`;

interface Settings {
  /** The load generator. */
  readonly program: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly apart: boolean;
  readonly burst: number;
  readonly pins: Awaited<ReturnType<typeof pinning>>;
}

/** What was measured so far. */
interface Findings {
  readonly rows: RowResults[];
  memories: readonly IdleMemory[];
  bursts: readonly BurstMemory[];
}

/** In each round all servers, one after the other; the next round begins with the next of them. */
async function measureRow(
  row: TrafficRow,
  servers: readonly Server[],
  settings: Settings,
): Promise<RowResults> {
  const results = servers.map((): LoadResult[] => []);
  const load = { ...row.load, burst: settings.burst };
  const { program, seconds, apart, pins } = settings;
  for (let round = 0; round < settings.rounds; round++) {
    for (let turn = 0; turn < servers.length; turn++) {
      const at = (round + turn) % servers.length;
      const target = { ...servers[at]!, seconds, apart };
      results[at]!.push(await runLoad(program, load, target, pins.load));
    }
  }
  return { row, results };
}

/** Starts all of them, gives them to the measurement, and stops them whatever happens. */
async function withServers<T>(
  contenders: readonly Contender[],
  backendPort: number,
  prefix: string[],
  measure: (servers: readonly Server[]) => Promise<T>,
): Promise<T> {
  const servers: Server[] = [];
  try {
    for (const { name, command } of contenders) {
      servers.push(await startServer(name, command, backendPort, { prefix }));
    }
    return await measure(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function readOptions() {
  const list = { type: "string", multiple: true, default: [] as string[] } as const;
  const { values } = parseArgs({
    args: Deno.args,
    allowNegative: true,
    options: {
      peer: list,
      engine: list,
      ours: list,
      beside: list,
      row: list,
      rounds: { type: "string", default: "7" },
      seconds: { type: "string", default: "1" },
      apart: { type: "boolean", default: false },
      burst: { type: "string", default: "0" },
      pin: { type: "boolean", default: true },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = values.row.find((name) => !ROW_NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`No row is named '${unknown}'\n${USAGE}`);
  return { ...values, row: values.row.length === 0 ? ROW_NAMES : values.row };
}

/** Adds to the findings as it goes, so that an error leaves what was measured before. */
async function measure(
  findings: Findings,
  names: readonly string[],
  { all, reference }: Contenders,
  backendPort: number,
  settings: Settings,
): Promise<void> {
  const { program } = settings;
  const columns = columnsOf({ all, reference });
  const rows = TRAFFIC_ROWS.filter(({ name }) => names.includes(name));
  // Processes of their own each time: what the traffic left in memory would count as no tunnel's.
  const measureAll = <T>(take: (servers: readonly Server[]) => Promise<T>) =>
    withServers(all, backendPort, settings.pins.server, take);
  if (rows.length > 0) {
    await measureAll(async (servers) => {
      for (const row of rows) {
        const results = await measureRow(row, servers, settings);
        findings.rows.push(results);
        console.error(ratioCells(columns, results).join("  "));
      }
    });
  }
  if (names.includes(MEMORY_ROW)) {
    findings.memories = await measureAll((servers) => measureIdleMemory(program, servers));
  }
  if (names.includes(BURST_ROW)) {
    findings.bursts = await measureAll((servers) => measureBursts(program, servers));
  }
}

function columnsOf({ all, reference }: Contenders): Columns {
  return { names: all.map(({ name }) => name), reference };
}

function print(columns: Columns, { rows, memories, bursts }: Findings): void {
  const tables = [
    ...(rows.length === 0 ? [] : [
      ratioTable(columns, rows),
      latencyTable(columns, rows),
      figureTable(columns, rows),
    ]),
    ...(memories.length === 0 ? [] : [memoryTable(columns, memories)]),
    ...(bursts.length === 0 ? [] : [burstTable(columns, bursts)]),
  ];
  for (const text of tables) if (text !== "") console.log(`\n${text}`);
}

async function writeJson(
  path: string,
  { all, reference }: Contenders,
  { rows, memories, bursts }: Findings,
  { rounds, seconds, apart, burst, pins }: Settings,
): Promise<void> {
  const plain = (_key: string, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value;
  const found = {
    machine: machine(),
    settings: { rounds, seconds, apart, burst, pins: pins.text },
    contenders: all,
    reference: all[reference]!.name,
    rows: rows.map(({ row, results }) => ({ ...row, results: byName(all, results) })),
    memory: byName(all, memories),
    burst: byName(all, bursts),
  };
  await Deno.writeTextFile(path, JSON.stringify(found, plain, 2) + "\n");
}

function byName<T>(all: readonly Contender[], values: readonly T[]): Record<string, T> {
  return Object.fromEntries(values.map((value, at) => [all[at]!.name, value]));
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const backendPort = freePort();
  const folder = await Deno.makeTempDir({ prefix: "bench-peers-" });
  try {
    const contenders = await chooseContenders(options, folder, backendPort);
    const settings: Settings = {
      program: await buildLoad(),
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      apart: options.apart,
      burst: Number(options.burst),
      pins: await pinning(options.pin),
    };
    const { pins, rounds, seconds } = settings;
    console.log(
      `${machine()}; ${pins.text}; ${rounds} rounds of ${seconds} s; medians (min-max)\n`,
    );
    for (const { name, about } of contenders.all) console.log(`${name}: ${about}`);
    const findings: Findings = { rows: [], memories: [], bursts: [] };
    try {
      await measure(findings, options.row, contenders, backendPort, settings);
    } finally {
      print(columnsOf(contenders), findings);
      if (options.json) await writeJson(options.json, contenders, findings, settings);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

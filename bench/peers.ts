/**
 * `deno task bench:peers`: this program beside lighttpd's mod_wstunnel, in one run.
 *
 * Both are measured one after the other in each round and compared round by round, so that what slows the machine slows
 * both; which of them goes first changes from round to round.
 */
import { parseArgs } from "node:util";
import { digits, machine, median, range, ratios, table } from "./figures.ts";
import { bytesPerTunnel, type IdleMemory, measureIdleMemory } from "./idle_memory.ts";
import { buildLoad, type LoadResult, runLoad } from "./load.ts";
import {
  cpuCost,
  IDLE_TUNNEL_TARGET_BYTES,
  MEMORY_ROW,
  speed,
  TRAFFIC_ROWS,
  type TrafficRow,
} from "./peer_rows.ts";
import {
  freePort,
  isInstalled,
  lighttpdCommand,
  ourCommand,
  pinning,
  type Server,
  type ServerCommand,
  startServer,
} from "./server.ts";

const USAGE = `deno task bench:peers [options]
  --row NAME        one row; repeat it for more: ${TRAFFIC_ROWS.map(({ name }) => name).join(", ")},
                    ${MEMORY_ROW} (default: all)
  --rounds N        rounds of every row (default 5)
  --seconds S       seconds of one measurement (default 1)
  --engine NAME     our engine (default stream)
  --ours COMMAND    another program in our place; {port}, {backend} (host:port) and {backendport} are replaced
  --beside COMMAND  another program in lighttpd's place, as an older version of this one
  --apart           the load's backend as a process of its own
  --burst BYTES     as many whole messages in one write of the client (default one message)
  --no-pin          leave the choice of cores to the kernel
  --json FILE       write every single measurement there`;

interface Comparison {
  row: TrafficRow;
  ours: LoadResult[];
  theirs: LoadResult[];
}

interface Settings {
  program: string;
  rounds: number;
  seconds: number;
  apart: boolean;
  burst: number;
  loadPrefix: string[];
}

async function compare(
  row: TrafficRow,
  ours: Server,
  theirs: Server,
  settings: Settings,
): Promise<Comparison> {
  const comparison: Comparison = { row, ours: [], theirs: [] };
  const load = { ...row.load, burst: settings.burst };
  const { seconds, apart } = settings;
  for (let round = 0; round < settings.rounds; round++) {
    const order = [[ours, comparison.ours], [theirs, comparison.theirs]] as const;
    for (const [server, results] of round % 2 === 0 ? order : order.toReversed()) {
      const target = { ...server, seconds, apart };
      results.push(await runLoad(settings.program, load, target, settings.loadPrefix));
    }
  }
  return comparison;
}

function trafficCells({ row, ours, theirs }: Comparison): string[] {
  const speeds = [ours, theirs].map((results) => results.map((one) => speed(row, one)));
  const ratio = ratios(speeds[0]!, speeds[1]!);
  const cost = (results: LoadResult[]) => digits(median(results.map((one) => cpuCost(row, one))));
  return [
    row.title,
    row.unit,
    ...speeds.map((values) => digits(median(values))),
    digits(median(ratio)),
    range(ratio),
    String(row.target),
    median(ratio) >= row.target ? "yes" : "no",
    `${cost(ours)} / ${cost(theirs)}`,
  ];
}

function trafficTable(comparisons: Comparison[]): string {
  const head = ["load", "unit", "ours", "lighttpd", "ratio", "min-max", "target", "reached"];
  const cost = "CPU s/GB or /1000, ours / lighttpd";
  return table([...head, cost], comparisons.map(trafficCells));
}

function memoryTable(ours: IdleMemory, theirs: IdleMemory): string {
  const mebibytes = (bytes: number) => digits(bytes / 2 ** 20);
  const kibibytes = (bytes: number) => digits(bytes / 1024);
  const target = kibibytes(IDLE_TUNNEL_TARGET_BYTES);
  return table(["idle tunnels", "ours", "lighttpd", "target"], [
    ["resident at the start, MiB", mebibytes(ours.atStart), mebibytes(theirs.atStart), ""],
    ...[...ours.held.keys()].flatMap((count) => [
      [
        `resident with ${count}, MiB`,
        mebibytes(ours.held.get(count)!),
        mebibytes(theirs.held.get(count)!),
        "",
      ],
      [
        `each of ${count}, KiB`,
        kibibytes(bytesPerTunnel(ours, count)),
        kibibytes(bytesPerTunnel(theirs, count)),
        `at most ${target}`,
      ],
    ]),
    ["resident once they closed, MiB", mebibytes(ours.atClose), mebibytes(theirs.atClose), ""],
    ["30 s later, MiB", mebibytes(ours.afterClose), mebibytes(theirs.afterClose), ""],
  ]);
}

/** Starts both servers, gives them to the measurement, and stops them whatever happens. */
async function withServers<T>(
  commands: { ours: ServerCommand; theirs: ServerCommand; backendPort: number; prefix: string[] },
  measure: (ours: Server, theirs: Server) => Promise<T>,
): Promise<T> {
  const { backendPort, prefix } = commands;
  const ours = await startServer("ours", commands.ours, backendPort, { prefix });
  try {
    const theirs = await startServer("lighttpd", commands.theirs, backendPort, { prefix });
    try {
      return await measure(ours, theirs);
    } finally {
      await theirs.stop();
    }
  } finally {
    await ours.stop();
  }
}

function readOptions() {
  const { values } = parseArgs({
    args: Deno.args,
    allowNegative: true,
    options: {
      row: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1" },
      engine: { type: "string", default: "stream" },
      ours: { type: "string" },
      beside: { type: "string" },
      apart: { type: "boolean", default: false },
      burst: { type: "string", default: "0" },
      pin: { type: "boolean", default: true },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const names = [...TRAFFIC_ROWS.map(({ name }) => name), MEMORY_ROW];
  const unknown = values.row.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`No row is named '${unknown}'\n${USAGE}`);
  return { ...values, row: values.row.length === 0 ? names : values.row };
}

async function compareAll(
  rows: TrafficRow[],
  ours: Server,
  theirs: Server,
  settings: Settings,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const row of rows) {
    const comparison = await compare(row, ours, theirs, settings);
    comparisons.push(comparison);
    console.error(trafficCells(comparison).join("  "));
  }
  return comparisons;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  if (options.beside === undefined && !await isInstalled("lighttpd", "-v")) {
    throw new Error("The comparison needs lighttpd (Debian: apt install lighttpd)");
  }
  const pins = await pinning(options.pin);
  const settings: Settings = {
    program: await buildLoad(),
    rounds: Number(options.rounds),
    seconds: Number(options.seconds),
    apart: options.apart,
    burst: Number(options.burst),
    loadPrefix: pins.load,
  };
  console.log(
    `${machine()}; ${pins.text}; ${settings.rounds} rounds of ${settings.seconds} s; medians\n`,
  );
  const backendPort = freePort();
  const folder = await Deno.makeTempDir({ prefix: "bench-peers-" });
  try {
    const commands = {
      ours: options.ours?.split(/\s+/) ?? ourCommand(options.engine),
      theirs: options.beside?.split(/\s+/) ?? await lighttpdCommand(folder, backendPort),
      backendPort,
      prefix: pins.server,
    };
    const rows = TRAFFIC_ROWS.filter((row) => options.row.includes(row.name));
    const comparisons = rows.length === 0 ? [] : await withServers(
      commands,
      (ours, theirs) => compareAll(rows, ours, theirs, settings),
    );
    if (comparisons.length > 0) console.log(`\n${trafficTable(comparisons)}`);
    // Processes of their own: what the traffic left in memory would count as no tunnel's.
    const memory = !options.row.includes(MEMORY_ROW) ? undefined : await withServers(
      commands,
      async (ours, theirs) => ({
        ours: await measureIdleMemory(settings.program, ours),
        theirs: await measureIdleMemory(settings.program, theirs),
      }),
    );
    if (memory) console.log(`\n${memoryTable(memory.ours, memory.theirs)}`);
    if (options.json) await writeJson(options.json, comparisons, memory);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function writeJson(
  path: string,
  comparisons: Comparison[],
  memory: { ours: IdleMemory; theirs: IdleMemory } | undefined,
): Promise<void> {
  const plain = (_key: string, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value;
  await Deno.writeTextFile(
    path,
    JSON.stringify({ machine: machine(), comparisons, memory }, plain, 2) + "\n",
  );
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

/**
 * Chains of processes between the two ends of the load, measured one after the other in each round.
 */
import { digits, machine, median, range, ratios, table } from "./figures.ts";
import { buildLoad, type Load, type LoadResult, runLoad } from "./load.ts";
import { type pinning, type Server, type ServerCommand, startServer } from "./server.ts";

/** A way from the load generator to its backend. */
export interface Chain {
  readonly name: string;
  /** Where the load enters it. */
  readonly entry: Server;
  /** The processes whose CPU time is counted. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A process of a chain. */
export interface Link {
  readonly command: ServerCommand;
  readonly prefix: string[];
  readonly isMeasured: boolean;
}

/** Starts the links, the one next to the backend first; each leads to the one before. */
export async function startChain(
  name: string,
  backendPort: number,
  links: readonly Link[],
  isRaw = false,
): Promise<Chain> {
  const servers: Server[] = [];
  const stop = async () => {
    for (const server of servers.toReversed()) await server.stop();
  };
  try {
    for (const { command, prefix } of links) {
      const port = servers.length === 0 ? backendPort : portOf(servers.at(-1)!);
      servers.push(await startServer(name, command, port, { prefix, raw: isRaw }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    entry: { ...servers.at(-1)!, backend: `127.0.0.1:${backendPort}` },
    pids: servers.filter((_, at) => links[at]!.isMeasured).map(({ pid }) => pid),
    stop,
  };
}

function portOf({ address }: Server): number {
  return Number(address.split(":")[1]);
}

export interface Row {
  readonly name: string;
  readonly load: Load;
  readonly unit: "MB/s" | "round trips/s" | "connections/s";
}

/** Of so many tunnels each, a message of 64 bytes on its way. */
export const ROUND_TRIPS: readonly Row[] = [1, 64].map((tunnels) => ({
  name: `64-byte round trips x${tunnels}`,
  load: { mode: "rtt", tunnels, size: 64 },
  unit: "round trips/s",
}));

export const CONNECTIONS: Row = {
  name: "connections opened, used once, closed",
  load: { mode: "conn", tunnels: 1, size: 64 },
  unit: "connections/s",
};

/** What one round gave. */
interface Round {
  readonly result: LoadResult;
  /** Of the measured processes. */
  readonly cpuS: number;
}

/** CPU seconds that processes have taken so far (proc(5): in ticks of 10 ms). */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

function speed({ unit }: Row, { result }: Round): number {
  return unit === "MB/s" ? result.bytesPerS / 1e6 : result.perS;
}

/** CPU seconds for a gigabyte, or for a thousand round trips or connections. */
function cost({ unit }: Row, { result, cpuS }: Round): number {
  return cpuS / (unit === "MB/s" ? result.bytes / 1e9 : result.messages / 1e3);
}

function cells(row: Row, rounds: readonly Round[][]): string[] {
  const speeds = rounds.map((all) => all.map((one) => speed(row, one)));
  return [
    row.name,
    row.unit,
    ...speeds.flatMap((all, at) => [
      digits(median(all)) + (at === 0 ? "" : ` (${ratio(speeds[0]!, all)})`),
      digits(median(rounds[at]!.map((one) => cost(row, one)))),
    ]),
  ];
}

function ratio(ours: number[], theirs: number[]): string {
  const all = ratios(ours, theirs);
  return `${digits(median(all))}, ${range(all)}`;
}

export interface Comparison {
  readonly rows: readonly Row[];
  readonly rounds: number;
  /** Of each measurement. */
  readonly seconds: number;
  readonly pins: Awaited<ReturnType<typeof pinning>>;
}

/** Measures all of them in every round and prints the table; the first is compared with each of the others. */
export async function compareChains(
  chains: readonly Chain[],
  { rows, rounds, seconds, pins }: Comparison,
): Promise<void> {
  const program = await buildLoad();
  console.log(`${machine()}; ${pins.text}; ${rounds} rounds of ${seconds} s; medians\n`);
  const lines: string[][] = [];
  for (const row of rows) {
    const results = chains.map((): Round[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [at, { entry, pids }] of chains.entries()) {
        const before = cpuSeconds(pids);
        const target = { ...entry, seconds, apart: false };
        const result = await runLoad(program, row.load, target, pins.load);
        results[at]!.push({ result, cpuS: cpuSeconds(pids) - before });
      }
    }
    lines.push(cells(row, results));
    console.error(lines.at(-1)!.join("  "));
  }
  const head = chains.flatMap(({ name }, at) => [
    at === 0 ? name : `${name} (ours/it)`,
    "CPU s/GB or /1000",
  ]);
  console.log(`\n${table(["load", "unit", ...head], lines)}`);
}

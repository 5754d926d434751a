/**
 * `deno task bench --tls`: TLS that we end ourselves beside HAProxy and nginx that end it in front of us, in one run.
 */
import { digits, machine, median, range, ratios, table } from "./figures.ts";
import { buildLoad, type Load, type LoadResult, runLoad } from "./load.ts";
import { freePort, isInstalled, pinning } from "./server.ts";
import { type Chain, startChains } from "./tls_chains.ts";

interface Row {
  readonly name: string;
  readonly load: Load;
  readonly unit: "MB/s" | "round trips/s" | "connections/s";
}

const ROWS: readonly Row[] = [
  { name: "upload, 64 KiB", load: { mode: "up", tunnels: 1, size: 65536 }, unit: "MB/s" },
  { name: "download, 256 KiB", load: { mode: "down", tunnels: 1, size: 262144 }, unit: "MB/s" },
  { name: "echo, 4 KiB x16", load: { mode: "echo", tunnels: 16, size: 4096 }, unit: "MB/s" },
  ...[1, 64].map((tunnels): Row => ({
    name: `64-byte round trips x${tunnels}`,
    load: { mode: "rtt", tunnels, size: 64 },
    unit: "round trips/s",
  })),
  {
    name: "connections opened, used once, closed",
    load: { mode: "conn", tunnels: 1, size: 64 },
    unit: "connections/s",
  },
];

/** What one round gave. */
interface Round {
  readonly result: LoadResult;
  /** Of all of the chain's processes. */
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

/** Measures and prints; `rounds` of every row, each measurement of so many seconds. */
export async function compareTls(rounds: number, seconds: number, pin: boolean): Promise<void> {
  const peers: string[] = [];
  for (const [name, flag] of [["haproxy", "-v"], ["nginx", "-v"]] as const) {
    if (await isInstalled(name, flag)) peers.push(name);
  }
  if (!peers.includes("haproxy")) {
    throw new Error(
      "The comparison needs haproxy (Debian: apt install haproxy), and nginx if wanted",
    );
  }
  const program = await buildLoad();
  const pins = await pinning(pin);
  const folder = await Deno.makeTempDir({ prefix: "bench-tls-" });
  let chains: readonly Chain[] = [];
  try {
    chains = await startChains(folder, freePort(), pins, peers);
    console.log(`${machine()}; ${pins.text}; ${rounds} rounds of ${seconds} s; medians\n`);
    const lines: string[][] = [];
    for (const row of ROWS) {
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
  } finally {
    for (const chain of chains) await chain.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

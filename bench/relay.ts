/**
 * `deno task bench`: throughput and round trips of our engines beside a plain TCP relay, in one run.
 *
 * The servers are measured one after the other in each round, so that what slows the machine slows all of them.
 */
import { parseArgs } from "node:util";
import { compareConnect } from "./connect.ts";
import { digits, machine, median, range, ratios, table } from "./figures.ts";
import { buildLoad, type Load, type LoadResult, LostTunnel, runLoad } from "./load.ts";
import { freePort, ourCommand, pinning, relayCommand, type Server, startServer } from "./server.ts";
import { compareTls } from "./tls.ts";

const USAGE = `deno task bench [options]
  --engine NAME    loop, stream or native; repeat it for more (default: all)
  --rounds N       rounds of every row (default 3)
  --seconds S      seconds of one measurement (default 0.5)
  --tls            beside HAProxy and nginx that end TLS in front of us, in place of the relay
  --connect        wstunnel connect beside Python's websockets and a plain TCP relay in its place
  --no-pin         leave the choice of cores to the kernel`;

interface Row {
  name: string;
  load: Load;
  unit: "MB/s" | "round trips/s";
}

function rows(): Row[] {
  const sizes = [["64 B", 64], ["1 KiB", 1024], ["64 KiB", 65536]] as const;
  const bulk = (["up", "down", "echo"] as const).flatMap((mode) =>
    sizes.map(([text, size]): Row => ({
      name: `${mode}, ${text}`,
      load: { mode, tunnels: 1, size },
      unit: "MB/s",
    }))
  );
  const trips = [1, 64].map((tunnels): Row => ({
    name: `64-byte round trips, ${tunnels} tunnel${tunnels > 1 ? "s" : ""}`,
    load: { mode: "rtt", tunnels, size: 64 },
    unit: "round trips/s",
  }));
  return [...bulk, ...trips];
}

function figure(row: Row, result: LoadResult): number {
  return row.unit === "MB/s" ? result.bytesPerS / 1e6 : result.perS;
}

/** Measurements of a row; null: a tunnel did not last. */
type Results = Map<Server, LoadResult[] | null>;

function cells(row: Row, servers: Server[], results: Results): string[] {
  const figures = servers.map((server) => results.get(server)?.map((one) => figure(row, one)));
  const relay = figures[0]!;
  const latency = (server: Server) =>
    row.load.mode === "rtt" ? digits(median(results.get(server)!.map((one) => one.p50Us))) : "";
  return [
    row.name,
    row.unit,
    ...servers.flatMap((server, i) => {
      if (figures[i] === undefined) return ["closed", "", ""];
      const speed = digits(median(figures[i]!));
      if (i === 0) return [speed, latency(server)];
      const ratio = ratios(figures[i]!, relay);
      return [speed, `${digits(median(ratio))} (${range(ratio)})`, latency(server)];
    }),
  ];
}

/** Adds a measurement, unless a tunnel of this row was closed before or is now. */
async function measure(
  results: Results,
  server: Server,
  run: () => Promise<LoadResult>,
): Promise<void> {
  const before = results.get(server);
  if (before === null || before === undefined) return;
  try {
    before.push(await run());
  } catch (error) {
    if (!(error instanceof LostTunnel) || server.raw) throw error;
    results.set(server, null);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    allowNegative: true,
    options: {
      engine: { type: "string", multiple: true, default: ["loop", "stream", "native"] },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "0.5" },
      tls: { type: "boolean", default: false },
      connect: { type: "boolean", default: false },
      pin: { type: "boolean", default: true },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (values.tls) {
    return await compareTls(Number(values.rounds), Number(values.seconds), values.pin);
  }
  if (values.connect) {
    return await compareConnect(Number(values.rounds), Number(values.seconds), values.pin);
  }
  const program = await buildLoad();
  const pins = await pinning(values.pin);
  const port = freePort();
  const prefix = pins.server;
  const servers: Server[] = [];
  try {
    servers.push(await startServer("plain relay", relayCommand(), port, { raw: true, prefix }));
    for (const engine of values.engine) {
      servers.push(await startServer(engine, ourCommand(engine), port, { prefix }));
    }
    console.log(
      `${machine()}; ${pins.text}; ${values.rounds} rounds of ${values.seconds} s; medians\n`,
    );
    const lines: string[][] = [];
    for (const row of rows()) {
      const results: Results = new Map(servers.map((server) => [server, []]));
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const server of servers) {
          const target = { ...server, seconds: Number(values.seconds), apart: false };
          await measure(results, server, () => runLoad(program, row.load, target, pins.load));
        }
      }
      lines.push(cells(row, servers, results));
      console.error(lines.at(-1)!.join("  "));
    }
    const head = servers.flatMap(({ name, raw }) =>
      raw ? [name, "p50 us"] : [name, `${name}/relay`, "p50 us"]
    );
    console.log(`\n${table(["load", "unit", ...head], lines)}`);
    console.log("\nclosed: the native engine can't pause a client that is faster than its backend");
  } finally {
    for (const server of servers) await server.stop();
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

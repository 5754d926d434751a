/**
 * What an executable costs before it does anything: its size, and with each engine, in turn, the time from its start to the line that says
 * where it listens, and its memory at rest. `deno task bench:start [EXECUTABLE]`, after `deno task compile`.
 */
import { digits, machine, median, range, table } from "./figures.ts";
import { residentBytes } from "./server.ts";

const RUNS = 20;

/** After that long nothing of the start goes on. */
const REST_MS = 2_000;

const ARGUMENTS = ["--listen", "127.0.0.1:0", "--server", "127.0.0.1:1"];

const ENGINES = ["stream", "auto"];

interface Start {
  readonly child: Deno.ChildProcess;
  readonly ms: number;
}

/** Starts it and reads its log up to the line. */
async function start(executable: string, engine: string): Promise<Start> {
  const startedAt = performance.now();
  const child = new Deno.Command(executable, {
    args: [...ARGUMENTS, "--engine", engine],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (log.includes("listening on ")) return { child, ms: performance.now() - startedAt };
  }
  throw new Error(`${executable} ended without listening:\n${log}`);
}

async function stop({ child }: Start): Promise<void> {
  child.kill("SIGTERM");
  await child.status;
}

const executable = Deno.args[0] ?? new URL("../dist/wstunnel", import.meta.url).pathname;
const { size } = await Deno.stat(executable).catch(() => {
  console.error(`bench:start: there is no ${executable}: deno task compile makes it`);
  Deno.exit(1);
});
const version = new TextDecoder().decode(
  (await new Deno.Command(executable, { args: ["--version"] }).output()).stdout,
).trim();

const times = new Map(ENGINES.map((engine): [string, number[]] => [engine, []]));
// The first ones fill the kernel's cache and are not counted.
for (let i = 0; i <= RUNS; i++) {
  for (const [engine, figures] of times) {
    const started = await start(executable, engine);
    if (i > 0) figures.push(started.ms);
    await stop(started);
  }
}

async function restingBytes(engine: string): Promise<number> {
  const resting = await start(executable, engine);
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const bytes = residentBytes(resting.child.pid);
  await stop(resting);
  return bytes;
}

const rows: string[][] = [["size, MB", digits(size / 1e6), ""]];
for (const [engine, figures] of times) {
  rows.push(
    [`${engine}: start to the listening line, ms`, digits(median(figures)), range(figures)],
    [`${engine}: memory at rest, MiB`, digits(await restingBytes(engine) / 2 ** 20), ""],
  );
}
console.log(`${version}; ${machine()}; ${RUNS} starts each\n`);
console.log(table(["figure", "median", "range"], rows));

/** `wstunnel connect`, started as a user starts it. */
import { eventually, inTime } from "../support/eventually.ts";
import { type Lines, readLines } from "../support/lines.ts";
import { startWords } from "../support/program.ts";
import { assertNoSecret } from "../support/secrets.ts";

/** How it has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Connecting extends AsyncDisposable {
  readonly pid: number;
  readonly output: ReadableStreamDefaultReader<Uint8Array>;
  /** Standard error. */
  readonly log: Lines;
  type(bytes: Uint8Array | string): Promise<void>;
  /** Ends standard input. */
  endInput(): Promise<void>;
  signal(signal: Deno.Signal): void;
  /** The exit code, without a look at standard output. */
  readonly exited: Promise<number>;
  /** What is still to be read of standard output, then the exit code and what stands on standard error. */
  finished(): Promise<Ended>;
}

/** Those of the machine that tests run on are none of theirs: who is not there, and who is empty, says nothing. */
const NO_PROXIES = { http_proxy: "", https_proxy: "", no_proxy: "" };

export function startConnect(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Connecting {
  const [program, ...words] = startWords();
  const child = new Deno.Command(program, {
    args: [...words, "connect", ...args],
    cwd: new URL("../../", import.meta.url),
    env: { ...NO_PROXIES, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.getReader();
  const log = readLines(child.stderr);
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  };
  const readAll = async () => {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const { value, done } = await output.read();
      if (done) return await new Blob(parts).text();
      parts.push(new Uint8Array(value));
    }
  };
  let isOver = false;
  return {
    pid: child.pid,
    output,
    log,
    type: (bytes) =>
      input.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes),
    endInput: () => input.close(),
    signal: (signal) => child.kill(signal),
    exited: child.status.then(({ code }) => code),
    async finished() {
      const all = Promise.all([child.status, readAll(), log.ended]);
      const [{ code }, stdout] = await inTime("the end of connect", all, kill);
      isOver = true;
      const stderr = log.all.map((line) => `${line}\n`).join("");
      assertNoSecret("what connect prints", stdout + stderr);
      return { code, stdout, stderr };
    },
    async [Symbol.asyncDispose]() {
      if (!isOver) kill();
      await input.abort().catch(() => {});
      await output.cancel().catch(() => {});
      await Promise.all([child.status, log.ended]);
    },
  };
}

/** Runs it until it ends by itself. */
export async function connectBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using connect = startConnect(args, env);
  return await connect.finished();
}

/** Waits until it listens; gives where. */
export async function addressesOf({ log }: Connecting, count = 1): Promise<string[]> {
  const found = () =>
    log.all.flatMap((line) => /^wstunnel: listening on (\S+)/.exec(line)?.[1] ?? []);
  await eventually("its listeners", () => found().length === count);
  return found();
}

/** How often a server is asked at most: behind 0.25, 0.5, 1, 2 and 4 seconds and then five, each less a quarter. */
export function mostAttempts(seconds: number): number {
  const pauses = [0.25, 0.5, 1, 2, 4, ...Array<number>(20).fill(5)];
  let spent = 0;
  return 1 + pauses.filter((pause) => (spent += 0.75 * pause) <= seconds).length;
}

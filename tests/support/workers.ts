/**
 * Workers of a program under test. They start while it runs, each with descriptors and some 10 MiB of its own: who measures either has one, and waits for it.
 *
 * @module
 */
import { eventually } from "./eventually.ts";
import { type Program, residentBytes } from "./program.ts";

/** A line of TOML: no further one starts while somebody measures. */
export const ONE_WORKER = "workers = 1";

/** So long its memory has to be the same, to this many bytes. */
const REST_MS = 250;
const REST_BYTES = 512 * 1024;

/** Waits until the worker of a program with {@linkcode ONE_WORKER} has all that it takes at its start; at once for one whose listener isn't the loop's. */
export async function workerRests({ pid, address, entries }: Program): Promise<void> {
  const [listening] = entries(`listening on ${address}`);
  if (listening?.["engine"] !== "loop") return;
  await eventually("a worker", () => threadsOf(pid).some((name) => name.startsWith("worker-")));
  let [seenBytes, sinceMs] = [0, 0];
  await eventually("its memory at rest", () => {
    const bytes = residentBytes(pid);
    if (Math.abs(bytes - seenBytes) > REST_BYTES) {
      [seenBytes, sinceMs] = [bytes, performance.now()];
    }
    return performance.now() - sinceMs >= REST_MS;
  });
}

function threadsOf(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/task/${name}/comm`);
    } catch {
      // It has ended meanwhile.
      return "";
    }
  });
}

/** Packages of npm that nobody but tests needs, by a `deno.json` with a lock of its own. */
import assert from "node:assert/strict";
import { inTime } from "./eventually.ts";

/** To fetch all of them from the registry, the first time on a machine. */
const FETCH_DEADLINE_MS = 120_000;

/** Fetches the packages, once, and gives the words that run a program with them, which follows: `npm:NAME@VERSION` or a file. */
export function npmRunner(config: string): () => Promise<readonly [string, ...string[]]> {
  let fetched: Promise<void> | null = null;
  const flags = ["--quiet", "--frozen", "--cached-only", "--allow-all", "--config", config];
  return async () => {
    await (fetched ??= fetchPackages(config));
    return [Deno.execPath(), "run", ...flags];
  };
}

async function fetchPackages(config: string): Promise<void> {
  const args = ["install", "--quiet", "--frozen", "--config", config];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" })
    .spawn();
  const kill = () => child.kill("SIGKILL");
  const { code, stderr } = await inTime("packages", child.output(), kill, FETCH_DEADLINE_MS);
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

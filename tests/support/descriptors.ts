/**
 * Loaded before all tests: each file closes the descriptors that it opens. The sanitizers know of the runtime's own alone, not of those that a loop of
 * ours has by the C library.
 *
 * Descriptors are their process's: where files run side by side in one, nobody can say whose one is. So a file that runs engines by itself has a process
 * that no other has meanwhile, see `scripts/test.ts`.
 */
import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";

/** Other files run in this process at the same time. */
export const IS_SIDE_BY_SIDE = Deno.env.has("WSTUNNEL_TEST_SIDE_BY_SIDE");

/** What the runtime keeps for itself once it has first needed it. */
const RUNTIMES = /^\/proc\/|^\/dev\/|cache|^anon_inode:inotify$/;

/** What the runtime keeps of a file's first worker. */
const OF_WORKERS = ["1 anon_inode:[eventpoll]", "1 anon_inode:[eventfd]"];

/** Files that have some. */
const HAS_WORKERS =
  /\/tests\/(access\/password_checks|backend\/handover|base\/ring|control\/(\w*swap\w*|removed_routes)|engine\/loop\/(workers\/\w+|fuzz|beside_runtime))_test\.ts$/;

/** Names of what is open, as the system has them; those of the same name are counted. */
export function openNames(): Map<string, number> {
  const names = new Map<string, number>();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const is = nameOf(name);
    if (is !== null && !RUNTIMES.test(is)) names.set(is, (names.get(is) ?? 0) + 1);
  }
  return names;
}

function nameOf(descriptor: string): string | null {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // It was open to look at the others.
    return null;
  }
}

/** What is open that was not before. */
export function leftOpen(before: ReadonlyMap<string, number>): string[] {
  return [...openNames()].flatMap(([name, count]) => {
    const more = count - (before.get(name) ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  }).filter((left) => !HAS_WORKERS.test(Deno.mainModule) || !OF_WORKERS.includes(left));
}

if (Deno.build.os === "linux" && !IS_SIDE_BY_SIDE) {
  let before = new Map<string, number>();
  Deno.test.beforeAll(() => void (before = openNames()));
  Deno.test.afterAll(async () => {
    try {
      await eventually("the end of what was opened", () => leftOpen(before).length === 0);
    } catch {
      assert.deepEqual(leftOpen(before), [], "descriptors that the file's tests have left open");
    }
  });
}

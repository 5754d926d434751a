import assert from "node:assert/strict";
import { createGuard } from "../../lib/process/guard.ts";
import { isRunning, keptLog, until } from "../backend/setting.ts";
import { inTime } from "../support/eventually.ts";
import { childrenOf, commandsWith } from "../support/processes.ts";

function sleeper(): Deno.ChildProcess {
  return new Deno.Command("/bin/sleep", { args: ["300"], detached: true }).spawn();
}

async function assertKilled(process: Deno.ChildProcess): Promise<void> {
  const status = await inTime("its end", process.status, () => process.kill("SIGTERM"));
  assert.equal(status.signal, "SIGKILL");
}

Deno.test("`createGuard()` kills what is still watched when it is closed, not what it was told to forget", async () => {
  const guard = createGuard(keptLog().events.emit);
  const watched = [sleeper(), sleeper(), sleeper()];
  const forgotten = [sleeper(), sleeper()];
  for (const { pid } of [watched[0]!, forgotten[0]!, watched[1]!, forgotten[1]!, watched[2]!]) {
    await guard.watch(pid);
  }
  for (const { pid } of forgotten) guard.forget(pid);
  guard.forget(forgotten[0]!.pid);
  await guard.close();
  for (const process of watched) await assertKilled(process);
  for (const process of forgotten) {
    assert.ok(isRunning(process.pid));
    process.kill("SIGTERM");
    assert.equal((await process.status).signal, "SIGTERM");
  }
});

Deno.test("`createGuard()` starts its shell again when somebody kills it", async () => {
  const guard = createGuard(keptLog().events.emit);
  const watched = sleeper();
  await guard.watch(watched.pid);
  const [shell] = shells();
  Deno.kill(shell!, "SIGKILL");
  await until("it is gone", () => !shells().includes(shell!));
  const second = sleeper();
  await until("there is another", async () => {
    await guard.watch(second.pid);
    return shells().length === 1;
  });
  await guard.close();
  await assertKilled(watched);
  await assertKilled(second);
});

Deno.test("`createGuard()` lets nothing go unwatched for long when somebody kills its shell", async () => {
  const guard = createGuard(keptLog().events.emit);
  const watched = [sleeper(), sleeper()];
  const forgotten = sleeper();
  for (const { pid } of [...watched, forgotten]) await guard.watch(pid);
  guard.forget(forgotten.pid);
  const [first] = shells();
  Deno.kill(first!, "SIGKILL");
  await until("there is another", () => shells().some((pid) => pid !== first));
  await guard.close();
  for (const process of watched) await assertKilled(process);
  assert.ok(isRunning(forgotten.pid));
  forgotten.kill("SIGTERM");
  await forgotten.status;
});

Deno.test("`createGuard()` starts its shell with the next program after a shortage of descriptors", async () => {
  const { events, lines } = keptLog();
  const guard = createGuard(events.emit);
  const watched = [sleeper(), sleeper(), sleeper()];
  await withoutDescriptors(async () => {
    await guard.watch(watched[0]!.pid);
    await guard.watch(watched[1]!.pid);
  });
  assert.equal(lines.length, 1, "told once");
  assert.match(String(lines[0]!.fields.reason), /Too many open files/);
  assert.deepEqual(shells(), []);
  await guard.watch(watched[2]!.pid);
  assert.equal(shells().length, 1);
  await withoutDescriptors(() => guard.watch(watched[2]!.pid));
  assert.equal(lines.length, 1, "it runs");
  await guard.close();
  for (const process of watched) await assertKilled(process);
});

Deno.test("`createGuard()` kills on `close()` what it had no shell for", async () => {
  const guard = createGuard(keptLog().events.emit);
  const watched = sleeper();
  await withoutDescriptors(() => guard.watch(watched.pid));
  await guard.close();
  await assertKilled(watched);
});

Deno.test("`createGuard()` starts nothing while there is nothing to watch", async () => {
  const guard = createGuard(keptLog().events.emit);
  assert.deepEqual(shells(), []);
  await guard.close();
});

/** Our children that are guards. */
function shells(): number[] {
  const ours = childrenOf(Deno.pid);
  return commandsWith("read -r change").filter((pid) => ours.includes(pid) && isRunning(pid));
}

/** Does something while this process can open nothing more. */
async function withoutDescriptors(body: () => Promise<void>): Promise<void> {
  const limit = softLimit();
  setSoftLimit("100");
  const taken: Deno.FsFile[] = [];
  try {
    for (;;) taken.push(Deno.openSync("/dev/null"));
  } catch (error) {
    assert.match((error as Error).message, /Too many open files/);
  }
  try {
    await body();
  } finally {
    for (const file of taken) file.close();
    setSoftLimit(limit);
  }
}

const softLimit = () => prlimit("--nofile", "--output", "SOFT", "--noheadings", "--raw").trim();
const setSoftLimit = (limit: string) => prlimit(`--nofile=${limit}:`);

function prlimit(...args: readonly string[]): string {
  const output = new Deno.Command("prlimit", { args: ["--pid", `${Deno.pid}`, ...args] })
    .outputSync();
  assert.ok(output.success, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout);
}

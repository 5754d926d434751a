import assert from "node:assert/strict";
import { createGuard } from "../../lib/process/guard.ts";
import { isRunning, keptLog, until } from "../backend/setting.ts";

function sleeper(): Deno.ChildProcess {
  return new Deno.Command("/bin/sleep", { args: ["300"], detached: true }).spawn();
}

Deno.test("`createGuard()` kills what is still watched when it is closed, not what it was told to forget", async () => {
  const guard = createGuard(keptLog().log);
  const watched = [sleeper(), sleeper(), sleeper()];
  const forgotten = [sleeper(), sleeper()];
  for (const { pid } of [watched[0]!, forgotten[0]!, watched[1]!, forgotten[1]!, watched[2]!]) {
    await guard.watch(pid);
  }
  for (const { pid } of forgotten) guard.forget(pid);
  guard.forget(forgotten[0]!.pid);
  await guard.close();
  for (const { status } of watched) assert.equal((await status).signal, "SIGKILL");
  for (const process of forgotten) {
    assert.ok(isRunning(process.pid));
    process.kill("SIGTERM");
    assert.equal((await process.status).signal, "SIGTERM");
  }
});

Deno.test("`createGuard()` starts its shell again when somebody kills it", async () => {
  const guard = createGuard(keptLog().log);
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
  assert.equal((await watched.status).signal, "SIGKILL");
  assert.equal((await second.status).signal, "SIGKILL");
});

Deno.test("`createGuard()` starts nothing while there is nothing to watch", async () => {
  const guard = createGuard(keptLog().log);
  assert.deepEqual(shells(), []);
  await guard.close();
});

/** Our children that are guards. */
function shells(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    if (!(pid > 0) || !isRunning(pid)) return false;
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return parent === Deno.pid &&
      Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("read -r change");
  });
}

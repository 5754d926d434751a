import assert from "node:assert/strict";
import { isRunning, until } from "./setting.ts";

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`no program and no grandchild outlives a parent ended by ${signal}`, async () => {
    const folder = Deno.makeTempDirSync();
    const script = new URL("killed.ts", import.meta.url).pathname;
    const parent = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", script, folder],
      stdout: "piped",
    }).spawn();
    const reader = parent.stdout.getReader();
    const { value } = await reader.read();
    const started: number[] = JSON.parse(new TextDecoder().decode(value));
    assert.equal(started.length, 5, "two programs, a grandchild of each, one tunnel's");
    assert.deepEqual(started.filter(isRunning), started);
    parent.kill(signal);
    await parent.status;
    await until("all are gone", () => !started.some(isRunning));
    await reader.cancel();
    Deno.removeSync(folder, { recursive: true });
  });
}

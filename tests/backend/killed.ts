/** Starts a pool with a program and an `exec` tunnel, prints the ids of all it has started, and waits to be killed. */
import {
  createPool,
  execTarget,
  hostConfig,
  keptLog,
  leased,
  programConfig,
  request,
  route,
} from "./setting.ts";

const [folder = ""] = Deno.args;
const { events } = keptLog();
const program = new URL("program.ts", import.meta.url).pathname;
const command = [Deno.execPath(), "run", "--quiet", "--no-lock", "-A", program, "stubborn"];
const programs = createPool(
  route(hostConfig({ transport: "unix", path: `${folder}/s` }, {
    program: programConfig([...command, `grandchild=${folder}/grandchild`], { minProcs: 2 }),
  })),
  events,
);
await programs.start();
const tunnels = createPool(route(hostConfig(execTarget(["/bin/sleep", "300"]))), events);
leased(await tunnels.connect(request()));

const started = [...programs.report(), ...tunnels.report()].flatMap(({ pid }) => pid ?? []);
const grandchildren = Deno.readTextFileSync(`${folder}/grandchild`).trim().split("\n").map(Number);
console.log(JSON.stringify([...started, ...grandchildren]));

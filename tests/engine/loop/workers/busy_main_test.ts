/** The main thread is busy with something else, as with a huge configuration or a slow disk: what workers carry goes on. */
import assert from "node:assert/strict";
import { openEndpoint } from "../../../conformance/endpoint.ts";
import { eventually } from "../../../support/eventually.ts";
import { holdUp } from "../../../support/hold_up.ts";
import { readLines } from "../../../support/lines.ts";
import { testLoop } from "../setting.ts";

const TUNNELS = 8;

/** How long it is busy, and how long tunnels are looked at meanwhile. */
const BUSY_MS = 1000 * Number(Deno.env.get("WSTUNNEL_BUSY_SECONDS") ?? 4);
const GOING_MS = BUSY_MS * 2 / 3;

/** A tunnel of the main thread's would make none. */
const LEAST_ROUND_TRIPS = 10 * TUNNELS;

testLoop("tunnels of workers go on while the main thread is held up", async (_, t) => {
  const script = new URL("busy_main_client.ts", import.meta.url).pathname;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", script, `${TUNNELS}`, `${GOING_MS}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = readLines(child.stdout);
  const word = async (nth: number) => {
    await eventually("a word of the clients", () => said.all.length >= nth);
    return said.all[nth - 1]!;
  };
  const writer = child.stdin.getWriter();
  const tell = (line: string) => writer.write(new TextEncoder().encode(`${line}\n`));
  {
    await using endpoint = openEndpoint("loop", await word(1), {
      workers: 2,
      wstunnel: 'frame-type = "binary"',
    });
    const { workers } = endpoint;
    await eventually("a worker", () => workers!.choose() !== null);
    await tell(endpoint.address);
    assert.equal(await word(2), "open");
    const carried = () => workers!.loads().reduce((sum, load) => sum + load, 0);
    await eventually("all to be carried by workers", () => carried() === TUNNELS);
    await tell("go");
    const before = performance.now();
    holdUp(BUSY_MS);
    assert.ok(performance.now() - before >= BUSY_MS);
    assert.deepEqual(said.all.slice(2), [], "nothing of what they say is heard meanwhile");
    const { trips, longestMs } = JSON.parse(await word(3));
    await t.step(`${trips} round trips, ${longestMs.toFixed(1)} ms at most`, () => {
      assert.ok(trips >= LEAST_ROUND_TRIPS && longestMs < GOING_MS / 2);
    });
  }
  await writer.close();
  await said.ended;
});

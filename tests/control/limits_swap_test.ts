/** Limits that change while there are tunnels: those that are there stay and are counted, the next one meets what holds now. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { handshake, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { hostLines } from "../e2e/whole.ts";
import { type RunningServer, startServer } from "./swap_rig.ts";

async function statusOf({ address }: RunningServer, target: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(handshake(target));
  return (await client.head()).status;
}

/** Whether a tunnel can be opened, once those that have just been closed count no more. */
async function untilStatus(running: RunningServer, target: string, status: number): Promise<void> {
  await eventually(
    `${status} for ${target}`,
    async () => await statusOf(running, target) === status,
  );
}

for (const engine of ["stream", "loop", "native"]) {
  Deno.test(`${engine}: counts stay exact as max-tunnels, max-load and max-connections change under them`, async () => {
    await using backend = serveBackend(echo);
    const host = hostLines(backend.address);
    const layout = (max: { tunnels?: number; load?: number; connections?: number }) => ({
      top: `engine = "${engine}"\nmax-connections = ${max.connections ?? 0}`,
      wstunnel: `max-tunnels = ${max.tunnels ?? 0}`,
      routes: { "/a": [`${host}\nmax-load = ${max.load ?? 0}`], "/b": [host] },
    });
    await using running = await startServer(layout({ tunnels: 2 }));
    const { address } = running;
    const open: RawClient[] = [];
    const openMore = async (count: number, target = "/a") => {
      for (let i = 0; i < count; i++) open.push(await openTunnel(address, target));
    };
    const close = async (count: number) => {
      for (const client of open.splice(0, count)) {
        await client.close(1000);
        client[Symbol.dispose]();
      }
      await eventually("their ends", () => running.server.registry.size === open.length);
    };
    await openMore(2);
    assert.equal(await statusOf(running, "/a"), 503);
    running.swap(layout({ tunnels: 4 }));
    await openMore(2);
    assert.equal(await statusOf(running, "/a"), 503);
    running.swap(layout({ tunnels: 1 }));
    assert.equal(await statusOf(running, "/a"), 503);
    await close(3);
    assert.equal(await statusOf(running, "/a"), 503);
    await close(1);
    await openMore(1);
    assert.equal(await statusOf(running, "/a"), 503);
    // A host's load outlives the configuration as well.
    running.swap(layout({ load: 3 }));
    await openMore(2);
    assert.equal(await statusOf(running, "/a"), 503);
    await openMore(2, "/b");
    // There are five, and those that were refused have gone.
    running.swap(layout({ connections: 6 }));
    await untilStatus(running, "/b", 101);
    await eventually("one place more, taken", async () => {
      await openMore(1, "/b").catch(() => {});
      return open.length === 6;
    });
    assert.equal(await statusOf(running, "/b"), 503);
    running.swap(layout({ connections: 2 }));
    assert.equal(await statusOf(running, "/b"), 503);
    await close(5);
    await untilStatus(running, "/b", 101);
    await close(1);
  });
}

/** Tunnels whose route a reload has removed. */
import assert from "node:assert/strict";
import { echo, listenSilently, serveBackend } from "../support/backends.ts";
import { hostLines } from "../e2e/whole.ts";
import { openTunnel, type RawClient } from "../support/raw_client.ts";
import { type RunningServer, startServer } from "./swap_rig.ts";
import { eventually } from "../support/eventually.ts";

const CLOSED = { code: 1001, reason: "what this tunnel came by is served no more" };

async function assertEchoes(client: RawClient): Promise<void> {
  await client.send(2, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
}

async function leave(...clients: RawClient[]): Promise<void> {
  for (const client of clients) {
    assert.equal((await client.close(1000)).code, 1000);
    client[Symbol.dispose]();
  }
}

function causes(running: RunningServer): unknown[] {
  return running.said("tunnel closed").map(({ cause }) => cause);
}

for (const engine of ["stream", "loop", "native"]) {
  Deno.test(`${engine}: tunnels of a removed route end with drain-time, those of others and of one that comes back go on; without it all live on`, async () => {
    await using backend = serveBackend(echo);
    const host = [hostLines(backend.address)];
    const layout = (drain: string, ...paths: string[]) => ({
      top: `engine = "${engine}"\n${drain}`,
      routes: Object.fromEntries(["/stays", ...paths].map((path) => [path, host])),
    });
    await using running = await startServer(layout("", "/a", "/b"));
    const { address } = running;
    const [a, b, stays] = [
      await openTunnel(address, "/a"),
      await openTunnel(address, "/b"),
      await openTunnel(address, "/stays"),
    ];
    // Nothing says so: they live on.
    running.swap(layout(""));
    for (const client of [a, b, stays]) await assertEchoes(client);
    // It is said now, and one of them comes back in time.
    running.swap(layout("drain-time = 0.5"));
    running.swap(layout("drain-time = 0.5", "/b"));
    assert.deepEqual(await a.closed(), CLOSED);
    a[Symbol.dispose]();
    for (const client of [b, stays]) await assertEchoes(client);
    await eventually("its end", () => causes(running).length === 1);
    assert.deepEqual(causes(running), ["route-removed"]);
    // Taken back before the time is over.
    running.swap(layout("drain-time = 86400"));
    running.swap(layout(""));
    await assertEchoes(b);
    // At once.
    running.swap(layout("drain-time = 0"));
    assert.deepEqual(await b.closed(), CLOSED);
    b[Symbol.dispose]();
    await assertEchoes(stays);
    await leave(stays);
  });
}

Deno.test(`a tunnel whose backend was being connected when its route's time was over ends as it begins`, async () => {
  using silent = await listenSilently();
  const top = `engine = "native"\ndrain-time = 0`;
  await using backend = serveBackend(echo);
  await using running = await startServer({
    top,
    routes: { "/a": [`${hostLines(silent.address)}\nconnect-timeout = 20`] },
  });
  const opening = openTunnel(running.address, "/a");
  await silent.tried();
  running.swap({ top, routes: { "/other": [hostLines(backend.address)] } });
  await silent.makeRoom();
  const client = await opening;
  assert.deepEqual(await client.closed(), CLOSED);
  client[Symbol.dispose]();
  await eventually("its end", () => causes(running).length === 1);
  assert.deepEqual(causes(running), ["route-removed"]);
});

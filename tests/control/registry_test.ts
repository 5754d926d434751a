import assert from "node:assert/strict";
import type { Cause } from "../../lib/tunnel/cause.ts";
import { peerWords } from "../../lib/events/words.ts";
import { createRegistry, type OpenTunnel, type Registry } from "../../lib/control/registry.ts";

function openTunnel(registry: Registry, end: (cause: Cause, tunnel: OpenTunnel) => void) {
  const tunnel: OpenTunnel = {
    id: registry.nextId(),
    client: "127.0.0.1:1",
    user: null,
    route: "/",
    asked: {
      path: peerWords("/"),
      host: peerWords("example.com"),
      origin: undefined,
    },
    backend: "127.0.0.1:2",
    isTarget: false,
    pid: undefined,
    openedAtMs: 0,
    flow: { upBytes: 0, downBytes: 0, upWaits: false, downWaits: false },
    upResidue: 0,
    downResidue: 0,
    end: (cause) => end(cause, tunnel),
    cut: () => {},
  };
  registry.add(tunnel);
  return tunnel;
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  for (let turn = 0; turn < 10; turn++) await null;
  return await Promise.race([promise, Promise.resolve(pending)]) !== pending;
}

Deno.test("`createRegistry()` counts and lists what is open, under ids that are never used again", () => {
  const registry = createRegistry();
  const one = openTunnel(registry, () => {});
  const two = openTunnel(registry, () => {});
  assert.deepEqual([registry.size, [...registry]], [2, [one, two]]);
  registry.delete(one);
  registry.delete(one);
  const three = openTunnel(registry, () => {});
  assert.deepEqual([...registry], [two, three]);
  assert.equal(new Set([one.id, two.id, three.id]).size, 3);
});

Deno.test("`endAll()` of nothing resolves at once", async () => {
  assert(await isSettled(createRegistry().endAll("shutdown")));
});

Deno.test("`endAll()` ends every tunnel with the cause and resolves when the last one is gone", async () => {
  const registry = createRegistry();
  const told: [number, Cause][] = [];
  const tunnels = [1, 2, 3].map(() =>
    openTunnel(registry, (cause, { id }) => told.push([id, cause]))
  );
  const gone = registry.endAll("shutdown");
  assert.deepEqual(told, [[1, "shutdown"], [2, "shutdown"], [3, "shutdown"]]);
  for (const tunnel of tunnels) {
    assert.equal(await isSettled(gone), false);
    registry.delete(tunnel);
  }
  assert(await isSettled(gone));
});

Deno.test("`endAll()` resolves with tunnels that are gone as soon as they are told", async () => {
  const registry = createRegistry();
  for (let i = 0; i < 3; i++) openTunnel(registry, (_, tunnel) => registry.delete(tunnel));
  assert(await isSettled(registry.endAll("shutdown")));
  assert.equal(registry.size, 0);
});

Deno.test("`endAll()` waits for a tunnel that opens meanwhile", async () => {
  const registry = createRegistry();
  const one = openTunnel(registry, () => {});
  const gone = registry.endAll("shutdown");
  const late = openTunnel(registry, () => {});
  registry.delete(one);
  assert.equal(await isSettled(gone), false);
  registry.delete(late);
  assert(await isSettled(gone));
});

Deno.test("`endAll()` called again resolves both callers", async () => {
  const registry = createRegistry();
  const one = openTunnel(registry, () => {});
  const callers = [registry.endAll("shutdown"), registry.endAll("shutdown")];
  registry.delete(one);
  for (const caller of callers) assert(await isSettled(caller));
});

Deno.test("`emptied()` resolves when the last one is gone, and ends none", async () => {
  const registry = createRegistry();
  assert(await isSettled(registry.emptied()));
  const one = openTunnel(registry, () => assert.fail("ended"));
  const gone = registry.emptied();
  assert.equal(await isSettled(gone), false);
  registry.delete(one);
  assert(await isSettled(gone));
});

Deno.test("`emptied()` resolves when as few are left as are asked for", async () => {
  const registry = createRegistry();
  const [one, two] = [openTunnel(registry, () => {}), openTunnel(registry, () => {})];
  const gone = registry.emptied();
  const fewer = registry.emptied(1);
  assert(await isSettled(registry.emptied(2)));
  assert.equal(await isSettled(fewer), false);
  registry.delete(one);
  assert(await isSettled(fewer));
  assert.equal(await isSettled(gone), false);
  registry.delete(two);
  assert(await isSettled(gone));
});

/** When a reload happens, and what is told of it. */
import assert from "node:assert/strict";
import type { Config } from "../../lib/config/config.ts";
import { type Loaded, loadToml } from "../../lib/config/load.ts";
import type { Changeable } from "../../lib/control/change.ts";
import { createReload } from "../../lib/control/reload.ts";
import type { Event } from "../../lib/events/event.ts";

const ROUTE = '[wstunnel.server."/a"]\nport = 1\n';
/** It is warned of: nothing says a frame type. */
const WARNED = ROUTE;
const CALM = `[wstunnel]\nframe-type = "binary"\n${ROUTE}`;

function load(text: string): Loaded {
  return loadToml({ file: { path: "x.toml", text }, flags: [] });
}

/** A part that says what is done with it. */
function part(
  name: string,
  did: string[],
  ready: "ready" | "problem" | "throws" | "breaks" = "ready",
): Changeable {
  return {
    prepare(next) {
      did.push(`${name} prepares ${next.graceMs}`);
      if (ready === "throws") throw new Error("a defect");
      if (ready === "problem") return { problem: `${name} can't` };
      return {
        commit() {
          if (ready === "breaks") throw new Error("a defect");
          did.push(`${name} changes`);
        },
        abandon: () => void did.push(`${name} lets go`),
      };
    },
  };
}

function create(
  texts: string[],
  parts: readonly Changeable[] = [],
  serving: Promise<void> = Promise.resolve(),
) {
  const first = load(texts.shift()!);
  assert.ok("config" in first);
  const events: Event[] = [];
  let reads = 0;
  const reload = createReload({
    config: first.config,
    warnings: first.warnings,
    serving,
    reread() {
      reads++;
      return Promise.resolve(load(texts.shift() ?? CALM));
    },
    parts,
    emit: (event) => void events.push(event),
  });
  return { reload, events, reads: () => reads };
}

const grace = (seconds: number) => `grace-time = ${seconds}\n${CALM}`;

function kinds(events: readonly Event[]): string[] {
  return events.map((event) => event.kind === "reload-change" ? event.change : event.kind);
}

Deno.test("all parts get ready, then all change, and what has changed is told once they have", async () => {
  const did: string[] = [];
  const { reload, events } = create([CALM, grace(1)], [part("a", did), part("b", did)]);
  assert.deepEqual(await reload.reload("me"), { changes: ["~ grace-time 8 -> 1"] });
  assert.deepEqual(did, ["a prepares 1000", "b prepares 1000", "a changes", "b changes"]);
  assert.deepEqual(kinds(events), ["reload-begun", "~ grace-time 8 -> 1", "reloaded"]);
  assert.equal(reload.config.graceMs, 1000);
});

for (const ready of ["problem", "throws"] as const) {
  Deno.test(`where a part isn't ready (${ready}) those before it let go, and the one before still holds`, async () => {
    const did: string[] = [];
    const parts = [part("a", did), part("b", did, ready), part("c", did)];
    const { reload, events } = create([CALM, grace(1), grace(1)], parts);
    const before: Config = reload.config;
    const reloaded = await reload.reload("me");
    assert.ok("problems" in reloaded);
    assert.deepEqual(did, ["a prepares 1000", "b prepares 1000", "a lets go"]);
    assert.equal(reload.config, before);
    const said = kinds(events).filter((kind) => kind !== "defect");
    assert.deepEqual(said, ["reload-begun", "reload-problem", "reload-refused"]);
    assert.equal(said.length === events.length, ready === "problem");
    // The next one is another try.
    await reload.reload("me");
    assert.equal(did.length, 6);
  });
}

Deno.test("a defect as a part changes leaves nothing open of those behind it", async () => {
  const did: string[] = [];
  const parts = [part("a", did), part("b", did, "breaks"), part("c", did)];
  const { reload, events } = create([CALM, grace(1)], parts);
  assert.ok("problems" in await reload.reload("me"));
  assert.deepEqual(did.slice(3), ["a changes", "c lets go"]);
  assert.deepEqual(kinds(events), ["reload-begun", "defect", "reload-problem", "reload-refused"]);
});

Deno.test("all who ask while one is under way get one behind it, and nobody gets one before we serve", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { reload, reads, events } = create([CALM, grace(1), grace(2), grace(3)], [], promise);
  const first = reload.reload("first");
  assert.equal(reload.reload("another"), first);
  await Promise.resolve();
  assert.equal(reads(), 0);
  resolve();
  await promise;
  await Promise.resolve();
  assert.equal(reads(), 1);
  const behind = Array.from({ length: 100 }, (_, at) => reload.reload(`${at}`));
  assert.equal(new Set(behind).size, 1);
  assert.deepEqual(await first, { changes: ["~ grace-time 8 -> 1"] });
  assert.deepEqual(await behind[99], { changes: ["~ grace-time 1 -> 2"] });
  assert.equal(reads(), 2);
  const by = events.flatMap((event) => event.kind === "reload-begun" ? [event.by] : []);
  assert.deepEqual(by, ["first", "0"]);
});

Deno.test("what has been warned of is not warned of again, wherever it stands, until it has been right", async () => {
  const { reload, events } = create([WARNED, `\n\n${WARNED}`, CALM, WARNED, WARNED]);
  const warnings = () =>
    events.splice(0).flatMap((event) => event.kind === "configuration-warning" ? [event.text] : []);
  const counts: number[] = [];
  for (let count = 0; count < 4; count++) {
    await reload.reload("me");
    counts.push(warnings().length);
  }
  assert.deepEqual(counts, [0, 0, 1, 0]);
});

Deno.test("what takes a restart is told each time, and the rest holds", async () => {
  const bigger = CALM.replace("[wstunnel]", '[wstunnel]\nbuffer-size = "512KiB"');
  const { reload } = create([CALM, `grace-time = 1\n${bigger}`, `grace-time = 1\n${bigger}`, CALM]);
  const waits = "~ buffer-size 256KiB -> 512KiB: takes a restart";
  assert.deepEqual(await reload.reload("me"), { changes: ["~ grace-time 8 -> 1", waits] });
  assert.deepEqual(await reload.reload("me"), { changes: [waits] });
  assert.deepEqual(await reload.reload("me"), { changes: ["~ grace-time 1 -> 8"] });
});

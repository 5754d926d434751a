/** Configurations that follow each other, and what stays of one that could not be taken. */
import assert from "node:assert/strict";
import { createHosts, type Hosts } from "../../lib/backend/hosts.ts";
import { createGenerations } from "../../lib/control/generation.ts";
import type { Event } from "../../lib/events/event.ts";
import { createEvents } from "../../lib/events/events.ts";
import { eventually } from "../support/eventually.ts";
import { configOf } from "./swap_rig.ts";

/** Everything that may be watched: the end of the test fails where a watch of it is left. */
async function withFiles(
  body: (watched: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/tokens`, `ann sha256:${"0".repeat(64)}\n`);
  await Deno.writeTextFile(`${folder}/targets`, "a: 192.0.2.1:1\n");
  try {
    await body(
      `auth = { token = "${folder}/tokens" }\n` +
        `[wstunnel.server."/t"]\ntargets = { file = "${folder}/targets" }`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function count(told: readonly Event[], wanted: Event["kind"]): number {
  return told.filter(({ kind }) => kind === wanted).length;
}

function start() {
  const told: Event[] = [];
  const events = createEvents([{ take: (event) => void told.push(event), wants: () => false }]);
  const real = createHosts(events);
  let failures = 0;
  const hosts: Hosts = {
    ...real,
    adopt(owner, routes) {
      real.adopt(owner, routes);
      if (failures-- > 0) throw new Error("adopting fails");
    },
  };
  const first = configOf({ routes: { "/first": ["port = 1"] } });
  const generations = createGenerations(first, hosts, events.emit);
  return {
    generations,
    told,
    routes: () => [...new Set(generations.report().map(({ route }) => route))],
    failOnce: () => failures = 1,
    close: async () => {
      generations.close();
      await hosts.stop();
    },
  };
}

Deno.test("nothing stays of a generation that is abandoned, whose hosts can't be adopted, or that can't be made", async () => {
  await withFiles(async (watched) => {
    const { generations, told, routes, failOnce, close } = start();
    const next = configOf({ wstunnel: watched, routes: { "/next": ["port = 2"] } });
    const { current } = generations;

    generations.prepare(next).abandon();
    assert.deepEqual(routes(), ["/first"]);

    const failing = generations.prepare(next);
    failOnce();
    assert.throws(() => failing.commit(), /adopting fails/);
    assert.equal(generations.current, current);
    assert.deepEqual(routes(), ["/first"]);

    const broken = {
      ...next.routes[0]!,
      get auth(): never {
        throw new Error("broken");
      },
    };
    assert.throws(
      () => generations.prepare({ ...next, routes: [...next.routes, broken] }),
      /broken/,
    );
    assert.deepEqual(routes(), ["/first"]);

    assert.equal(generations.prepare(next).commit(), current);
    assert.notEqual(generations.current, current);
    assert.deepEqual(routes(), ["/next"]);
    // One each of those that got so far: what is read would be told of behind the end of the test.
    await eventually("the targets to be read", () => count(told, "targets-read") === 3);
    await close();
  });
});

Deno.test("a hundred generations over the same files watch each once, and tell of each once", async () => {
  await withFiles(async (watched) => {
    const { generations, told, close } = start();
    const next = configOf({ wstunnel: watched, routes: { "/next": ["port = 2"] } });
    for (let swaps = 0; swaps < 100; swaps++) generations.prepare(next).commit();
    await eventually("the targets to be read", () => count(told, "targets-read") > 0);
    await close();
    assert.equal(count(told, "targets-read"), 1);
    assert.equal(count(told, "file-failed"), 0);
  });
});

/** What one configuration takes over from the one before it. */
import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import type { Access, Entry } from "../../lib/access/access.ts";
import { createAccess } from "../../lib/access/create.ts";
import { createKept, type Holding } from "../../lib/access/kept.ts";
import { createTargets } from "../../lib/access/targets/targets.ts";
import { auth } from "../../lib/config/auth_keys.ts";
import { ANY_HOST } from "../../lib/config/host_keys.ts";
import { decode } from "../../lib/config/key.ts";
import { TARGETS } from "../../lib/config/target_keys.ts";
import type { Event } from "../../lib/events/event.ts";
import { PEER, route } from "../backend/setting.ts";
import { eventually } from "../support/eventually.ts";
import { makeSecret } from "../support/secrets.ts";

function visit(fields: Readonly<Record<string, string>>, target = "/") {
  const headers = { get: (name: string) => fields[name] ?? null };
  const head = { method: "GET", target, version: "1.1" as const, headers };
  return { head, peer: PEER, signal: new AbortController().signal };
}

function accessOf(written: Record<string, unknown>, holding: Holding, events: Event[] = []) {
  assert.deepEqual(auth.check(written), []);
  const config = auth.decode(written);
  const all = createAccess([{ key: "/", auth: config }], holding, (event) => events.push(event));
  return all.get("/")!;
}

function statusOf(entry: Entry): number | "in" {
  return "answer" in entry ? entry.answer.status : "in";
}

Deno.test("`Kept` gives the same to whoever holds it, and closes what nobody holds any more", () => {
  const kept = createKept();
  const closed: string[] = [];
  const looked: string[] = [];
  const make = (name: string) => () => ({
    close: () => void closed.push(name),
    look: () => void looked.push(name),
  });
  const [first, second] = [kept.hold(), kept.hold()];
  const both = first.get("both", make("both"));
  first.get("first", make("first"));
  assert.equal(second.get("both", make("another")), both);
  kept.look();
  assert.deepEqual(looked, ["both", "first"]);
  first.release();
  first.release();
  assert.deepEqual(closed, ["first"]);
  second.release();
  assert.deepEqual(closed, ["first", "both"]);
  const third = kept.hold();
  assert.notEqual(third.get("both", make("both anew")), both);
  third.release();
});

Deno.test("the next configuration remembers right passwords, and who has guessed too often", async () => {
  const path = await Deno.makeTempFile();
  const password = makeSecret("a password");
  await Deno.writeTextFile(path, `ann:${hashSync(password, 4)}\n`);
  const kept = createKept();
  const knock = (access: Access, words: string) => {
    const authorization = `Basic ${btoa(`ann:${words}`)}`;
    return access.enter({ ...visit({ authorization }), peer: { ...PEER, address: "192.0.2.1" } });
  };
  try {
    const first = kept.hold();
    const before = accessOf({ basic: path }, first);
    assert.equal(statusOf(await knock(before, password)), "in");
    await eventually(
      "too many guesses",
      async () => statusOf(await knock(before, "wrong")) === 429,
    );
    const second = kept.hold();
    const after = accessOf({ basic: path, realm: "another" }, second);
    first.release();
    assert.equal(statusOf(await knock(after, password)), "in", "it takes no try");
    assert.equal(statusOf(await knock(after, "wrong")), 429);
    // Not by another line.
    await Deno.writeTextFile(path, `ann:${hashSync("another", 4)}\n`);
    kept.look();
    assert.equal(statusOf(await knock(after, password)), 429);
    second.release();
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("the next configuration has the keys of the same URL without asking for them; another URL is asked", async () => {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    asked++;
    return Response.json({ keys: [] });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const kept = createKept();
  const events: Event[] = [];
  const authorization = `Bearer ${makeSecret("a token")}`;
  const knock = async (access: Access) => statusOf(await access.enter(visit({ authorization })));
  let holding = kept.hold();
  assert.equal(await knock(accessOf({ jwt: { jwks: `${url}/a` } }, holding, events)), 401);
  for (let swaps = 0; swaps < 5; swaps++) {
    const next = kept.hold();
    const access = accessOf({ jwt: { jwks: `${url}/a`, leeway: swaps } }, next, events);
    holding.release();
    holding = next;
    assert.equal(await knock(access), 401);
  }
  assert.equal(asked, 1);
  const next = kept.hold();
  assert.equal(await knock(accessOf({ jwt: { jwks: `${url}/b` } }, next, events)), 401);
  assert.equal(asked, 2);
  // They hold also once their server is gone.
  await server.shutdown();
  assert.equal(await knock(accessOf({ jwt: { jwks: `${url}/a` } }, next, events)), 401);
  assert.deepEqual(events.map(({ kind }) => kind), ["keys-renewed", "keys-renewed"]);
  holding.release();
  next.release();
});

Deno.test("the next configuration has the connections to who knows where tokens lead, as long as the same is asked in the same way", async () => {
  const ports = new Set<number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (_, { remoteAddr }) => {
      ports.add(remoteAddr.port);
      return Response.json({ host: "192.0.2.1", port: 1 });
    },
  );
  const kept = createKept();
  const targetsOf = (holding: Holding, beside: Record<string, unknown>) => {
    const api = `http://127.0.0.1:${server.addr.port}/%s`;
    const targets = { ...decode(TARGETS, { api }), host: decode(ANY_HOST, beside) };
    return createTargets([{ ...route(), key: "/t", targets }], holding, () => {}).get("/t")!;
  };
  const ask = async (holding: Holding, beside = {}) => {
    const choice = await targetsOf(holding, beside).choose(visit({}, "/t?token=x"), null);
    assert.ok("target" in choice, JSON.stringify(choice));
  };
  let holding = kept.hold();
  const swap = async (beside = {}) => {
    const next = kept.hold();
    await ask(next, beside);
    holding.release();
    holding = next;
  };
  await ask(holding);
  for (let swaps = 0; swaps < 5; swaps++) await swap({ "read-timeout": swaps });
  assert.equal(ports.size, 1);
  await swap({ "connect-timeout": 7 });
  assert.equal(ports.size, 2);
  holding.release();
  await server.shutdown();
});

Deno.test("`Kept.look()` takes what is written into files at once, and tells of what is wrong with it", async () => {
  const path = await Deno.makeTempFile();
  const digest = "sha256:" + "0".repeat(64);
  const events: Event[] = [];
  const kept = createKept();
  const holding = kept.hold();
  try {
    await Deno.writeTextFile(path, `ann ${digest}\n`);
    accessOf({ token: path }, holding, events);
    accessOf({ token: path, realm: "another" }, holding, events);
    await Deno.writeTextFile(path, `bob ${digest}\n`);
    kept.look();
    kept.look();
    assert.deepEqual(events.splice(0), [{ kind: "file-renewed", file: path }]);
    await Deno.writeTextFile(path, "nonsense\n");
    kept.look();
    assert.deepEqual(events.splice(0).map(({ kind }) => kind), ["file-failed"]);
  } finally {
    holding.release();
    await Deno.remove(path);
  }
});

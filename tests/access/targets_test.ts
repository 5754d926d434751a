import assert from "node:assert/strict";
import { createKept } from "../../lib/access/kept.ts";
import { createTargets, type Targets } from "../../lib/access/targets/targets.ts";
import type { TargetsConfig } from "../../lib/config/config.ts";
import { ANY_HOST } from "../../lib/config/host_keys.ts";
import { decode } from "../../lib/config/key.ts";
import { TARGETS } from "../../lib/config/target_keys.ts";
import type { Event } from "../../lib/events/event.ts";
import { PEER, route } from "../backend/setting.ts";
import { eventually, inTime } from "../support/eventually.ts";

/** The targets of a route, and what they tell. */
function targetsOf(written: Record<string, unknown>, beside: Record<string, unknown> = {}) {
  const events: Event[] = [];
  const targets: TargetsConfig = { ...decode(TARGETS, written), host: decode(ANY_HOST, beside) };
  const holding = createKept().hold();
  const emit = (event: Event) => void events.push(event);
  const made = createTargets([{ ...route(), key: "/t", targets }], holding, emit);
  return { events, targets: { ...made.get("/t")!, close: holding.release } };
}

function choose(targets: Targets, token: string, signal = new AbortController().signal) {
  const head = {
    method: "GET",
    target: `/t?token=${token}`,
    version: "1.1" as const,
    headers: new Headers(),
  };
  return targets.choose({ head, peer: PEER, signal }, null);
}

const kinds = (events: readonly Event[]) => events.map(({ kind }) => kind);

Deno.test("who asks while targets are let go of is still answered, and so is who asks them afterwards; nothing stays open", async () => {
  const asked: ((response: Response) => void)[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Promise<Response>((answer) => asked.push(answer)),
  );
  const { targets, events } = targetsOf({ api: `http://127.0.0.1:${server.addr.port}/%s` });
  const before = choose(targets, "one");
  await eventually("the API to be asked", () => asked.length === 1);
  targets.close();
  const after = choose(targets, "two");
  await eventually("the API to be asked again", () => asked.length === 2);
  for (const answer of asked) answer(new Response("127.0.0.1:5900"));
  const address = { transport: "tcp", hostname: "127.0.0.1", port: 5900 };
  assert.deepEqual(await before, { target: { address } });
  assert.deepEqual(await after, { target: { address } });
  assert.deepEqual(events, []);
  await server.shutdown();
});

Deno.test("an API that stalls is asked by 64 at once; the others are told to come again, which is no outage", async () => {
  const asked: ((response: Response) => void)[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Promise<Response>((answer) => asked.push(answer)),
  );
  const { targets, events } = targetsOf({ api: `http://127.0.0.1:${server.addr.port}/%s` });
  const choices = Array.from({ length: 100 }, (_, at) => choose(targets, `t${at}`));
  const refused = await Promise.all(choices.slice(64));
  for (const one of refused) {
    assert("answer" in one);
    assert.deepEqual([one.answer.status, one.cause], [503, "target"]);
  }
  await eventually("the API to be asked", () => asked.length === 64);
  for (const answer of asked) answer(new Response("", { status: 404 }));
  const unknown = await Promise.all(choices.slice(0, 64));
  assert(unknown.every((one) => "answer" in one && one.answer.status === 403));
  assert.deepEqual(events, []);
  targets.close();
  await server.shutdown();
});

Deno.test("a client that has left says nothing of the API", async () => {
  const gone = new AbortController();
  const { targets, events } = targetsOf({ api: "http://127.0.0.1:1/%s" });
  const choice = choose(targets, "one", gone.signal);
  gone.abort();
  const one = await choice;
  assert("answer" in one);
  assert.equal(one.cause, "aborted");
  assert.deepEqual(events, []);
  targets.close();
});

Deno.test("a token file is read at once by as many as ask, and a pipe, or a folder in its place, keeps nobody waiting", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/tokens`;
    await Deno.writeTextFile(path, "one: 127.0.0.1:1\n");
    const { targets, events } = targetsOf({ file: path });
    const choices = await Promise.all(Array.from({ length: 200 }, () => choose(targets, "one")));
    assert(choices.every((one) => "target" in one));
    assert.deepEqual(kinds(events), ["targets-read"]);
    await Deno.remove(path);
    assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    // What can't be read keeps what it had.
    assert("target" in await choose(targets, "one"));
    assert.deepEqual(kinds(events), ["targets-read", "targets-unreadable"]);
    await Deno.remove(path);
    await Deno.mkdir(path);
    assert("answer" in await choose(targets, "one"));
    await Deno.writeTextFile(`${path}/a`, "one: 127.0.0.1:2\n");
    assert("target" in await choose(targets, "one"));
    await Deno.writeFile(`${path}/a`, Uint8Array.of(0xff, 0xfe));
    assert("target" in await choose(targets, "one"));
    assert.equal(events.at(-1)!.kind, "targets-unreadable");
    targets.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a client that leaves doesn't wait for who can't be told to stop, such as Redis", async () => {
  // Who connects is taken, and never answered.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { targets, events } = targetsOf({ redis: `redis://127.0.0.1:${silent.addr.port}` });
  const gone = new AbortController();
  const stays = choose(targets, "one");
  const leaves = choose(targets, "two", gone.signal);
  const connection = await silent.accept();
  gone.abort();
  const first = await Promise.race([stays, leaves]);
  assert("answer" in first);
  assert.equal(first.cause, "aborted");
  assert.deepEqual(events, []);
  connection.close();
  assert("answer" in await stays);
  assert.deepEqual(kinds(events), ["targets-down"]);
  targets.close();
});

Deno.test("of a Redis that takes connections and says nothing no connection is kept", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const redis = `redis://:password@127.0.0.1:${silent.addr.port}`;
  const { targets, events } = targetsOf({ redis }, { "connect-timeout": 1 });
  for (let count = 0; count < 3; count++) {
    const choice = choose(targets, "one");
    const connection = await silent.accept();
    assert("answer" in await choice);
    const isOver = (async () => {
      for await (const _ of connection.readable);
    })();
    await inTime("the connection's end", isOver, () => connection.close());
  }
  assert.deepEqual(kinds(events), ["targets-down"]);
  targets.close();
});

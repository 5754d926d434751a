/** Keys behind a URL, of a real server that does what servers do. */
import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createKeyUrl, type KeyTimes, type KeyUrl } from "../../lib/access/key_url.ts";
import type { Event } from "../../lib/events/event.ts";
import { eventually } from "../support/eventually.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { makeSecret } from "../support/secrets.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { hostLines, startWithFile } from "../e2e/whole.ts";

interface KeyServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: number;
  answer: () => Response | Promise<Response>;
}

function serveKeys(answer: KeyServer["answer"], path = "/keys"): KeyServer {
  let asked = 0;
  const served = { answer };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    asked++;
    return served.answer();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}${path}`,
    get asked() {
      return asked;
    },
    get answer() {
      return served.answer;
    },
    set answer(next) {
      served.answer = next;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const setOf = (...kids: string[]) => ({ keys: kids.map((kid) => ({ kty: "RSA", kid })) });
const json = (value: unknown, headers = {}) => () => Response.json(value, { headers });

/** Nothing becomes old, unless a test says so. */
const TIMES: KeyTimes = {
  age: 60_000,
  leastAge: 0,
  mostAge: 60_000,
  stale: 60_000,
  cooldown: 0,
  timeout: 20_000,
};

interface Opened extends Disposable {
  readonly keys: KeyUrl;
  readonly events: Event[];
  /** What was told, without the addresses. */
  told(): string[];
}

function open(url: string, times: Partial<KeyTimes> = {}): Opened {
  const events: Event[] = [];
  const keys = createKeyUrl(url, (event) => events.push(event), { ...TIMES, ...times });
  return {
    keys,
    events,
    told: () =>
      events.map((event) =>
        event.kind === "keys-failed"
          ? `${event.kind} ${event.reason}`
          : event.kind === "keys-renewed"
          ? `${event.kind} ${event.keys}`
          : event.kind
      ),
    [Symbol.dispose]: keys.close,
  };
}

Deno.test("keys are asked for once, for all who wait for them and as long as they are young", async () => {
  await using server = serveKeys(json(setOf("a")));
  using opened = open(server.url);
  const all = await Promise.all(Array.from({ length: 20 }, () => opened.keys.keys()));
  for (const keys of all) assert.deepEqual(keys, setOf("a"));
  assert.equal(await opened.keys.keys(), all[0]);
  assert.equal(server.asked, 1);
  assert.deepEqual(opened.told(), ["keys-renewed 1"]);
});

Deno.test("a token of an unknown key has them asked for again, and no more often than the cooldown allows", async () => {
  await using server = serveKeys(json(setOf("a")));
  using opened = open(server.url, { cooldown: 2_000 });
  const first = await opened.keys.keys();
  server.answer = json(setOf("a", "b"));
  // Whatever strangers send.
  for (let at = 0; at < 50; at++) assert.equal(await opened.keys.newer(first!), null);
  assert.equal(server.asked, 1);
  const newer = await eventually("newer keys", () => opened.keys.newer(first!));
  assert.deepEqual(newer, setOf("a", "b"));
  assert.equal(server.asked, 2);
  // Another that had the old ones has the new ones without a question.
  assert.equal(await opened.keys.newer(first!), newer);
  assert.equal(server.asked, 2);
  assert.deepEqual(opened.told(), ["keys-renewed 1", "keys-renewed 2"]);
});

Deno.test("keys that have become old hold until there are new ones, and a server that fails is told of once", async () => {
  await using server = serveKeys(json(setOf("a"), { "cache-control": "public, max-age=0" }));
  using opened = open(server.url);
  const first = await opened.keys.keys();
  server.answer = () => new Response("gone", { status: 500 });
  for (let at = 0; at < 5; at++) {
    assert.equal(await opened.keys.keys(), first);
    await eventually("another question", () => server.asked >= at + 2);
  }
  await eventually("its line", () => opened.told().length === 2);
  server.answer = json(setOf("b"));
  await eventually(
    "the new ones",
    async () => (await opened.keys.keys())?.keys.at(0)?.["kid"] === "b",
  );
  assert.deepEqual(opened.told(), [
    "keys-renewed 1",
    "keys-failed answers with status 500",
    "keys-renewed 1",
  ]);
});

Deno.test("keys that could not be renewed for too long hold no more", async () => {
  await using server = serveKeys(json(setOf("a"), { "cache-control": "max-age=0" }));
  using opened = open(server.url, { stale: 100 });
  assert.deepEqual(await opened.keys.keys(), setOf("a"));
  server.answer = () => new Response(null, { status: 404 });
  await eventually("their end", async () => await opened.keys.keys() === null);
});

const QUERY = makeSecret("the query of a URL of keys");

const FAILURES: readonly (readonly [what: string, answer: KeyServer["answer"], reason: string])[] =
  [
    ["no JSON", () => new Response("<html>"), 'must hold a JSON Web Key Set: { "keys": [...] }'],
    ["another JSON", json({ keys: 1 }), 'must hold a JSON Web Key Set: { "keys": [...] }'],
    [
      "more than is sensible",
      () => new Response(new Uint8Array(2_000_000)),
      "has more than 1048576 bytes",
    ],
    ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 302), "answers with status 302"],
    ["an error", () => new Response(null, { status: 503 }), "answers with status 503"],
    ["nothing", () => new Promise(() => {}), "has no answer within 0.2 s"],
  ];

for (const [what, answer, reason] of FAILURES) {
  Deno.test(`a server of keys that answers ${what} gives none, and its line has no query`, async () => {
    let release = () => {};
    const held = new Promise<Response>((resolve) => release = () => resolve(new Response()));
    await using server = serveKeys(what === "nothing" ? () => held : answer, `/keys?key=${QUERY}`);
    using opened = open(server.url, what === "nothing" ? { timeout: 200 } : {});
    assert.equal(await opened.keys.keys(), null);
    assert.deepEqual(opened.told()[0], `keys-failed ${reason}`);
    assert.ok(!JSON.stringify(opened.events).includes(QUERY));
    release();
  });
}

Deno.test("a server of keys that isn't there gives none, and says why without the query", async () => {
  const gone = serveKeys(json({}));
  const url = `${gone.url}?key=${QUERY}`;
  await gone[Symbol.asyncDispose]();
  using opened = open(url);
  assert.equal(await opened.keys.keys(), null);
  assert.match(opened.told()[0]!, /^keys-failed can't be asked: .*refused/);
  assert.ok(!JSON.stringify(opened.events).includes(QUERY));
});

Deno.test("a route whose keys can't be had answers 503, and lets in once they can", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...await exportJWK(publicKey), kid: "one" };
  await using backend = serveBackend(echo);
  await using server = serveKeys(() => new Response(null, { status: 500 }), `/keys?key=${QUERY}`);
  await using program = await startWithFile(`
[wstunnel.server."/"]
auth = { jwt = { jwks = "${server.url}", aud = "tunnel" } }
${hostLines(backend.address)}
`);
  const token = await new SignJWT({ sub: "ann" }).setAudience("tunnel").setExpirationTime("1h")
    .setProtectedHeader({ alg: "ES256", kid: "one" }).sign(privateKey);
  const ask = async () => {
    using client = await openRaw(program.address);
    await client.write(handshake("/", { Authorization: `Bearer ${token}` }));
    return (await client.head()).status;
  };
  assert.equal(await ask(), 503);
  const failed = await program.entry("keys can't be had, no token is taken");
  assert.equal(failed["reason"], "answers with status 500");
  const refused = await program.entry("request refused");
  assert.deepEqual([refused["status"], refused["why"]], [
    503,
    "there are no keys to verify tokens by",
  ]);
  server.answer = json({ keys: [jwk] });
  await eventually("the keys", async () => await ask() === 101, 30_000);
  const opened = await program.entry("tunnel opened");
  assert.equal(opened["user"], "ann");
  assert.equal(program.entries("keys can't be had, no token is taken").length, 1);
});

/** Every refusal of the opening handshake, over raw sockets. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { closeQuietly, connect } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { type LogEntry, type Program, startProgram, startWords } from "../support/program.ts";
import {
  type Fields,
  handshake,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";
import { type Ability, can, type Engine, PLAIN, testEngines } from "./engine_limits.ts";
import { startFor } from "./whole.ts";

interface Refusal {
  readonly what: string;
  readonly target?: string;
  readonly line?: string;
  readonly fields?: Fields;
  readonly status: number;
  /** The body, without its newline. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly needs?: Ability;
  /** Fields of the log entry besides client, status and reason. */
  readonly logged?: Readonly<Record<string, unknown>>;
}

const ORIGIN = { Origin: "https://example.com" };
const UPGRADE = { upgrade: "websocket" };

const REFUSALS: readonly Refusal[] = [
  {
    what: "no Host",
    fields: { Host: null },
    status: 400,
    reason: "the Host header is missing",
  },
  {
    what: "no route",
    target: "/elsewhere",
    status: 404,
    reason: "nothing is served at this path",
  },
  {
    what: "a route that is climbed out of",
    target: "/vnc/../elsewhere",
    status: 400,
    reason: "the path has a dot segment",
  },
  {
    what: "a path with a backslash",
    target: "/elsewhere/..\\vnc",
    status: 400,
    reason: "the path has a backslash",
  },
  {
    what: "a path with an escaped slash",
    target: "/vnc%2Fa",
    status: 400,
    reason: "the path has an escaped slash",
  },
  {
    what: "a path with an overlong escape",
    target: "/vnc%C0%AF",
    status: 400,
    reason: "the path is not UTF-8",
  },
  {
    what: "a method that is not GET",
    line: "POST /vnc HTTP/1.1",
    status: 426,
    reason: "a WebSocket opens with GET, not POST",
    headers: UPGRADE,
  },
  {
    what: "HTTP/1.0",
    line: "GET /vnc HTTP/1.0",
    status: 426,
    reason: "a WebSocket opens with HTTP/1.1, not HTTP/1.0",
    headers: UPGRADE,
    needs: "see HTTP/1.0",
  },
  {
    what: "no Upgrade",
    fields: { Upgrade: null },
    status: 426,
    reason: "this path serves WebSockets only: send Upgrade: websocket",
    headers: UPGRADE,
  },
  {
    what: "an Upgrade to something else",
    fields: { Upgrade: "h2c, websockets" },
    status: 426,
    reason: "this path serves WebSockets only: send Upgrade: websocket",
    headers: UPGRADE,
  },
  {
    what: "no Connection",
    fields: { Connection: null },
    status: 426,
    reason: "the Connection header must contain upgrade; does a proxy in between take it out?",
    headers: UPGRADE,
  },
  {
    what: "a Connection without upgrade",
    fields: { Connection: "keep-alive" },
    status: 426,
    reason: "the Connection header must contain upgrade; does a proxy in between take it out?",
    headers: UPGRADE,
  },
  {
    what: "no Origin",
    fields: { Origin: null },
    status: 400,
    reason: "the Origin header is missing, and origins are checked",
    logged: { origin: null, host: "example.com" },
  },
  {
    what: "another Origin",
    fields: { Origin: "https://evilexample.com" },
    status: 403,
    reason: "this origin is not admitted",
    logged: { origin: "https://evilexample.com", host: "example.com", path: "/vnc" },
  },
  {
    what: "Origin null",
    fields: { Origin: "null" },
    status: 403,
    reason: "this origin is not admitted",
    logged: { origin: "null" },
  },
  {
    what: "no Sec-WebSocket-Version",
    fields: { "Sec-WebSocket-Version": null },
    status: 426,
    reason: "the Sec-WebSocket-Version header is missing: it must be 13",
    headers: { ...UPGRADE, "sec-websocket-version": "13" },
  },
  {
    what: "another Sec-WebSocket-Version",
    fields: { "Sec-WebSocket-Version": "8" },
    status: 426,
    reason: "only version 13 of the WebSocket protocol is spoken here",
    headers: { ...UPGRADE, "sec-websocket-version": "13" },
  },
  {
    what: "no Sec-WebSocket-Key",
    fields: { "Sec-WebSocket-Key": null },
    status: 400,
    reason: "the Sec-WebSocket-Key header is missing",
  },
  {
    what: "a Sec-WebSocket-Key of 15 bytes",
    fields: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j" },
    status: 400,
    reason: "Sec-WebSocket-Key must be the base64 form of 16 bytes",
  },
  {
    what: "no backend",
    target: "/down",
    status: 503,
    reason: "no backend can be reached",
    headers: { "retry-after": "1" },
  },
];

testEngines("a refusal has its status, its one line and its log entry", async (engine) => {
  await using backend = serveBackend(echo);
  await using program = await startRefusing(engine, backend.address);
  for (const refusal of REFUSALS) {
    if (refusal.needs !== undefined && !can(engine, refusal.needs)) continue;
    try {
      await assertRefused(program, refusal);
    } catch (error) {
      throw new Error(`${refusal.what}: ${(error as Error).message}`, { cause: error });
    }
  }
  assert.equal(backend.count, 0, "a refused request must not reach the backend");
});

/** A program with a route that works, one whose backend is down, and origins. */
async function startRefusing(engine: Engine, backend: string): Promise<Program> {
  const folder = await Deno.makeTempDir();
  const { hostname, port } = new URL(`tcp://${backend}`);
  const file = `${folder}/wstunnel.toml`;
  await Deno.writeTextFile(
    file,
    `engine = "${engine}"
[wstunnel]
origins = ["example.com"]
debug = 4
[[wstunnel.server."/vnc"]]
host = "${hostname}"
port = ${port}
[[wstunnel.server."/down"]]
socket = "${folder}/nobody.sock"
`,
  );
  try {
    return await startProgram(["--config", file]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function assertRefused(program: Program, refusal: Refusal): Promise<void> {
  const { target = "/vnc", line, fields = {}, status, reason, headers = {}, logged = {} } = refusal;
  const before = program.entries("request refused").length;
  using client = await openRaw(program.address);
  await client.write(handshake(target, { ...ORIGIN, ...fields }, line));
  const response = await client.head();
  const body = await client.body(response);
  assert.equal(response.status, status, body);
  assert.equal(body, reason + "\n");
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  for (const [name, value] of Object.entries(headers)) {
    assert.equal(response.headers.get(name), value, name);
  }
  const entry: LogEntry = await program.entry("request refused", before + 1);
  assert.equal(entry.status, status);
  assert.equal(entry.reason, reason);
  assert.match(String(entry.client), /^127\.0\.0\.1:\d+$/);
  for (const [name, value] of Object.entries(logged)) assert.equal(entry[name], value, name);
}

testEngines(
  "a route admits origins, targets and token lists as browsers send them",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startRefusing(engine, backend.address);
    const admitted: [string, Fields][] = [
      ["/vnc", ORIGIN],
      ["/vnc/deeper?token=1", { Origin: "https://a.example.com:8443" }],
      ["/vnc", { ...ORIGIN, Connection: "keep-alive, Upgrade", Upgrade: "WebSocket" }],
    ];
    for (const [target, fields] of admitted) {
      using client = await openTunnel(program.address, target, fields);
      await client.send(2, "hello");
      assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
    }
    assert.equal(backend.count, admitted.length);
  },
);

testEngines(
  "a refusal's log entry has no query, which may hold a token, and is short",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startRefusing(engine, backend.address);
    for (
      const target of ["/elsewhere?token=secret", "/" + "x".repeat(8000), "/down?token=secret"]
    ) {
      using client = await openRaw(program.address);
      await client.write(handshake(target, ORIGIN));
      await client.head();
    }
    using client = await openRaw(program.address);
    await client.write(handshake("/vnc", ORIGIN, `${"M".repeat(8000)} /vnc HTTP/1.1`));
    await client.head();
    await program.entry("request refused", 4);
    const paths = program.entries("request refused").map(({ path }) => path);
    assert.deepEqual(paths, ["/elsewhere", "/" + "x".repeat(199) + "…", "/down", "/vnc"]);
    for (const line of program.log.all) {
      assert.doesNotMatch(line, /secret/);
      assert.ok(line.length < 1_000, line);
    }
  },
);

Deno.test("a shortage of descriptors is ours: it takes no backend out", async () => {
  await using backend = openBackend();
  const words: [string, ...string[]] = ["/bin/sh", "-c", 'ulimit -n 100 && exec "$0" "$@"'];
  words.push(...startWords());
  const settings = { top: "max-connections = 0", host: "disable-time = 600", words };
  await using program = await startFor(PLAIN, backend.address, settings);
  const clients: RawClient[] = [];
  try {
    // Twice as many as there are descriptors: some are accepted and have none left for their backend.
    for (let i = 0; i < 200; i++) clients.push(await openRaw(program.address));
    await Promise.all(clients.map((client) => client.write(handshake())));
    const { status, why } = await program.entry("request refused");
    assert.equal(status, 503);
    assert.match(String(why), /Too many open files/);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
  // Not at once: the program hears of their ends in its own time.
  using _client = await eventually(
    "a tunnel",
    () => openTunnel(program.address).catch(() => null),
  );
  assert.deepEqual(program.entries("every backend of the route is down"), []);
});

testEngines("it listens on after a shortage of descriptors", async (engine) => {
  await using backend = serveBackend(echo);
  const words: [string, ...string[]] = ["/bin/sh", "-c", 'ulimit -n 100 && exec "$0" "$@"'];
  words.push(...startWords());
  // Nobody has to go for a newcomer, so that all descriptors are taken.
  const top = "max-connections = 0\nmax-pending = 0";
  await using program = await startFor(engine, backend.address, { words, top });
  const clients: Deno.Conn[] = [];
  try {
    // The last of them may be refused already.
    for (let i = 0; i < 200; i++) clients.push(await connect(program.address));
  } catch (error) {
    assert.ok(clients.length > 50, String(error));
  }
  await program.entry("cannot accept connections");
  for (const client of clients) closeQuietly(client);
  using _client = await eventually(
    "a tunnel",
    () => openTunnel(program.address).catch(() => null),
  );
  assert.deepEqual(program.entries("a defect in wstunnel, please report it"), []);
});

/** How the clients that people use prove who they are: curl, Python's websockets, Chromium. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { type Folder, openFolder, outputOf, tokenLine } from "../support/auth_files.ts";
import { connect, writeAll } from "../support/connection.ts";
import { CHROMIUM, openBrowser } from "../support/chromium.ts";
import { inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import type { Program } from "../support/program.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { PLAIN, testEngines } from "../e2e/engine_limits.ts";
import { hostLines, startWithFile } from "../e2e/whole.ts";

const TOKEN = makeSecret("a token");
const PASSWORD = makeSecret("a password");

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Lines of the kinds of hash that there are, each by the program that people make it with. */
async function userLines(): Promise<string> {
  const bcrypt = await outputOf("htpasswd", ["-niB", "ann"], `${PASSWORD}\n`);
  const crypts = await Promise.all(
    ["sha-512", "sha-256"].map((kind) => outputOf("mkpasswd", ["-s", "-m", kind], `${PASSWORD}\n`)),
  );
  const [bob, eve] = crypts.map((bytes) => decode(bytes).trim());
  return `${decode(bcrypt).trim()}\nbob:${bob}\neve:${eve}\n`;
}

async function start(engine: string, folder: Folder, backend: string): Promise<Program> {
  const users = await folder.write("users", await userLines());
  const tokens = await folder.write("tokens", tokenLine("ci", TOKEN));
  return await startWithFile(`engine = "${engine}"
[wstunnel]
frame-type = "binary"
[wstunnel.server."/basic"]
auth = { basic = "${users}" }
${hostLines(backend)}
[wstunnel.server."/token"]
auth = { token = "${tokens}", from = ["authorization", "query:token", "cookie:session", "subprotocol"] }
${hostLines(backend)}
[wstunnel.server."/both"]
auth = { basic = "${users}", token = "${tokens}" }
${hostLines(backend)}
`);
}

const MAKERS = ["htpasswd", "mkpasswd"].find((name) => installed(name) === null);
const CURL = installed("curl");
const PYTHON = installed("python3");

/** Registers a test for each engine, which says when and why it is skipped. */
function testWith(
  missing: string | null | undefined,
  name: string,
  body: (engine: string) => Promise<void>,
) {
  if (missing === null || missing === undefined) return testEngines(name, body);
  Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn() {} });
}

const NO_MAKER = MAKERS === undefined ? null : `${MAKERS} is not installed`;

const UPGRADE = [
  ...["-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13"],
  ...["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
];

/** The status of the last head in what curl printed; NaN: there is none. */
const statusOf = (answer: string) =>
  Number([...answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)].at(-1)?.[1]);

/** What a backend says first: curl keeps a head to itself until there is more. */
const GREETING = "welcome";

/** What curl prints of its exchange; of a tunnel, which has no end by itself, until it has the greeting. */
async function curl(args: string[]): Promise<string> {
  const child = new Deno.Command(CURL!, {
    args: ["-siN", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let answer = "";
  const read = async () => {
    for await (const bytes of child.stdout) {
      answer += decode(bytes);
      if (!answer.includes(GREETING)) continue;
      child.kill();
      break;
    }
    await child.status;
  };
  await inTime(`the whole of an answer to curl behind ${answer}`, read(), () => child.kill());
  return answer;
}

testWith(
  NO_MAKER ?? (CURL === null ? "curl is not installed" : null),
  "curl comes in by --user, --oauth2-bearer, a cookie and the query",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(async (taken) => {
      await taken.write(GREETING);
      await echo(taken);
    });
    await using program = await start(engine, folder, backend.address);
    const ask = async (path: string, ...args: string[]) => {
      const answer = await curl([...UPGRADE, ...args, `http://${program.address}${path}`]);
      assertNoSecret("an answer", answer);
      return statusOf(answer);
    };
    for (const name of ["ann", "bob", "eve"]) {
      assert.equal(await ask("/basic", "--user", `${name}:${PASSWORD}`), 101, name);
    }
    assert.equal(await ask("/basic", "--user", "ann:wrong"), 401);
    assert.equal(await ask("/basic", "--user", `dan:${PASSWORD}`), 401);
    // It waits for a challenge and picks what it can: Basic of two.
    assert.equal(await ask("/both", "--anyauth", "--user", `ann:${PASSWORD}`), 101);
    assert.equal(await ask("/token", "--oauth2-bearer", TOKEN), 101);
    assert.equal(await ask("/token", "--cookie", `session=${TOKEN}`), 101);
    assert.equal(await ask(`/token?token=${TOKEN}`), 101);
    assert.equal(await ask("/token", "--oauth2-bearer", "wrong"), 401);
    await program.entry("tunnel closed", 7);
    const users = program.entries("tunnel opened").map(({ user }) => user);
    assert.deepEqual(users, ["ann", "bob", "eve", "ann", "ci", "ci", "ci"]);
  },
);

function whyNoPython(): string | null {
  if (PYTHON === null) return "python3 is not installed";
  const { success } = new Deno.Command(PYTHON, { args: ["-c", "import websockets"] }).outputSync();
  return success ? null : "Python's websockets is not installed";
}

testWith(
  NO_MAKER ?? whyNoPython(),
  "Python's websockets come in by a password in the URI, a field, the query and a subprotocol",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    await using program = await start(engine, folder, backend.address);
    const script = new URL("auth.py", import.meta.url).pathname;
    const open = async (uri: string, ...options: string[]) =>
      JSON.parse(decode(await outputOf(PYTHON!, [script, uri, ...options])));
    const { address } = program;
    const came = { echo: "ping", protocol: null };
    assert.deepEqual(await open(`ws://ann:${PASSWORD}@${address}/basic`), came);
    assert.deepEqual(await open(`ws://ann:wrong@${address}/basic`), { status: 401 });
    assert.deepEqual(await open(`ws://${address}/token`, `Authorization=Bearer ${TOKEN}`), came);
    assert.deepEqual(await open(`ws://${address}/token?token=${TOKEN}`), came);
    assert.deepEqual(await open(`ws://${address}/token`, `Cookie=session="${TOKEN}"`), came);
    const offered = await open(`ws://${address}/token`, "binary", `bearer.${TOKEN}`);
    assert.deepEqual(offered, { echo: "ping", protocol: "binary" });
    assert.deepEqual(await open(`ws://${address}/token`, "binary"), { status: 401 });
  },
);

interface Report {
  readonly echo?: string;
  readonly protocol?: string;
  readonly failed?: boolean;
}

/** Serves the page and waits for what it reports; gives where it serves. */
function servePage() {
  const { promise, resolve } = Promise.withResolvers<Report>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (new URL(request.url).pathname === "/report") resolve(await request.json());
    const page = await Deno.readTextFile(new URL("auth_page.html", import.meta.url));
    // The next request is for another server, maybe.
    const headers = { "content-type": "text/html", "connection": "close" };
    return new Response(page, { headers });
  });
  return { address: `127.0.0.1:${server.addr.port}`, report: promise, resolve, server };
}

/** One origin for a page and for the tunnel, as a proxy makes it: what asks for `/basic` or `/both` gets to the program. */
function serveFront(page: string, program: string): AsyncDisposable & { readonly address: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pass = async (client: Deno.Conn) => {
    const first = new Uint8Array(16384);
    const count = await client.read(first) ?? 0;
    const head = decode(first.subarray(0, count));
    const behind = await connect(/^GET \/(?:basic|both)/.test(head) ? program : page);
    await writeAll(behind, first.subarray(0, count));
    const ways = [client.readable.pipeTo(behind.writable), behind.readable.pipeTo(client.writable)];
    await Promise.allSettled(ways);
  };
  const passing = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const client of listener) passing.add(pass(client).catch(() => {}));
  })();
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(passing);
    },
  };
}

/** What a page reports that opens a tunnel. */
async function browse(url: string, protocols: readonly string[]): Promise<Report> {
  const page = servePage();
  const query = new URLSearchParams([["url", url], ...protocols.map((name) => ["protocol", name])]);
  try {
    await using _browser = await openBrowser(`http://${page.address}/?${query}`);
    return await inTime("the page's report", page.report, () => page.resolve({}), 60_000);
  } finally {
    await page.server.shutdown();
  }
}

/** What a page of the tunnel's own origin reports, once somebody has said who he is where the browser asked. */
async function browseKnown(program: string, path: string): Promise<Report> {
  const page = servePage();
  try {
    await using front = serveFront(page.address, program);
    const query = new URLSearchParams({
      page: path,
      name: "ann",
      password: PASSWORD,
      url: `ws://${front.address}${path}`,
      protocol: "binary",
    });
    await using _browser = await openBrowser(`http://${front.address}/?${query}`);
    return await inTime("the page's report", page.report, () => page.resolve({}), 60_000);
  } finally {
    await page.server.shutdown();
  }
}

testWith(
  NO_MAKER ?? (CHROMIUM === null ? "chromium is not installed" : null),
  "Chromium comes in by a subprotocol beside a real one, by the query and by a password in the URL",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    await using program = await start(engine, folder, backend.address);
    const { address } = program;
    const binary = { echo: "ping", protocol: "binary" };
    assert.deepEqual(await browse(`ws://${address}/token`, ["binary", `bearer.${TOKEN}`]), binary);
    assert.deepEqual(await browse(`ws://${address}/token?token=${TOKEN}`, ["binary"]), binary);
    assert.deepEqual(await browse(`ws://${address}/token`, ["binary"]), { failed: true });
    // Where the token is all that is offered no answer can name one, and the browser fails.
    assert.deepEqual(await browse(`ws://${address}/token`, [`bearer.${TOKEN}`]), { failed: true });
    for (const path of ["/basic", "/both"]) {
      const url = `ws://ann:${PASSWORD}@${address}${path}`;
      assert.deepEqual(await browse(url, ["binary"]), binary, path);
      assert.deepEqual(await browse(`ws://${address}${path}`, ["binary"]), { failed: true }, path);
    }
  },
);

// With `stream` alone: the runtime of `native` keeps a connection behind an answer, and the front looks at its first request only.
const WITHOUT_CHROMIUM = NO_MAKER ?? (CHROMIUM === null ? "chromium is not installed" : null);
Deno.test({
  name:
    "Chromium uses for a tunnel the password that a 401 of ours asked for on a page of the same origin" +
    (WITHOUT_CHROMIUM === null ? "" : ` (skipped: ${WITHOUT_CHROMIUM})`),
  ignore: WITHOUT_CHROMIUM !== null,
  async fn() {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    await using program = await start(PLAIN, folder, backend.address);
    for (const path of ["/basic", "/both"]) {
      const came = await browseKnown(program.address, path);
      assert.deepEqual(came, { echo: "ping", protocol: "binary" }, path);
    }
    await program.entry("request refused", 4);
    const statuses = program.entries("request refused").map(({ status }) => status);
    assert.deepEqual(statuses, [401, 426, 401, 426]);
  },
});

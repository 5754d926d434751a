/** Who may come in: each way that a token may come, each refusal, files that change. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { basic, openFolder, passwordLine, tokenLine } from "../support/auth_files.ts";
import { eventually } from "../support/eventually.ts";
import { runProgram } from "../support/program.ts";
import { type Fields, handshake, openRaw } from "../support/raw_client.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { testEngines } from "./engine_limits.ts";
import { hostLines, startWithFile } from "./whole.ts";

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Asks for a tunnel, or with a line for something else. */
async function ask(
  address: string,
  target: string,
  fields: Fields = {},
  line = `GET ${target} HTTP/1.1`,
): Promise<Answered> {
  using client = await openRaw(address);
  await client.write(handshake(target, fields, line));
  const { status, headers } = await client.head();
  const hasBody = status !== 101 && !line.startsWith("HEAD");
  return { status, headers, body: hasBody ? await client.body({ status, headers }) : "" };
}

const TOKEN = makeSecret("a token");
const OTHER_TOKEN = makeSecret("a token that nobody has");

/** The places that a token may come from, as the configuration names them, and what puts it there. */
const PLACES: Readonly<
  Record<string, (token: string) => { readonly query?: string; readonly fields?: Fields }>
> = {
  "authorization": (token) => ({ fields: { Authorization: `Bearer ${token}` } }),
  "query:token": (token) => ({ query: `?x=1&token=${token}` }),
  "cookie:session": (token) => ({ fields: { Cookie: `a=b; session=${token}` } }),
  "subprotocol": (token) => ({
    fields: { "Sec-WebSocket-Protocol": `binary, bearer.${token}` },
  }),
};

testEngines(
  "a token comes in from the place that is switched on, and from no other",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    const file = await folder.write("tokens", tokenLine("ann", TOKEN));
    const routes = Object.keys(PLACES).map((place) => `
[wstunnel.server."/${place.split(":")[0]}"]
auth = { token = "${file}", from = ["${place}"] }
${hostLines(backend.address)}
`);
    await using program = await startWithFile(
      // Whatever is logged at all is searched for the tokens.
      `engine = "${engine}"\n[wstunnel]\ndebug = "debug"\n${routes.join("")}`,
    );
    let opened = 0;
    for (const place of Object.keys(PLACES)) {
      for (const [other, put] of Object.entries(PLACES)) {
        for (const token of [TOKEN, OTHER_TOKEN]) {
          const { query = "", fields } = put(token);
          const target = `/${place.split(":")[0]}${query}`;
          const answered = await ask(program.address, target, fields);
          const isIn = place === other && token === TOKEN;
          assert.equal(answered.status, isIn ? 101 : 401, `${place} ${other}`);
          if (isIn) opened++;
          const protocol = answered.headers.get("sec-websocket-protocol");
          assert.equal(protocol, isIn && other === "subprotocol" ? "binary" : null);
        }
      }
    }
    const entry = await program.entry("tunnel opened", opened);
    assert.equal(entry["user"], "ann");
    // Who isn't let in costs no connection of a backend.
    assert.equal(backend.count, opened);
    for (const { declined, subprotocol } of program.entries("tunnel opened")) {
      assert.deepEqual([declined, subprotocol === undefined || subprotocol === "binary"], [
        undefined,
        true,
      ]);
    }
  },
);

testEngines(
  "a token alone among the subprotocols is taken, and no protocol is answered",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    const file = await folder.write("tokens", tokenLine("ann", TOKEN));
    await using program = await startWithFile(`engine = "${engine}"
[wstunnel.server."/"]
auth = { token = "${file}", from = ["authorization", "subprotocol"] }
${hostLines(backend.address)}
`);
    const protocol = `bearer.${TOKEN}`;
    const answered = await ask(program.address, "/", { "Sec-WebSocket-Protocol": protocol });
    assert.equal(answered.status, 101);
    assert.equal(answered.headers.get("sec-websocket-protocol"), null);
    // The first place that has one decides.
    const both = { "Authorization": `Bearer ${OTHER_TOKEN}`, "Sec-WebSocket-Protocol": protocol };
    assert.equal((await ask(program.address, "/", both)).status, 401);
  },
);

const PASSWORD = makeSecret("a password");
const WRONG_PASSWORD = makeSecret("a wrong password");

const WHO = 'Basic realm="the tunnel", charset="UTF-8"';
const BEARER = 'Bearer realm="the tunnel"';
const INVALID = `${BEARER}, error="invalid_token"`;

interface Refusal {
  readonly path: string;
  readonly query?: string;
  readonly fields?: Fields;
  readonly challenge: string;
  readonly body: string;
  readonly why: string;
}

const WRONG = "wrong name or password";

const REFUSALS: readonly Refusal[] = [
  { path: "/basic", challenge: WHO, body: "a password is needed", why: "nothing was shown" },
  {
    path: "/basic",
    fields: { Authorization: basic("ann", WRONG_PASSWORD) },
    challenge: WHO,
    body: "the password is not valid",
    why: WRONG,
  },
  {
    path: "/basic",
    fields: { Authorization: basic("nobody", PASSWORD) },
    challenge: WHO,
    body: "the password is not valid",
    why: WRONG,
  },
  {
    path: "/basic",
    fields: { Authorization: basic("ann", PASSWORD + "x".repeat(512)) },
    challenge: WHO,
    body: "the password is not valid",
    why: WRONG,
  },
  {
    path: "/basic",
    fields: { Authorization: `Basic ${PASSWORD}` },
    challenge: WHO,
    body: "the password is not valid",
    why: "no name and password in base64 and UTF-8",
  },
  {
    path: "/basic",
    fields: { Authorization: `Bearer ${TOKEN}` },
    challenge: WHO,
    body: "a password is needed",
    why: "nothing was shown",
  },
  { path: "/token", challenge: BEARER, body: "a token is needed", why: "nothing was shown" },
  {
    path: "/token",
    fields: { Authorization: `Bearer ${OTHER_TOKEN}` },
    challenge: INVALID,
    body: "the token is not valid",
    why: "no such token",
  },
  {
    path: "/token",
    fields: { Authorization: `Bearer ${TOKEN} ${TOKEN}` },
    challenge: INVALID,
    body: "the token is not valid",
    why: "a token that can't be decoded",
  },
  {
    path: "/token",
    query: `?token=${TOKEN}&token=${OTHER_TOKEN}`,
    challenge: INVALID,
    body: "the token is not valid",
    why: "several tokens in one place",
  },
  {
    path: "/token",
    query: `?token=${TOKEN}%zz`,
    challenge: INVALID,
    body: "the token is not valid",
    why: "a token that can't be decoded",
  },
  {
    path: "/both",
    challenge: `${WHO}, ${BEARER}`,
    body: "a password or a token is needed",
    why: "nothing was shown",
  },
  {
    path: "/both",
    query: `?token=${OTHER_TOKEN}`,
    fields: { Authorization: basic("ann", WRONG_PASSWORD) },
    challenge: `${WHO}, ${INVALID}`,
    body: "the password or token is not valid",
    why: `no such token; ${WRONG}`,
  },
];

testEngines(
  "who isn't let in is told what is asked for, and the log which check failed",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    const users = await folder.write("users", passwordLine("ann", PASSWORD));
    const tokens = await folder.write("tokens", tokenLine("ci", TOKEN));
    const from = 'from = ["authorization", "query:token"], realm = "the tunnel"';
    await using program = await startWithFile(`engine = "${engine}"
[wstunnel.server."/basic"]
auth = { basic = "${users}", realm = "the tunnel" }
${hostLines(backend.address)}
[wstunnel.server."/token"]
auth = { token = "${tokens}", ${from} }
${hostLines(backend.address)}
[wstunnel.server."/both"]
auth = { basic = "${users}", token = "${tokens}", ${from} }
${hostLines(backend.address)}
`);
    for (
      const [at, { path, query = "", fields = {}, challenge, body, why }] of REFUSALS.entries()
    ) {
      const answered = await ask(program.address, path + query, fields);
      assert.equal(answered.status, 401, JSON.stringify(fields));
      assert.equal(answered.headers.get("www-authenticate"), challenge);
      assert.equal(answered.body, `${body}\n`);
      assert.match(String(answered.headers.get("content-type")), /^text\/plain/);
      const entry = await program.entry("request refused", at + 1);
      assert.deepEqual([entry["why"], entry["status"], entry["path"]], [why, 401, path]);
    }
    assert.equal(backend.count, 0);
    // Any of several ways lets in.
    const password = { Authorization: basic("ann", PASSWORD) };
    for (const path of ["/basic", "/both", `/both?token=${OTHER_TOKEN}`]) {
      assert.equal((await ask(program.address, path, password)).status, 101, path);
    }
    assert.equal((await ask(program.address, `/both?token=${TOKEN}`)).status, 101);
    await program.entry("tunnel opened", 4);
    const names = program.entries("tunnel opened").map(({ user }) => user);
    assert.deepEqual(names, ["ann", "ann", "ann", "ci"]);
  },
);

testEngines(
  "a page of such a place is refused by who asks for it, so that a browser asks for a password",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    const users = await folder.write("users", passwordLine("ann", PASSWORD));
    await using program = await startWithFile(`engine = "${engine}"
[wstunnel.server."/"]
auth = { basic = "${users}" }
origins = ["example.com"]
${hostLines(backend.address)}
`);
    const page = { Upgrade: null, Connection: null };
    const get = await ask(program.address, "/", page);
    assert.deepEqual([get.status, get.headers.get("www-authenticate")], [
      401,
      'Basic realm="wstunnel", charset="UTF-8"',
    ]);
    const head = await ask(program.address, "/", page, "HEAD / HTTP/1.1");
    assert.equal(head.status, 401);
    const known = { ...page, Authorization: basic("ann", PASSWORD) };
    assert.equal((await ask(program.address, "/", known)).status, 426);
    // A tunnel of a foreign page is refused before anybody is asked.
    const foreign = { Origin: "https://evil.example", Authorization: basic("ann", PASSWORD) };
    assert.equal((await ask(program.address, "/", foreign)).status, 403);
    assert.equal((await ask(program.address, "/healthz", page)).status, 200);
    assert.equal(backend.count, 0);
  },
);

testEngines(
  "files hold within seconds of a change; a broken one keeps what it held, and is told of without its words",
  async (engine) => {
    await using folder = await openFolder();
    await using backend = serveBackend(echo);
    const [ann, bob] = [makeSecret("ann's token"), makeSecret("bob's token")];
    await folder.write("first", tokenLine("ann", ann));
    await Deno.symlink("first", `${folder.path}/tokens`);
    const users = await folder.write("users", passwordLine("ann", PASSWORD));
    await using program = await startWithFile(`engine = "${engine}"
[wstunnel]
auth = { token = "${folder.path}/tokens", basic = "${users}" }
[wstunnel.server."/"]
${hostLines(backend.address)}
`);
    const statusOf = async (authorization: string) =>
      (await ask(program.address, "/", { Authorization: authorization })).status;
    const becomes = (authorization: string, status: number) =>
      eventually(`${status}`, async () => await statusOf(authorization) === status);
    assert.equal(await statusOf(`Bearer ${ann}`), 101);
    assert.equal(await statusOf(`Bearer ${bob}`), 401);

    // Another target of the link, as Kubernetes renews its secrets.
    await folder.write("second", tokenLine("bob", bob));
    await Deno.symlink("second", `${folder.path}/link`);
    await Deno.rename(`${folder.path}/link`, `${folder.path}/tokens`);
    await becomes(`Bearer ${bob}`, 101);
    assert.equal(await statusOf(`Bearer ${ann}`), 401);
    await program.entry("file has been renewed");

    // In place, with a password where its digest belongs.
    await folder.write("second", `bob ${bob}\n`);
    const failed = await program.entry("file can't be used, what it held before still holds");
    assert.match(String(failed["reason"]), /^line 1 must be a name and the SHA-256/);
    assert.equal(await statusOf(`Bearer ${bob}`), 101);

    // Gone, and there again.
    await Deno.remove(`${folder.path}/second`);
    await program.entry("file can't be used, what it held before still holds", 2);
    assert.equal(await statusOf(`Bearer ${bob}`), 101);
    await folder.replace("second", tokenLine("ann", ann) + tokenLine("bob", bob));
    await becomes(`Bearer ${ann}`, 101);

    // A password that was right before its line changed.
    const old = basic("ann", PASSWORD);
    assert.equal(await statusOf(old), 101);
    await folder.replace("users", passwordLine("ann", WRONG_PASSWORD));
    await becomes(old, 401);
    assert.equal(await statusOf(basic("ann", WRONG_PASSWORD)), 101);
  },
);

const NAME = 'O\'Br\u00efen "x" user=root';

testEngines("a user's name is one word of the log, whatever is in it", async (engine) => {
  await using folder = await openFolder();
  await using backend = serveBackend(echo);
  const users = await folder.write("users", passwordLine(NAME, PASSWORD));
  for (const logFormat of ["json", "text"] as const) {
    await using program = await startWithFile(
      `engine = "${engine}"
[wstunnel.server."/"]
auth = { basic = "${users}" }
${hostLines(backend.address)}
`,
      { logFormat },
    );
    const { status } = await ask(program.address, "/", { Authorization: basic(NAME, PASSWORD) });
    assert.equal(status, 101);
    await eventually(
      "its line",
      () => program.log.all.some((line) => line.includes("tunnel opened")),
    );
    const line = program.log.all.find((line) => line.includes("tunnel opened"))!;
    if (logFormat === "json") assert.equal(JSON.parse(line).user, NAME);
    else assert.ok(line.includes(`user=${JSON.stringify(NAME)} `), line);
  }
});

Deno.test("a configuration whose files are missing or wrong is refused, with line and reason and none of their words", async () => {
  await using folder = await openFolder();
  const secret = makeSecret("a password in the clear");
  const users = await folder.write("users", `ann:${secret}\n`);
  const config = await folder.write(
    "wstunnel.toml",
    `[wstunnel.server."/a"]
port = 1
auth = { basic = "${users}" }
[wstunnel.server."/b"]
port = 1
auth = { token = "${folder.path}/none" }
[wstunnel.server."/c"]
port = 1
auth = { jwt = { key = "${users}" } }
[wstunnel.server."/d"]
port = 1
auth = { jwt = { secret-file = "${folder.path}" } }
`,
  );
  for (const command of [["check"], []]) {
    const { code, stdout, stderr } = await runProgram([...command, "--config", config]);
    assert.equal(code, 2);
    assertNoSecret("its output", stdout + stderr);
    const said = stderr.replaceAll(folder.path, "").replaceAll("wstunnel: ", "").trim().split("\n");
    assert.deepEqual(said, [
      '/wstunnel.toml:3: wstunnel.server."/a".auth.basic: "/users" line 1 must have a hash of bcrypt, as htpasswd -B makes it, or of SHA-256 or SHA-512 crypt, as mkpasswd -m sha-512 does',
      '/wstunnel.toml:6: wstunnel.server."/b".auth.token: "/none" cannot be read: there is no such file',
      '/wstunnel.toml:9: wstunnel.server."/c".auth.jwt.key: "/users" must hold a public key as PEM, which begins with -----BEGIN PUBLIC KEY-----',
      '/wstunnel.toml:12: wstunnel.server."/d".auth.jwt.secret-file: "" is a directory',
    ]);
  }
});

Deno.test("`check` warns of a file that lets nobody in", async () => {
  await using folder = await openFolder();
  const tokens = await folder.write("tokens", "# NAME sha256:HEX\n");
  await Deno.chmod(tokens, 0o600);
  const words = ["--server", "127.0.0.1:1", "--frame-type", "binary", "--auth-token", tokens];
  const { code, stderr } = await runProgram(["check", ...words]);
  assert.equal(code, 0);
  const says = `"${tokens}" names nobody: nobody comes in by it`;
  assert.equal(stderr, `wstunnel: warning: --auth-token: ${says}\n`);
});

Deno.test("`check` warns of a file that everybody can read", async () => {
  await using folder = await openFolder();
  const users = await folder.write("users", passwordLine("ann", PASSWORD));
  await Deno.chmod(users, 0o644);
  const { code, stderr } = await runProgram([
    "check",
    "--server",
    "127.0.0.1:1",
    "--origin",
    "example.com",
    "--frame-type",
    "binary",
    "--auth-basic",
    users,
  ]);
  assert.equal(code, 0);
  assert.equal(
    stderr,
    `wstunnel: warning: --auth-basic: "${users}" can be read by every user of this machine: chmod o-rwx\n`,
  );
});

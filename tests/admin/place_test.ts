/** Where the admin listener is: a file for our user alone, an address that is free, and where nothing is unless it is asked for. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { connect } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { runProgram, startProgram, startWords } from "../support/program.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { adminAddress, ask, leadingTo, startAdministered } from "./asking.ts";

const TEXT = leadingTo(["127.0.0.1:9"]);

/** Sees whether a user without rights may connect: exit code 0, or 3 where it may not. */
const CONNECT = `import socket, sys
try: socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except PermissionError: sys.exit(3)`;

const PYTHON = installed("python3");

async function strangerConnects(path: string): Promise<boolean> {
  const { code } = await new Deno.Command("setpriv", {
    args: ["--reuid=64321", "--regid=64321", "--clear-groups", PYTHON!, "-c", CONNECT, path],
  }).output();
  assert([0, 3].includes(code), `exit code ${code}`);
  return code === 0;
}

Deno.test({
  name: "the socket's file is our user's alone, whatever the umask, and gone at the end",
  ignore: Deno.uid() !== 0 || PYTHON === null,
  async fn() {
    await using administered = await startAdministered({
      by: "unix",
      text: TEXT,
      words: ["sh", "-c", 'umask 000; exec "$@"', "sh", ...startWords()],
    });
    const { at, folder, program } = administered;
    await Deno.chmod(folder, 0o755);
    const path = at.slice("unix:".length);
    assert.equal((Deno.statSync(path).mode! & 0o777).toString(8), "600");
    assert.equal(await strangerConnects(path), false);
    assert.equal((await ask(at, "/healthz")).status, 200);
    program.signal("SIGTERM");
    assert.equal(await program.exit(), 0);
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
  },
});

Deno.test("a file that a killed program has left is taken over, one that answers is not", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/admin.sock`;
  const args = ["--server", "127.0.0.1:9", "--frame-type", "binary", "--admin", `unix:${path}`];
  try {
    {
      await using first = await startProgram(args);
      assert.equal((await ask(adminAddress(first), "/healthz")).status, 200);
      const { code, stderr } = await runProgram([...args, "--listen", "127.0.0.1:0"]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /error +admin: cannot listen on unix:\S+: another program listens there/,
      );
      assert.equal((await ask(adminAddress(first), "/healthz")).status, 200);
    }
    assert(Deno.lstatSync(path).isSocket, "it was killed");
    await using second = await startProgram(args);
    assert.equal((await ask(adminAddress(second), "/healthz")).status, 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a port that is taken is exit code 1, with words, before anybody is served", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const { code, stderr } = await runProgram([
    ...["--server", "127.0.0.1:9", "--listen", "127.0.0.1:0"],
    ...["--admin", `127.0.0.1:${port}`],
  ]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`error +admin: cannot listen on 127.0.0.1:${port}: another program listens there`),
  );
  assert.doesNotMatch(stderr, /listening on/);
});

Deno.test("nothing is there unless it is asked for", async () => {
  await using program = await startProgram(["--server", "127.0.0.1:9", "--frame-type", "binary"]);
  assert.equal(program.log.all.some((line) => line.includes("admin at")), false);
});

Deno.test("without a token's file nothing can be changed at an address, and the answer says how", async () => {
  await using program = await startProgram([
    ...["--server", "127.0.0.1:9", "--frame-type", "binary", "--admin", "localhost:0"],
  ]);
  const at = adminAddress(program);
  assert.equal((await ask(at, "/api/status")).status, 200);
  for (const fields of [{}, { Authorization: "Bearer 0123456789abcdef" }]) {
    const { status, json } = await ask(at, "/api/reload", { method: "POST", fields });
    assert.equal(status, 403);
    assert.match(json.error, /admin-token-file.*unix-domain socket/);
  }
});

Deno.test("at an address that other machines reach the token is needed for everything, by any name", async () => {
  const folder = await Deno.makeTempDir();
  const token = makeSecret("the admin token");
  try {
    await Deno.writeTextFile(`${folder}/token`, token, { mode: 0o600 });
    await using program = await startProgram([
      ...["--server", "127.0.0.1:9", "--frame-type", "binary"],
      ...["--admin", `:${freePort()}`, "--admin-token-file", `${folder}/token`],
    ]);
    const at = adminAddress(program).replace(/^.*:/, "127.0.0.1:");
    for (const path of ["/", "/healthz", "/readyz", "/api/status", "/api/events", "/nothing"]) {
      const { status, headers } = await ask(at, path);
      assert.equal(status, 401, path);
      assert.match(headers.get("www-authenticate")!, /^Basic realm="wstunnel", Bearer /);
    }
    const fields = { Host: "ops.example", Authorization: `Bearer ${token}` };
    assert.equal((await ask(at, "/healthz", { fields })).status, 200);
    const asked = { ...fields, Authorization: `Basic ${btoa(`any:${token}`)}` };
    assert.equal((await ask(at, "/healthz", { fields: asked })).status, 200);
    assert.equal((await ask(at, "/api/reload", { method: "POST", fields: asked })).status, 401);
    assert.equal((await ask(at, "/api/reload", { method: "POST", fields })).status, 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What a token's file may not be, and what is said of it. */
const WRONG_FILES: readonly [text: string | null, problem: RegExp][] = [
  [null, /cannot be read: there is no such file/],
  ["", /must hold one token/],
  ["short\n", /must hold one token/],
  ["two tokens of a file\n", /must hold one token/],
  ["0123456789abcdef\n0123456789abcdef\n", /must hold one token/],
];

Deno.test("a token's file that is none is exit code 2, and one that all may read is warned of", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/token`;
  const check = () =>
    runProgram([
      ...["check", "--server", "127.0.0.1:9", "--frame-type", "binary"],
      ...["--admin", "127.0.0.1:9090", "--admin-token-file", path],
    ]);
  try {
    for (const [text, problem] of WRONG_FILES) {
      if (text !== null) await Deno.writeTextFile(path, text, { mode: 0o600 });
      const { code, stderr } = await check();
      assert.equal(code, 2, String(text));
      assert.match(stderr, problem);
      assert(!stderr.includes("0123456789abcdef"), "it repeats the token");
    }
    await Deno.writeTextFile(path, makeSecret("the admin token"));
    await Deno.chmod(path, 0o644);
    const { code, stderr } = await check();
    assert.equal(code, 0);
    assert.match(stderr, /--admin-token-file: .* can be read by every user of this machine/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("another token in the file holds soon, and what is none changes nothing", async () => {
  await using administered = await startAdministered({ text: TEXT });
  const { at, folder, shown, program } = administered;
  const status = async (fields: Record<string, string>) =>
    (await ask(at, "/api/tunnels/0", { method: "DELETE", fields })).status;
  assert.equal(await status(shown), 404);
  await Deno.writeTextFile(`${folder}/token`, "none");
  const wrong = await program.entry("file can't be used, what it held before still holds");
  assert.match(String(wrong["reason"]), /must hold one token/);
  assert.equal(await status(shown), 404);
  const next = { Authorization: `Bearer ${makeSecret("the next admin token")}` };
  await Deno.writeTextFile(`${folder}/token`, next.Authorization.slice("Bearer ".length));
  await eventually("the next token", async () => await status(next) === 404);
  assert.equal(await status(shown), 401);
});

/** Before its request would be late. */
async function assertLetGo(connection: Deno.Conn): Promise<void> {
  const read = connection.read(new Uint8Array(1)).catch(() => null);
  assert.equal(await inTime("the oldest's end", read, () => connection.close(), 5_000), null);
}

for (const by of ["tcp", "unix"] as const) {
  Deno.test(`${by}: it answers again when descriptors ran out`, async () => {
    const words: [string, ...string[]] = ["sh", "-c", 'ulimit -n 60; exec "$@"', "sh"];
    await using administered = await startAdministered({
      by,
      text: `max-connections = 0\nmax-pending = 0\n${TEXT}`,
      words: [...words, ...startWords()],
    });
    const { at, program } = administered;
    const silent: Deno.Conn[] = [];
    await eventually("there are none left", async () => {
      const connection = await connect(program.address).catch(() => null);
      if (connection !== null) silent.push(connection);
      return program.entries("cannot accept connections").length > 0;
    });
    const asking = ask(at, "/healthz");
    await program.entry("cannot accept connections", 2);
    for (const connection of silent) connection.close();
    assert.equal((await asking).status, 200);
  });

  Deno.test(`${by}: who connects and says nothing takes no tunnel's descriptors, and is let go for another`, async () => {
    await using backend = serveBackend(echo);
    const words: [string, ...string[]] = ["sh", "-c", 'ulimit -n 160; exec "$@"', "sh"];
    await using administered = await startAdministered({
      by,
      text: leadingTo([backend.address]),
      words: [...words, ...startWords()],
    });
    const { at, program } = administered;
    const silent = await Promise.all(Array.from({ length: 200 }, () => connect(at)));
    try {
      using client = await openTunnel(program.address);
      await client.send(Opcode.BINARY, new Uint8Array(100));
      assert.equal((await client.payload(100)).length, 100);
      assert.equal((await ask(at, "/healthz")).status, 200);
      await assertLetGo(silent[0]!);
      assert.deepEqual(program.entries("cannot accept connections"), []);
    } finally {
      for (const connection of silent) connection.close();
    }
  });
}

Deno.test("an address with several sockets has room for no more connections than one", async () => {
  await using program = await startProgram([
    ...["--server", "127.0.0.1:9", "--frame-type", "binary", "--admin", "localhost:0"],
  ]);
  const port = adminAddress(program).replace(/^.*:/, "");
  const both = [`127.0.0.1:${port}`, `[::1]:${port}`];
  const silent: Deno.Conn[] = [];
  try {
    for (const at of both) {
      for (let i = 0; i < 20; i++) {
        const connection = await connect(at).catch(() => null);
        // Without IPv6 there is but one.
        if (connection !== null) silent.push(connection);
      }
    }
    if (silent.length < 40) return;
    await assertLetGo(silent[0]!);
    for (const at of both) assert.equal((await ask(at, "/healthz")).status, 200);
  } finally {
    for (const connection of silent) connection.close();
  }
});

Deno.test("many connections that say nothing keep nobody from being answered", async () => {
  await using administered = await startAdministered({ text: TEXT });
  const { at } = administered;
  const silent = await Promise.all(Array.from({ length: 200 }, () => connect(at)));
  try {
    assert.equal((await ask(at, "/healthz")).status, 200);
  } finally {
    for (const connection of silent) connection.close();
  }
});

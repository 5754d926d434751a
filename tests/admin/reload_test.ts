/** A reload that is asked for, and what it makes of the admin listener itself. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { accepts } from "../support/installed.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { adminAddress, ask, leadingTo, startAdministered } from "./asking.ts";

Deno.test("POST /api/reload reads the configuration again, and says what is wrong with it", async () => {
  await using backend = serveBackend(echo);
  const text = leadingTo([backend.address]);
  await using administered = await startAdministered({ text });
  const { ask, change, write, program } = administered;
  using client = await openTunnel(program.address);
  assert.equal((await ask("/api/status")).json.reloaded, null);

  await write(`grace-time = "soon"\n${text}`);
  const refused = await change("/api/reload", "POST");
  assert.equal(refused.status, 422);
  assert.match(refused.json.problems[0], /wstunnel\.toml:3: grace-time: .*"soon"/);
  assert.equal((await ask("/api/status")).json.reloaded, null);
  assert.equal((await ask("/api/config")).json["grace-time"], 8);

  await write(`grace-time = 3\n${text}`);
  const taken = await change("/api/reload", "POST");
  assert.equal(taken.status, 200);
  assert.match(taken.json.changes.join("\n"), /grace-time/);
  const { reloaded } = (await ask("/api/status")).json;
  assert(Math.abs(Date.now() - reloaded) < 60_000);
  assert.equal((await ask("/api/config")).json["grace-time"], 3);
  assert.match(
    String((await program.entry("reading the configuration again"))["by"]),
    /^admin 127\./,
  );
  await client.send(Opcode.BINARY, "still there");
  assert.equal((await client.payload(11)).length, 11);
});

Deno.test("a reload moves the admin listener, gives it another token, and closes it", async () => {
  await using backend = serveBackend(echo);
  const text = leadingTo([backend.address]);
  await using administered = await startAdministered({ text });
  const { at, folder, shown, program } = administered;
  using client = await openTunnel(program.address);
  const file = `${folder}/wstunnel.toml`;
  const reload = (at: string, fields: Record<string, string>) =>
    ask(at, "/api/reload", { method: "POST", fields });

  const next = makeSecret("the next admin token");
  await Deno.writeTextFile(`${folder}/next`, next, { mode: 0o600 });
  await Deno.writeTextFile(
    file,
    `admin = "127.0.0.1:0"\nadmin-token-file = "${folder}/next"\n${text}`,
  );
  assert.equal((await reload(at, shown)).status, 200);
  assert.equal((await reload(at, shown)).status, 401);
  const proof = { Authorization: `Bearer ${next}` };
  assert.equal((await reload(at, proof)).status, 200);

  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await Deno.writeTextFile(file, `admin = "127.0.0.1:${taken.addr.port}"\n${text}`);
  const refused = await reload(at, proof);
  assert.equal(refused.status, 422);
  assert.match(refused.json.problems[0], /admin: cannot listen on .*another program listens there/);

  await Deno.writeTextFile(file, `admin = "unix:${folder}/admin.sock"\n${text}`);
  // The answer comes by the listener that is closed for it.
  assert.equal((await reload(at, proof)).status, 200);
  await eventually("it is closed", async () => !await accepts(at));
  const moved = `unix:${folder}/admin.sock`;
  await eventually("it is told of", () => adminAddress(program) === moved);
  assert.equal((await ask(moved, "/api/tunnels")).json.tunnels.length, 1);

  await Deno.writeTextFile(file, text);
  assert.equal((await reload(moved, {})).status, 200);
  await eventually("it is gone", () => {
    try {
      return !Deno.lstatSync(`${folder}/admin.sock`);
    } catch (error) {
      return error instanceof Deno.errors.NotFound;
    }
  });
  await client.send(Opcode.BINARY, "still there");
  assert.equal((await client.payload(11)).length, 11);

  await Deno.writeTextFile(file, `admin = "unix:${folder}/again.sock"\n${text}`);
  Deno.kill(program.pid, "SIGHUP");
  await eventually("it is back", () => adminAddress(program).endsWith("/again.sock"));
  assert.equal((await ask(adminAddress(program), "/readyz")).status, 200);
});

Deno.test("a socket's file that somebody has removed is back after a reload, and nobody else's is taken", async () => {
  await using administered = await startAdministered({
    by: "unix",
    text: leadingTo(["127.0.0.1:9"]),
  });
  const { at, program, folder } = administered;
  const path = `${folder}/admin.sock`;
  await Deno.remove(path);
  program.signal("SIGHUP");
  await program.entry("the configuration holds from now on");
  assert.equal((await ask(at, "/readyz")).status, 200);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);

  await Deno.remove(path);
  using _other = Deno.listen({ transport: "unix", path });
  program.signal("SIGHUP");
  const { problems } = await program.entry(
    "the reload is refused, the configuration before it still holds",
  );
  assert.equal(problems, 1);
  program.signal("SIGTERM");
  assert.equal(await program.exit(), 0);
  assert(Deno.lstatSync(path).isSocket);
});

Deno.test("no answer holds what may be a secret", async () => {
  const secret = (label: string) => makeSecret(label);
  const folder = await Deno.makeTempDir();
  const users = `${folder}/tokens`;
  await Deno.writeTextFile(users, `a sha256:${"0".repeat(64)}\n`, { mode: 0o600 });
  const text = `
[wstunnel]
frame-type = "binary"
[wstunnel.server."/exec"]
exec = ["/bin/cat", "--password=${secret("an argument of exec")}"]
bin-environment = { KEY = "${secret("a variable of exec")}" }
[wstunnel.server."/program"]
port = ${freePort()}
bin-path = "/bin/false --password ${secret("an argument of bin-path")}"
bin-environment = { KEY = "${secret("a variable of bin-path")}" }
[wstunnel.server."/targets".targets]
redis = "redis://user:${secret("the password of redis")}@127.0.0.1:1/0"
[wstunnel.server."/api".targets]
api = "http://127.0.0.1:1/%s?key=${secret("the key of an api")}"
[wstunnel.server."/jwt"]
port = 9
auth = { jwt = { jwks = "http://127.0.0.1:1/keys?key=${
    secret("the key of a key set")
  }" }, token = "${users}" }
`;
  try {
    await using administered = await startAdministered({ by: "unix", text });
    const { ask, change } = administered;
    // asking.ts searches each of them.
    const config = await ask("/api/config");
    const { server } = config.json.wstunnel;
    assert.deepEqual(server["/exec"][0].exec, ["/bin/cat", "***"]);
    assert.deepEqual(server["/program"][0]["bin-path"], ["/bin/false", "***"]);
    for (const path of ["/", "/api/status", "/api/tunnels", "/api/backends"]) {
      assert.equal((await ask(path)).status, 200, path);
    }
    assert.equal((await change("/api/reload", "POST")).status, 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

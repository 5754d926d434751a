/** Who it is, and where that one leads: `auth` and `targets` beside each other, and the claims of a JSON Web Token. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { assertNoSecret, keepSecret, makeSecret } from "../support/secrets.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";
import { answerOf, nameAt, named, NO_TARGET } from "./targets.ts";
import { startWithFile, text } from "./whole.ts";
import { inFolder } from "../support/folder.ts";

const SECRET = makeSecret("the secret that signs tokens");

/** A token as RFC 7519 has it, signed with HS256. */
function sign(claims: Record<string, unknown>, secret = SECRET): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 300;
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: "ann", exp, ...claims })}`;
  const signature = createHmac("sha256", secret).update(body).digest("base64url");
  return keepSecret("a JSON Web Token", `${body}.${signature}`);
}

function config(engine: string, route: string): string {
  return `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
    `[wstunnel.server."/websockify"]\n${route}\n`;
}

testEngines("the claims of a JSON Web Token say where it leads", async (engine) => {
  await using first = named("first");
  await using second = named("second");
  const [host, port] = first.address.split(":");
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/secret`, SECRET, { mode: 0o600 });
    await using program = await startWithFile(config(
      engine,
      `auth = { jwt = { secret-file = "${folder}/secret" }, from = ["query:token"] }\n` +
        "targets = { jwt = true }",
    ));
    const at = (token: string) => `/websockify?token=${token}`;
    assert.equal(await nameAt(program, at(sign({ host, port: Number(port) }))), "first");
    assert.equal(await nameAt(program, at(sign({ host, port }))), "first");
    assert.equal(await nameAt(program, at(sign({ target: second.address }))), "second");
    const opened = await program.entry("tunnel opened");
    assert.deepEqual([opened["user"], opened["backend"]], ["ann", first.address]);
    for (const claims of [{}, { host }, { port }, { host: "a b", port: 1 }, { host, port: 0 }]) {
      assert.deepEqual(
        await answerOf(program, at(sign(claims))),
        NO_TARGET,
        JSON.stringify(claims),
      );
    }
    // Who it is comes first.
    for (
      const token of [sign({ host, port }, "x".repeat(40)), sign({ host, port, exp: 1 }), "no"]
    ) {
      assert.equal((await answerOf(program, at(token))).status, 401);
    }
    assert.equal((await answerOf(program, "/websockify")).status, 401);
    assertNoSecret("its log", program.log.all.join("\n"));
  });
});

testEngines(
  "who it is and where it leads may be asked for both, each in its place",
  async (engine) => {
    const [who, where] = [makeSecret("whose token it is"), makeSecret("where a token leads")];
    await using backend = named("there");
    await inFolder(async (folder) => {
      const digest = createHash("sha256").update(who).digest("hex");
      await Deno.writeTextFile(`${folder}/users`, `bob sha256:${digest}\n`, { mode: 0o600 });
      await Deno.writeTextFile(`${folder}/tokens`, `${where}: ${backend.address}\n`, {
        mode: 0o600,
      });
      await using program = await startWithFile(config(
        engine,
        `auth = { token = "${folder}/users" }\ntargets = { file = "${folder}/tokens" }`,
      ));
      const bearer = { Authorization: `Bearer ${who}` };
      using client = await openTunnel(program.address, `/websockify?token=${where}`, bearer);
      assert.equal(text(await client.message(Opcode.BINARY)), "there");
      await client.close(1000);
      assert.equal((await program.entry("tunnel opened"))["user"], "bob");
      assert.equal((await answerOf(program, `/websockify?token=${where}`)).status, 401);
      assert.deepEqual(await answerOf(program, "/websockify?token=other", bearer), NO_TARGET);
      assertNoSecret("its log", program.log.all.join("\n"));
    });
  },
);

testEngines(
  "a token that leads on may stand in a cookie, an Authorization or a subprotocol, where that is switched on",
  async (engine) => {
    const token = makeSecret("a token in several places");
    await using backend = named("there");
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/tokens`, `${token}: ${backend.address}\n`, {
        mode: 0o600,
      });
      await using program = await startWithFile(config(
        engine,
        `targets = { file = "${folder}/tokens", from = ["authorization", "cookie:desk", "subprotocol"] }`,
      ));
      const statusWith = async (fields: Record<string, string>, query = "") =>
        (await answerOf(program, `/websockify${query}`, fields)).status;
      assert.equal(await statusWith({ Authorization: `Bearer ${token}` }), 101);
      assert.equal(await statusWith({ Cookie: `a=b; desk=${token}` }), 101);
      assert.equal(await statusWith({ "Sec-WebSocket-Protocol": `binary, bearer.${token}` }), 101);
      assert.equal(await statusWith({}, `?token=${token}`), 403, "not switched on");
      assertNoSecret("its log", program.log.all.join("\n"));
    });
  },
);

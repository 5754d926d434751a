/** Redis says where tokens lead, as websockify's TokenRedis asks it: a real `redis-server`. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { ENGINES } from "./engine_limits.ts";
import { answerOf, assertRefused, DOWN, nameAt, named } from "./targets.ts";
import { startWithFile } from "./whole.ts";

const REDIS = installed("redis-server");
const CLI = installed("redis-cli");

function testRedis(name: string, body: (engine: string) => Promise<void>): void {
  const isMissing = REDIS === null || CLI === null;
  for (const engine of ENGINES) {
    Deno.test({
      name: `${engine}: ${name}${isMissing ? " (skipped: no redis-server)" : ""}`,
      ignore: isMissing,
      fn: () => body(engine),
    });
  }
}

async function startRedis(port: number, password: string, ...more: string[]) {
  const flags = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--requirepass",
    password,
    ...more,
  ];
  const server = await startServer(REDIS!, flags, `127.0.0.1:${port}`);
  return {
    pid: server.pid,
    /** Runs a command on database 2. */
    async run(...words: string[]): Promise<void> {
      const args = ["-p", `${port}`, "-a", password, "--no-auth-warning", "-n", "2", ...words];
      const { stdout } = await new Deno.Command(CLI!, { args }).output();
      assert.match(new TextDecoder().decode(stdout), /^(OK|\d+)\n/);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function config(engine: string, port: number, password: string, timeoutS = 8): string {
  return `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
    `[wstunnel.server."/websockify"]\nconnect-timeout = ${timeoutS}\n` +
    `targets = { redis = "redis://:${password}@127.0.0.1:${port}/2", prefix = "vnc:" }\n`;
}

const at = (token: string) => `/websockify?token=${encodeURIComponent(token)}`;

testRedis("Redis says where a token leads, as text or in JSON", async (engine) => {
  const port = freePort();
  const password = makeSecret("Redis's password");
  const token = makeSecret("a token in Redis");
  await using redis = await startRedis(port, password);
  await using first = named("first");
  await using second = named("second");
  await redis.run("set", `vnc:${token}`, first.address);
  await redis.run("set", "vnc:json", JSON.stringify({ host: second.address }));
  await redis.run("set", "vnc:odd", "nothing");
  await redis.run("rpush", "vnc:list", first.address);
  await redis.run("set", "other", first.address);
  await redis.run("setrange", "vnc:large", "100000000", first.address);
  await using program = await startWithFile(config(engine, port, password));
  assert.equal(await nameAt(program, at(token)), "first");
  assert.equal(await nameAt(program, at("json")), "second");
  await assertRefused(program, at("unknown"), "there is no such token");
  await assertRefused(program, at("other"), "there is no such token");
  await assertRefused(program, at("odd"), "what the token leads to is no host:port");
  await assertRefused(program, at("list"), "what the token leads to is no host:port");
  await assertRefused(program, at("large"), "what the token leads to is no host:port");
  await redis.run("set", `vnc:${token}`, second.address);
  assert.equal(await nameAt(program, at(token)), "second");
  await redis.run("del", `vnc:${token}`);
  await assertRefused(program, at(token), "there is no such token");
  // Many at once share one connection.
  await redis.run("set", "vnc:many", first.address);
  const names = await Promise.all(Array.from({ length: 50 }, () => nameAt(program, at("many"))));
  assert.deepEqual(new Set(names), new Set(["first"]));
  assertNoSecret("its log", program.log.all.join("\n"));
});

testRedis(
  "what Redis says of a token is told without it, and without its beginning",
  async (engine) => {
    const port = freePort();
    const password = makeSecret("Redis's password");
    // Of a long one it repeats no more than that.
    const token = makeSecret("the beginning of a token in Redis") + "x".repeat(500);
    // Of a command that there isn't it repeats the words.
    await using _redis = await startRedis(port, password, "--rename-command", "getrange", "");
    await using program = await startWithFile(config(engine, port, password));
    assert.deepEqual(await answerOf(program, at(token)), DOWN);
    const message = "the targets of the route cannot be asked for";
    const { reason } = await program.entry(message);
    assert.equal(reason, "Redis cannot be asked: the reason has the token in it");
    assertNoSecret("its log", program.log.all.join("\n"));
  },
);

testRedis(
  "a Redis that dies, hangs, or refuses the password is an outage, told of once each, until it is back",
  async (engine) => {
    const port = freePort();
    const password = makeSecret("Redis's password");
    const token = makeSecret("a token in Redis");
    await using backend = named("there");
    await using program = await startWithFile(config(engine, port, password, 3));
    const message = "the targets of the route cannot be asked for";
    const outage = async (count: number, reason: RegExp) => {
      const ask = () => answerOf(program, at(token));
      assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [DOWN, DOWN, DOWN]);
      const told = await program.entry(message, count);
      assert.match(String(told["reason"]), reason);
      assert.equal(program.entries(message).length, count);
    };
    // It isn't there yet: no reason not to start.
    await outage(1, /^Redis cannot be asked: .*ECONNREFUSED/);
    {
      await using redis = await startRedis(port, password);
      await redis.run("set", `vnc:${token}`, backend.address);
      assert.equal(await nameAt(program, at(token)), "there");
      // It hangs.
      Deno.kill(redis.pid, "SIGSTOP");
      await outage(2, /^Redis has not answered within 3 s$/);
      Deno.kill(redis.pid, "SIGCONT");
      assert.equal(await nameAt(program, at(token)), "there");
    }
    // It has died, with the connection that was kept.
    await eventually(
      "Redis to be missed",
      async () => (await answerOf(program, at(token))).status === 503,
    );
    await outage(3, /^Redis cannot be asked: /);
    {
      await using redis = await startRedis(port, password);
      await redis.run("set", `vnc:${token}`, backend.address);
      assert.equal(await nameAt(program, at(token)), "there");
    }
    {
      await using _redis = await startRedis(port, makeSecret("another password"));
      await outage(4, /WRONGPASS|invalid/i);
    }
    await program.entry("the targets of the route can be asked for again", 3);
    assertNoSecret("its log", program.log.all.join("\n"));
  },
);

/** Addresses that the client names. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { testEngines } from "./engine_limits.ts";
import { answerOf, assertRefused, DOWN, nameAt, named, NO_TARGET } from "./targets.ts";
import { startWithFile } from "./whole.ts";

function config(engine: string, list: readonly string[], more = ""): string {
  return `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
    `[wstunnel.server."/v1"]\ntargets = { address = ${JSON.stringify(list)}${more} }\n`;
}

const at = (address: string) => `/v1?address=${encodeURIComponent(address)}`;

testEngines(
  "a client is led to the address that it names, where the list has it",
  async (engine) => {
    await using backend = named("inner");
    const { port } = new URL(`tcp://${backend.address}`);
    const list = [`127.0.0.0/8:${port}`, `localhost:${port}`, `[::1]:${port}`];
    await using program = await startWithFile(config(engine, list));
    assert.equal(await nameAt(program, at(`127.0.0.1:${port}`)), "inner");
    assert.equal(await nameAt(program, `/v1?address=127.0.0.1:${port}`), "inner");
    assert.equal(await nameAt(program, at(`[::ffff:127.0.0.1]:${port}`)), "inner");
    assert.equal(await nameAt(program, at(`LocalHost:${port}`)), "inner");
    assert.equal((await program.entry("tunnel opened", 4))["backend"], `localhost:${port}`);
    // Beside the port, the host, the form.
    await assertRefused(program, at(`127.0.0.1:1`), "127.0.0.1:1 is not in the list");
    await assertRefused(program, at(`128.0.0.1:${port}`), `128.0.0.1:${port} is not in the list`);
    await assertRefused(
      program,
      at(`example.com:${port}`),
      `example.com:${port} is not in the list`,
    );
    for (
      const host of [
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost.",
        "::1",
        "１２７.0.0.1",
      ]
    ) {
      assert.deepEqual(await answerOf(program, at(`${host}:${port}`)), NO_TARGET, host);
    }
    await assertRefused(program, "/v1", "there is no address");
    await assertRefused(
      program,
      `${at(`127.0.0.1:${port}`)}&address=127.0.0.2:${port}`,
      "there is no address that can be read",
    );
  },
);

testEngines(
  "a name that may be named leads to no private address that the list doesn't name",
  async (engine) => {
    await using backend = named("inner");
    const { port } = new URL(`tcp://${backend.address}`);
    // By the machine's own /etc/hosts, as a name server of somebody else's would answer.
    await using program = await startWithFile(
      config(engine, [`localhost:${port}`, "0.0.0.0/0:1-65535", "[::/0]:1-65535", "127.0.0.1:1"]),
    );
    const { status } = await answerOf(program, at(`localhost:${port}`));
    assert.equal(status, 403);
    const entry = await program.entry("request refused");
    assert.match(
      String(entry["why"]),
      /^localhost is (127\.0\.0\.1|::1), whose network the list doesn't name$/,
    );
    assert.equal(backend.count, 0);
    for (
      const host of [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[fd00:ec2::254]",
        "100.64.0.1",
        "0.0.0.0",
        "[64:ff9b::7f00:1]",
      ]
    ) {
      assert.deepEqual(await answerOf(program, at(`${host}:${port}`)), NO_TARGET, host);
    }
    assert.equal(backend.count, 0);
  },
);

testEngines(
  "a name that nobody knows, and an address where nothing listens, are answered with 503",
  async (engine) => {
    const port = freePort();
    await using program = await startWithFile(
      config(engine, ["*.invalid:5432", `127.0.0.1:${port}`], `, parameter = "to"`),
    );
    assert.deepEqual(await answerOf(program, "/v1?to=nobody.invalid:5432"), DOWN);
    assert.match(
      String((await program.entry("request refused"))["why"]),
      /^nobody\.invalid has no address/,
    );
    assert.deepEqual(await answerOf(program, `/v1?to=127.0.0.1:${port}`), DOWN);
    assert.equal((await program.entry("target is down"))["backend"], `127.0.0.1:${port}`);
    assert.deepEqual(await answerOf(program, `/v1?address=127.0.0.1:${port}`), NO_TARGET);
  },
);

/**
 * Neon's driver for PostgreSQL, as it is used where there are no TCP connections: it names the server's address in the URL of its WebSocket.
 */
import assert from "node:assert/strict";
import { Client, neonConfig, Pool } from "@neondatabase/serverless";
import { installed } from "../support/installed.ts";
import type { Program } from "../support/program.ts";
import { testEngines } from "../e2e/engine_limits.ts";
import { startWithFile } from "../e2e/whole.ts";
import { startPostgres } from "../recipes/postgres.ts";

const IS_MISSING = installed("pg_ctlcluster") === null;

/** Sends the driver to the program, and gives how it is to connect. */
function connectionTo(program: Program, postgres: string) {
  const [host, port] = postgres.split(":");
  neonConfig.webSocketConstructor = WebSocket;
  neonConfig.wsProxy = (host, port) => `${program.address}/v1?address=${host}:${port}`;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineTLS = false;
  neonConfig.pipelineConnect = false;
  return { host: host!, port: Number(port), user: "postgres", database: "postgres", password: "" };
}

function start(engine: string, list: readonly string[]): Promise<Program> {
  return startWithFile(
    `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
      `[wstunnel.server."/v1"]\ntargets = { address = ${JSON.stringify(list)} }\n`,
  );
}

const MEGABYTE = 1024 ** 2;

if (IS_MISSING) {
  Deno.test({ name: "Neon's driver (skipped: no PostgreSQL)", ignore: true, fn() {} });
} else {
  testEngines(
    "Neon's driver asks PostgreSQL, in transactions and for a megabyte",
    async (engine) => {
      await using postgres = await startPostgres();
      await using program = await start(engine, [postgres.address]);
      const connection = connectionTo(program, postgres.address);
      const client = new Client(connection);
      await client.connect();
      try {
        const { rows } = await client.query("select $1::int + 1 as sum", [41]);
        assert.deepEqual(rows, [{ sum: 42 }]);
        await client.query("create table desks (name text, picture text)");
        const picture = "0123456789abcdef".repeat(MEGABYTE / 16);
        await client.query("begin");
        await client.query("insert into desks values ($1, $2)", ["kept", picture]);
        await client.query("commit");
        await client.query("begin");
        await client.query("insert into desks values ($1, $2)", ["dropped", picture]);
        await client.query("rollback");
        const kept = await client.query("select name, picture, md5(picture) as sum from desks");
        assert.deepEqual(kept.rows.map(({ name }) => name), ["kept"]);
        assert(kept.rows[0].picture === picture, "the picture is another");
      } finally {
        await client.end();
      }
      assert.equal((await program.entry("tunnel opened"))["backend"], postgres.address);
      const { up, down } = await program.entry("tunnel closed");
      assert(Number(up) > 2 * MEGABYTE && Number(down) > MEGABYTE, `${up} up, ${down} down`);
    },
  );

  testEngines("Neon's driver keeps a pool of tunnels", async (engine) => {
    await using postgres = await startPostgres();
    await using program = await start(engine, [postgres.address]);
    const pool = new Pool({ ...connectionTo(program, postgres.address), max: 4 });
    try {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => pool.query("select $1::int * 2 as twice", [n])),
      );
      assert.deepEqual(
        answers.map(({ rows }) => rows[0].twice),
        [...Array(40).keys()].map((n) => 2 * n),
      );
      const client = await pool.connect();
      try {
        await client.query("begin");
        assert.equal((await client.query("select 7 as n")).rows[0].n, 7);
        await client.query("commit");
      } finally {
        client.release();
      }
    } finally {
      await pool.end();
    }
    // It doesn't wait for the ends of its connections.
    await program.entry("tunnel closed", 4);
    assert.equal(program.entries("tunnel opened").length, 4);
  });

  testEngines("Neon's driver is told where it may not go", async (engine) => {
    await using postgres = await startPostgres();
    await using program = await start(engine, ["*.example.com:5432"]);
    const client = new Client(connectionTo(program, postgres.address));
    await assert.rejects(client.connect());
    const { why } = await program.entry("request refused");
    assert.equal(why, `${postgres.address} is not in the list`);
  });
}

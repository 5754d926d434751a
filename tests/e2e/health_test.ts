/** Questions after our health, as balancers and container engines ask them. */
import assert from "node:assert/strict";
import { openBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { type Program, runProgram } from "../support/program.ts";
import { openRaw, openTunnel } from "../support/raw_client.ts";
import { connect } from "../support/connection.ts";
import { can, ENGINES, testEngines } from "./engine_limits.ts";
import { hostLines, startFor, startWithFile } from "./whole.ts";

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

/** Asks with the lines given, and reads to the end of the connection. */
async function ask(program: Program, ...lines: string[]): Promise<Answered> {
  using client = await openRaw(program.address);
  await client.write(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
  const { status, headers } = await client.head();
  const isHead = lines[0]!.startsWith("HEAD ");
  return { status, headers, body: isHead ? "" : await client.body({ status, headers }) };
}

const HOST = "Host: example.com";
const UPGRADE = ["Upgrade: websocket", "Connection: Upgrade"];

testEngines(
  "a health path answers 200, and its log line is for debug level alone",
  async (engine) => {
    await using backend = openBackend();
    for (const debug of [3, 4]) {
      await using program = await startFor(engine, backend.address, {
        wstunnel: `debug = ${debug}`,
      });
      const asked = [
        ["GET /healthz HTTP/1.1", HOST],
        ["GET /healthz?from=balancer HTTP/1.1", HOST],
        ["GET //health%7a HTTP/1.1", HOST],
        ["GET /healthz HTTP/1.1", HOST, "Upgrade: h2c", "Connection: Upgrade"],
        ["GET /healthz HTTP/1.0"],
        ["GET /healthz HTTP/1.0", HOST],
        ["GET /healthz HTTP/1.0", "Host:"],
      ];
      for (const lines of asked) {
        const { status, body, headers } = await ask(program, ...lines);
        assert.deepEqual([status, body], [200, "ok\n"], lines.join(", "));
        assert.equal(headers.get("cache-control"), "no-store");
      }
      const head = await ask(program, "HEAD /healthz HTTP/1.1", HOST);
      assert.deepEqual([head.status, head.headers.get("content-length")], [200, "3"]);
      // Something that is logged comes behind them.
      await ask(program, "GET / HTTP/1.1", HOST);
      await program.entry("request refused");
      assert.equal(program.entries("request refused").length, 1);
      assert.equal(program.entries("health asked").length, debug === 3 ? 0 : asked.length + 1);
    }
    assert.equal(backend.count, 0);
  },
);

testEngines("a health path takes nothing from a route", async (engine) => {
  await using backend = openBackend();
  await using all = await startFor(engine, backend.address);
  using _tunnel = await openTunnel(all.address, "/healthz");
  await backend.take();
  for (const method of ["POST", "PUT", "DELETE"]) {
    assert.equal((await ask(all, `${method} /healthz HTTP/1.1`, HOST)).status, 426, method);
  }
  assert.equal((await ask(all, "GET /healthz/ HTTP/1.1", HOST)).status, 426);
  assert.equal((await ask(all, "GET /Healthz HTTP/1.1", HOST)).status, 426);
  // Asked for a tunnel by a client that gets it wrong.
  assert.equal((await ask(all, "GET /healthz HTTP/1.1", HOST, ...UPGRADE)).status, 426);

  await using named = await startWithFile(
    `engine = "${engine}"\n[[wstunnel.server."/%68ealthz"]]\n${hostLines(backend.address)}\n`,
  );
  const { status, body } = await ask(named, "GET /healthz HTTP/1.1", HOST);
  assert.deepEqual([status, body], [
    426,
    "this path serves WebSockets only: send Upgrade: websocket\n",
  ]);
  using _other = await openTunnel(named.address, "/healthz");
  await backend.take();
});

testEngines("another health path, or none", async (engine) => {
  await using backend = openBackend();
  const settings = (path: string) => ({ top: `health-path = ${JSON.stringify(path)}` });
  await using other = await startFor(engine, backend.address, settings("/am i/well"));
  assert.equal((await ask(other, "GET /am%20i/well HTTP/1.1", HOST)).status, 200);
  assert.equal((await ask(other, "GET /healthz HTTP/1.1", HOST)).status, 426);
  await using root = await startFor(engine, backend.address, settings("/"));
  assert.equal((await ask(root, "GET / HTTP/1.1", HOST)).status, 426, "a key is that path");
  await using none = await startFor(engine, backend.address, settings(""));
  assert.equal((await ask(none, "GET /healthz HTTP/1.1", HOST)).status, 426);
  assert.equal((await ask(none, "OPTIONS / HTTP/1.0")).status, 426);
});

testEngines("`check --url` asks a health path and leaves no line in the log", async (engine) => {
  await using backend = openBackend();
  await using program = await startFor(engine, backend.address);
  const { code, stdout } = await runProgram([
    "check",
    "--url",
    `http://${program.address}/healthz`,
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /answers 200 OK: ok/);
  await ask(program, "GET / HTTP/1.1", HOST);
  await program.entry("request refused");
  assert.equal(program.entries("request refused").length, 1);
});

testEngines("HTTP/1.0 needs no Host, HTTP/1.1 does", async (engine) => {
  await using backend = openBackend();
  await using program = await startFor(engine, backend.address);
  const asked: [lines: string[], status: number][] = [
    [["GET / HTTP/1.0"], 426],
    [["GET / HTTP/1.0", "Host:"], 426],
    [["POST / HTTP/1.0"], 426],
    [["GET / HTTP/1.0", "Host: a b/"], 400],
    [["OPTIONS / HTTP/1.0"], 200],
    [["OPTIONS /healthz HTTP/1.0"], 200],
    [["OPTIONS /other HTTP/1.0"], 426],
    [["GET / HTTP/1.1", ...UPGRADE], 400],
    ...(can(engine, "see HTTP/1.0")
      ? [[["GET / HTTP/1.1"], 400], [["GET /healthz HTTP/1.1"], 400]] as [string[], number][]
      : []),
  ];
  for (const [lines, status] of asked) {
    assert.equal((await ask(program, ...lines)).status, status, lines.join(", "));
  }
  const { headers } = await ask(program, "OPTIONS / HTTP/1.0");
  assert.equal(headers.get("allow"), "GET, HEAD, OPTIONS");
});

const HAPROXY = installed("haproxy");

/** HAProxy's checks, and the status by which each was settled, as its statistics name it. */
const CHECKS: readonly (readonly [check: string, settled: string])[] = [
  ["option httpchk", "L7OK"],
  ["option httpchk GET /healthz", "L7OK"],
  ["option httpchk HEAD /healthz", "L7OK"],
  ["option httpchk GET /healthz HTTP/1.1\n  http-check send hdr Host example.com", "L7OK"],
  ["option httpchk GET /elsewhere", "L7STS"],
];

for (const engine of ENGINES) {
  Deno.test({
    name: `${engine}: HAProxy's checks, as Debian's sends them, find it up` +
      (HAPROXY === null ? " (skipped: haproxy is not installed)" : ""),
    ignore: HAPROXY === null,
    async fn() {
      const folder = await Deno.makeTempDir();
      await using backend = openBackend();
      await using program = await startFor(engine, backend.address);
      await Deno.writeTextFile(
        `${folder}/haproxy.cfg`,
        `global
  stats socket ${folder}/stats.sock
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout check 20s
${
          CHECKS.map(([check], at) =>
            `backend b${at}\n  ${check}\n  server s ${program.address} check inter 2s\n`
          ).join("")
        }`,
      );
      try {
        const args = ["-db", "-f", `${folder}/haproxy.cfg`];
        await using _haproxy = await startServer(HAPROXY!, args, `unix:${folder}/stats.sock`);
        const expected = CHECKS.map(([, settled]) => settled);
        let found: string[] = [];
        await eventually("checks of every server", async () => {
          found = await checkStatuses(`${folder}/stats.sock`);
          return found.length === CHECKS.length && found.every((status) => /^L[47]/.test(status));
        });
        assert.deepEqual(found, expected);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** The last check's status of each server, in order, by HAProxy's table of statistics. */
async function checkStatuses(socket: string): Promise<string[]> {
  const connection = await connect(`unix:${socket}`);
  await connection.write(new TextEncoder().encode("show stat\n"));
  // It ends the connection behind its answer.
  const table = await new Response(connection.readable).text();
  const [names = [], ...rows] = table.trim().split("\n").map((line) => line.split(","));
  const column = (name: string) => names.findIndex((one) => one.replace("# ", "") === name);
  return rows.filter((row) => row[column("svname")] === "s")
    .map((row) => row[column("check_status")]!.replace("* ", ""));
}

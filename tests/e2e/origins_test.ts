/** Origins of packaged browsers, on real sockets. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";

const ENTRIES = ["example.com", "file://", "null", "app://-", "capacitor://localhost"];

const ORIGINS: readonly (readonly [origin: string, status: number])[] = [
  ["file://", 101],
  ["null", 101],
  ["app://-", 101],
  ["capacitor://localhost", 101],
  ["https://a.example.com:8443", 101],
  ["file://example.com", 403],
  ["https://example.com:99999", 403],
  ["app://example.com", 403],
  ["app://x", 403],
  ["http://localhost", 403],
  ["capacitor://localhost:80", 403],
];

testEngines(
  "an origin that is no web site's is admitted by an entry of exactly that",
  async (engine) => {
    await using backend = serveBackend(echo);
    const flags = ENTRIES.flatMap((entry) => ["--origin", entry]);
    await using program = await startProgram(
      ["--engine", engine, "--server", backend.address, ...flags],
    );
    for (const [Origin, status] of ORIGINS) {
      using client = await openRaw(program.address);
      await client.write(handshake("/", { Origin }));
      assert.equal((await client.head()).status, status, Origin);
    }
  },
);

Deno.test("an origin of null is warned of, at the start and by `check`", async () => {
  const flags = ["--server", "127.0.0.1:1", "--origin", "null"];
  const said = /null admits every web page/;
  const { code, stderr } = await runProgram(["check", ...flags]);
  assert.equal(code, 0);
  assert.match(stderr, said);
  await using program = await startProgram(flags);
  assert.ok(program.log.all.some((line) => said.test(line)), program.log.all.join("\n"));
  const others = ["--origin", "file://", "--origin", "app://-"];
  const without = await runProgram(["check", "--server", "127.0.0.1:1", ...others]);
  assert.doesNotMatch(without.stderr, said);
});

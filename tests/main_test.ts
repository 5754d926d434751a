import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

async function wstunnel(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, ...args],
    stdin: "null",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, error: error! };
}

Deno.test("main.ts prints its version and its help to standard output", async () => {
  const [version, help] = await Promise.all([wstunnel("--version"), wstunnel("--help")]);
  assert.deepEqual([version.code, version.error], [0, ""]);
  assert.match(version.out, /^wstunnel \d+\.\d+\.\d+ \(from source, deno [\d.]+, v8 \S+\)\n$/);
  assert.deepEqual([help.code, help.error], [0, ""]);
  assert.match(help.out, /^Usage: wstunnel /);
});

Deno.test("main.ts exits 2 for a wrong command line or configuration, with standard output empty", async () => {
  const runs = await Promise.all([
    wstunnel(),
    wstunnel("--sever", "a:1"),
    wstunnel("--config", "/nonexistent/x.toml"),
  ]);
  for (const { code, out, error } of runs) {
    assert.deepEqual([code, out], [2, ""]);
    assert.notEqual(error, "");
  }
});

Deno.test("main.ts checks the example configuration", async () => {
  const example = fileURLToPath(new URL("../config.example.toml", import.meta.url));
  const { code, out, error } = await wstunnel("check", "--config", example);
  assert.deepEqual([code, error], [0, ""]);
  assert.match(out, /^listen = \[ "127\.0\.0\.1:8080" \]\n/);
});

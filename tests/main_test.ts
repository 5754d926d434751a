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

Deno.test("main.ts takes short flags and words for its version and its help", async () => {
  const [version, short, word, help, h] = await Promise.all(
    ["--version", "-V", "version", "help", "-h"].map((arg) => wstunnel(arg)),
  );
  assert.deepEqual([short, word], [version, version]);
  assert.deepEqual(h, help);
  assert.deepEqual([help!.code, help!.error], [0, ""]);
  assert.match(help!.out, /^Usage: wstunnel /);
});

Deno.test("main.ts answers the command lines of other programs with its own", async () => {
  const own = "--server 127.0.0.1:22 --frame-type binary";
  const cases = [
    [["6080", "127.0.0.1:22"], `wstunnel --listen :6080 ${own}`],
    [["ws-l:127.0.0.1:1234", "tcp:127.0.0.1:22"], `wstunnel --listen 127.0.0.1:1234 ${own}`],
    [
      ["server", "--restrict-to", "127.0.0.1:22", "ws://0.0.0.0:80"],
      `wstunnel --listen 0.0.0.0:80 ${own}`,
    ],
  ] as const;
  for (
    const { args, ran, line } of await Promise.all(cases.map(async ([args, line]) => ({
      args,
      line,
      ran: await wstunnel(...args),
    })))
  ) {
    assert.deepEqual([ran.code, ran.out], [2, ""]);
    const [first, ...rest] = ran.error.split("\n");
    assert.ok(first!.startsWith("wstunnel: ") && first!.endsWith(`: ${line}`), `${args}: ${first}`);
    assert.deepEqual(rest, ["wstunnel: try wstunnel --help", ""]);
  }
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

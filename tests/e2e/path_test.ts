/** From what clients send as a path to the backend that serves it, on real sockets. */
import assert from "node:assert/strict";
import { type Backend, serveBackend } from "../support/backends.ts";
import type { Program } from "../support/program.ts";
import { type Fields, handshake, openRaw } from "../support/raw_client.ts";
import { type Engine, testEngines } from "./engine_limits.ts";
import { hostLines, startWithFile, text } from "./whole.ts";

const KEYS = ["/websockify", "/my console", "/b\u00fcro", "/caf%C3%A9", "/%7Euser", ".vn\u00e7"];

/** Where it leads, by key, or the status. */
async function reached(
  program: Program,
  target: string,
  { at = 0, fields = {} }: { at?: number; fields?: Fields } = {},
): Promise<string | number> {
  using client = await openRaw(program.addresses[at]!);
  await client.write(handshake(target, fields));
  const { status } = await client.head();
  return status === 101 ? text(await client.message()) : status;
}

/** Starts the program with a backend for each key, which says the key; listens by TCP and on a unix socket. */
async function withKeys(engine: Engine, body: (program: Program) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const backends: Backend[] = [];
  const tables = KEYS.map((key) => {
    const backend = serveBackend(async ({ write, reader }) => {
      await write(key);
      while (await reader.some("the end") !== null);
    });
    backends.push(backend);
    return `[[wstunnel.server.${JSON.stringify(key)}]]\n${hostLines(backend.address)}\n`;
  });
  try {
    await using program = await startWithFile(
      `engine = "${engine}"\n[wstunnel]\nmap-extensions = { ".my x" = "/my console" }\n` +
        tables.join(""),
      { listen: ["127.0.0.1:0", `unix:${folder}/clients.sock`] },
    );
    await body(program);
  } finally {
    for (const backend of backends) await backend[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

const REACHED: readonly (readonly [target: string, key: string | number])[] = [
  ["/websockify", "/websockify"],
  // noVNC with a path of "/websockify".
  ["//websockify?token=a", "/websockify"],
  ["///websockify", "/websockify"],
  ["/%77ebsockify", "/websockify"],
  ["/websockify/a%20b?c", "/websockify"],
  ["http://example.com/websockify", "/websockify"],
  ["http://other.example//%77ebsockify", "/websockify"],
  ["/my%20console", "/my console"],
  ["/my%20console/1", "/my console"],
  ["/b%C3%BCro", "/b\u00fcro"],
  ["/b%c3%bcro", "/b\u00fcro"],
  ["/caf%c3%a9", "/caf%C3%A9"],
  ["/~user", "/%7Euser"],
  ["/a.vn%c3%a7", ".vn\u00e7"],
  ["/a.my%20x", "/my console"],
  ["/my+console", 404],
  ["/WEBSOCKIFY", 404],
  ["/b%FCro", 400],
  ["/x/../websockify", 400],
  ["/x/%2e%2e/websockify", 400],
  ["/x\\..\\websockify", 400],
  ["/x/..;/websockify", 400],
  ["/websockify%00", 400],
  ["/websockify%", 400],
  ["/websockify#a", 400],
  ["/websockify?a#b", 400],
  ["/%2fwebsockify", 400],
  ["/a//websockify", 400],
  ["http://example.com?/websockify", 400],
  ["http://example.com\\/websockify", 400],
  ["http://user@example.com/websockify", 400],
  ["ftp://example.com/websockify", 400],
  ["*", 400],
];

testEngines(
  "a path leads to its key however it is written, and not where readers differ",
  (engine) =>
    withKeys(engine, async (program) => {
      for (const at of program.addresses.keys()) {
        for (const [target, key] of REACHED) {
          assert.equal(await reached(program, target, { at }), key, `${at}: ${target}`);
        }
      }
    }),
);

testEngines(
  "a Host with a path or a user in it moves no path",
  (engine) =>
    withKeys(engine, async (program) => {
      for (const at of program.addresses.keys()) {
        for (const Host of ["a/websockify", "a/", "u@h", "a?", "a#", "a\\", "/", "http://a", ""]) {
          for (const target of ["/websockify", "/", "/nothing"]) {
            const found = await reached(program, target, { at, fields: { Host } });
            assert.equal(found, 400, `${at}: ${Host} ${target}`);
          }
        }
      }
    }),
);

testEngines("a program is told the canonical path", async (engine) => {
  await using program = await startWithFile(`engine = "${engine}"
[[wstunnel.server."/my console"]]
exec = ["/bin/sh", "-c", 'printf %s "$WSTUNNEL_PATH"; cat']
`);
  const paths = [
    ["//my%20console/%61%2fb?token=a", 400],
    ["//my%20console/%61%40%c3%bc?token=a", "/my%20console/a@%C3%BC"],
    ["/my%20console/$(id)%3b|`", "/my%20console/$(id);%7C%60"],
  ] as const;
  for (const [target, path] of paths) assert.equal(await reached(program, target), path, target);
});

testEngines("`hash` takes a path for the same however it is escaped", async (engine) => {
  const names = ["a", "b", "c", "d", "e"];
  const backends = names.map((name) =>
    serveBackend(async ({ write, reader }) => {
      await write(name);
      while (await reader.some("the end") !== null);
    })
  );
  try {
    const hosts = backends.map(({ address }) => `[[wstunnel.server."/"]]\n${hostLines(address)}\n`);
    await using program = await startWithFile(
      `engine = "${engine}"\n[wstunnel]\nbalance = "hash"\n${hosts.join("")}`,
    );
    const found = new Set<string | number>();
    for (let i = 0; i < 12; i++) {
      const host = await reached(program, `/room-${i}`);
      found.add(host);
      for (const target of [`//room-${i}`, `/%72oom%2d${i}?x`, `http://example.com/r%6fom-${i}`]) {
        assert.equal(await reached(program, target), host, target);
      }
    }
    assert.ok(found.size > 1, "all went to one host");
  } finally {
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  }
});

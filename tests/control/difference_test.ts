import assert from "node:assert/strict";
import { difference } from "../../lib/control/difference.ts";
import { untilRestart } from "../../lib/control/restart.ts";
import type { Config } from "../../lib/config/config.ts";
import { loadToml } from "../../lib/config/load.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";

function load(text: string): Config {
  const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

function changes(before: string, after: string): string[] {
  return difference(load(before), load(after));
}

const ROUTES = '[wstunnel.server."/a"]\nport = 1\n';

Deno.test("`difference()` names what has come, gone and changed, in the order of the file", () => {
  const before = `
listen = [":80", "127.0.0.1:82", { address = "unix:/s", mode = "600" }]
grace-time = 8
[wstunnel]
origins = ["a.example"]
[wstunnel.server]
"/gone" = { port = 1 }
"/c" = [{ port = 1 }, { port = 2 }, { port = 3, connect-timeout = 8 }]
"/own" = { port = 1, ping-interval = 2 }
"/same" = { port = 1 }
`;
  const after = `
listen = [":81", ":80", { address = "unix:/s", mode = "660", group = "33" }]
grace-time = 10
health-path = ""
max-connections = 100
[wstunnel]
origins = ["b.example"]
ping-interval = 2
[wstunnel.server]
"/new" = [{ port = 1 }, { exec = "cat" }]
"/c" = [{ port = 4 }, { port = 2 }, { port = 3, connect-timeout = 3, tls = true }]
"/own" = { port = 1, ping-interval = 2, frame-type = "binary" }
"/same" = { port = 1 }
`;
  assert.deepEqual(changes(before, after), [
    "+ listen [::]:81",
    "~ listen unix:/s: mode 0600 -> 0660, group unset -> 33",
    "- listen 127.0.0.1:82",
    "~ grace-time 8 -> 10",
    "~ max-connections unset -> 100",
    '~ health-path /healthz -> ""',
    "~ origins",
    "~ ping-interval 0 -> 2",
    "+ route /new (2 hosts)",
    "~ route /c: + host 127.0.0.1:4, ~ host 127.0.0.1:3 (connect-timeout 8 -> 3, tls unset -> true), - host 127.0.0.1:1",
    "~ route /own: ~ frame-type text -> binary",
    "- route /gone",
  ]);
});

Deno.test("`difference()` says nothing where a configuration means the same", () => {
  assert.deepEqual(changes(ROUTES, ROUTES), []);
  assert.deepEqual(
    changes(
      '[wstunnel]\nping-interval = 1\n[wstunnel.server."/a"]\nport = 1\nping-interval = 2',
      'grace-time = 8\n[wstunnel]\nping-interval = 1\n[[wstunnel.server."/a"]]\nhost = "127.0.0.1"\nport = 1\n' +
        '[[wstunnel.server."/b"]]\nport = 1',
    ),
    ["~ route /a: ~ ping-interval 2 -> 1", "+ route /b (1 host)"],
  );
});

Deno.test("`difference()` tells of the order of routes, for the first that matches is taken", () => {
  const [a, b] = ['"/a" = { port = 1 }\n', '"/a/b" = { port = 2 }\n'];
  assert.deepEqual(changes(`[wstunnel.server]\n${a}${b}`, `[wstunnel.server]\n${b}${a}`), [
    "~ order of the routes",
  ]);
});

Deno.test("`difference()` tells a program of an address, and of a tunnel, by their names", () => {
  const with1 = (host: string) => `[wstunnel.server]\n"/a" = { ${host} }`;
  assert.deepEqual(
    changes(with1("port = 1"), with1('port = 1, bin-path = "p", min-procs = 2')),
    ["~ route /a: ~ host 127.0.0.1:1 (bin-path)"],
  );
  assert.deepEqual(
    changes(
      with1('port = 1, bin-path = "p"'),
      with1('port = 1, bin-path = "q", min-procs = 2, kill-signal = "SIGINT"'),
    ),
    [
      "~ route /a: ~ host 127.0.0.1:1 (bin-path, min-procs 1 -> 2, kill-signal SIGTERM -> SIGINT)",
    ],
  );
  assert.deepEqual(changes(with1('exec = "cat"'), with1('exec = "cat -u"')), [
    "~ route /a: ~ host exec:cat (exec)",
  ]);
});

Deno.test("`difference()` tells that a secret has changed, and nothing of it", () => {
  const secret = () => makeSecret("a changed secret");
  const base = (
    { command = secret(), value = secret(), url = secret(), redis = secret(), jwks = secret() } =
      {},
  ) => `
[wstunnel]
auth = { jwt = { jwks = "https://id.example/keys?key=${jwks}" } }
[wstunnel.server]
"/exec" = { exec = ["cat", "${command}"], bin-environment = { PASSWORD = "${value}" } }
"/api" = { targets = { api = "https://a.example/%s?key=${url}" } }
"/redis" = { targets = { redis = "redis://:${redis}@localhost" }, connect-timeout = 1 }
`;
  const words = changes(base(), base());
  assert.deepEqual(words, [
    "~ auth",
    "~ route /exec: ~ host exec:cat (exec, bin-environment)",
    "~ route /api: ~ targets",
    "~ route /redis: ~ targets",
  ]);
  assertNoSecret("the difference", words.join("\n"));
});

Deno.test("`difference()` tells of targets that come, go and change", () => {
  const hosts = '[wstunnel.server]\n"/a" = { port = 1 }';
  const targets = (more = "", beside = "") =>
    `[wstunnel.server]\n"/a" = { targets = { dir = "/t"${more} }${beside} }`;
  assert.deepEqual(changes(hosts, targets()), ["~ route /a: - host 127.0.0.1:1, + targets"]);
  assert.deepEqual(changes(targets(), hosts), ["~ route /a: + host 127.0.0.1:1, - targets"]);
  assert.deepEqual(changes(targets(), targets(', from = ["host"]', ", read-timeout = 2")), [
    "~ route /a: ~ targets, ~ read-timeout 0 -> 2",
  ]);
  assert.deepEqual(changes(ROUTES, `${ROUTES}[wstunnel.server.t]\ntargets = { dir = "/t" }`), [
    "+ route t (targets)",
  ]);
});

Deno.test("`difference()` keeps odd names on one line, and short", () => {
  const name = `/a ${"x".repeat(80)}`;
  const [words] = changes(ROUTES, `${ROUTES}[wstunnel.server."${name}\\u001b"]\nport = 1`);
  assert.equal(words, `+ route "/a ${"x".repeat(57)}..." (1 host)`);
});

Deno.test("`untilRestart()` keeps what can't change, and says so at each reload until it is as it was", () => {
  const small = load(ROUTES);
  const big = load(`engine = "native"\n[wstunnel]\nbuffer-size = "512KiB"\n${ROUTES}`);
  const first = untilRestart(small, big);
  assert.equal(first.holds.bufferBytes, small.bufferBytes);
  assert.equal(first.holds.engine, "native");
  assert.deepEqual(first.waits, ["~ buffer-size 256KiB -> 512KiB: takes a restart"]);
  assert.deepEqual(untilRestart(first.holds, big).waits, first.waits);
  assert.deepEqual(untilRestart(first.holds, small).waits, []);
});

import assert from "node:assert/strict";
import { formatPath } from "../../lib/config/problem.ts";
import { findWarnings } from "../../lib/config/warnings.ts";

function warned(wstunnel: Record<string, unknown>): string[] {
  return findWarnings({ wstunnel: { "frame-type": "text", ...wstunnel } }).map(({ path, rule }) =>
    `${formatPath(path)}: ${rule}`
  );
}

const server = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, { port: 1 }]));

Deno.test("`findWarnings()` names the keys that an earlier one hides", () => {
  const hidden = (...keys: string[]) =>
    warned({ server: server(...keys) }).map((line) => /"(.*?)": is never/.exec(line)?.[1]);
  assert.deepEqual(hidden("/vnc/deep", "/vnc", ".a", "/"), []);
  assert.deepEqual(hidden("/", "/vnc", ".a"), ["/vnc", ".a"]);
  assert.deepEqual(hidden("/vnc", "/vnc2", "/vn", ".sock", ".my.sock", "x.soc"), [
    "/vnc2",
    ".my.sock",
  ]);
  assert.deepEqual(warned({ server: server("/a", "/ab") }), [
    'wstunnel.server."/ab": is never reached: "/a" stands before it and matches every path of it',
  ]);
  // Keys that are the same path, each in its own writing.
  assert.deepEqual(hidden("/my console", "/my%20console", "//my%20console/x"), [
    "/my%20console",
    "//my%20console/x",
  ]);
  // By its name it is reached.
  assert.deepEqual(warned({ server: server("/", ".vnc"), "map-extensions": { ".c": ".vnc" } }), []);
});

Deno.test("`findWarnings()` names keys and suffixes with a query or a fragment", () => {
  assert.deepEqual(warned({ server: server("/vnc?token=1", "/a"), "map-extensions": {} }), [
    'wstunnel.server."/vnc?token=1": has a ?, and a path is matched without what follows its ?',
  ]);
  assert.deepEqual(warned({ server: server(".a"), "map-extensions": { ".b#c": ".a" } }), [
    'wstunnel.map-extensions.".b#c": has a #, and a path is matched without what follows its #',
  ]);
});

/** Commands, and the characters of them that only a shell would read. */
const COMMANDS: [command: string | string[], found: string | null][] = [
  ["/usr/sbin/sshd -i", null],
  ["cat | grep x", "|"],
  ["cat >/tmp/x 2>&1", "> &"],
  ["a && b; c < d", "& ; <"],
  ["prog $HOME/x `date` *.c", "$ ` *"],
  ['prog "$HOME"', "$"],
  ['prog \'$HOME\' "a|b" c\\|d "\\$e"', null],
  ["sh -c 'a | b'", null],
  ["/bin/bash -c a|b", null],
  ["env LANG=C dash -c a|b", null],
  ["ssh host ls *", null],
  ["fish-server | cat", "|"],
  ["redis-server --unixsocket {socket} --save ''", null],
  [["cat", "|", "grep", "x"], "|"],
  [["prog", "2>&1", "$HOME", "&&"], "> & $"],
  [["prog", "a|b", "^x$", "http://a/?b&c", "*.c"], null],
  [["sh", "-c", "a | b", ">"], null],
];

Deno.test("`findWarnings()` names what a shell would read in a command that has none", () => {
  for (const key of ["exec", "bin-path"]) {
    for (const [command, found] of COMMANDS) {
      const said = warned({ server: { "/": [{ [key]: command }] } });
      const rule =
        `wstunnel.server."/"[0].${key}: has ${found} and no shell reads it: write sh -c ` +
        "'...' for one, or quote what is to be passed on as it is";
      assert.deepEqual(said, found === null ? [] : [rule], String(command));
    }
  }
});

/** Where it listens, what stands under `[wstunnel]` beside a key `/a`, and whether anybody can come from elsewhere. */
const REACHES: [listen: unknown, wstunnel: Record<string, unknown>, place: string | null][] = [
  ["127.0.0.1:1", {}, null],
  [undefined, {}, null],
  [["127.8.8.8:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1", "localhost:1", "unix:/a"], {}, null],
  [":1", {}, "listen"],
  ["192.0.2.1:1", {}, "listen"],
  ["[::]:1", {}, "listen"],
  ["localhost.example.com:1", {}, "listen"],
  [["127.0.0.1:1", "0.0.0.0:1", ":2"], {}, "listen[1]"],
  [[{ address: "unix:/a" }, { address: ":1" }], {}, "listen[1].address"],
  [":1", { origins: ["a.b"] }, null],
  [":1", { server: { "/a": { port: 1, origins: ["a.b"] } } }, null],
  [":1", { origins: ["a.b"], server: { "/a": { port: 1, origins: [] } } }, "listen"],
  [":1", { "allow-clients": ["10.0.0.0/8"] }, null],
  [":1", { "deny-clients": ["10.0.0.0/8"] }, "listen"],
];

Deno.test("`findWarnings()` says that everybody is trusted", () => {
  const raw = {
    "trusted-proxies": ["10.0.0.0/8", "0.0.0.0/0", "unix", "::/0"],
    wstunnel: { "frame-type": "text", server: server("/a") },
  };
  const rule = "trusts everybody: any client can say that it is another one";
  assert.deepEqual(
    findWarnings(raw).map(({ path, rule }) => `${formatPath(path)}: ${rule}`),
    [`trusted-proxies[1]: ${rule}`, `trusted-proxies[3]: ${rule}`],
  );
});

Deno.test("`findWarnings()` says that other machines reach what nothing guards", () => {
  for (const [listen, wstunnel, place] of REACHES) {
    const raw = { listen, wstunnel: { "frame-type": "text", server: server("/a"), ...wstunnel } };
    const said = findWarnings(raw).map(({ path, rule }) => `${formatPath(path)}: ${rule}`);
    const rule = "is reached from other machines, and neither origins nor authentication say who " +
      'may use "/a": any program can, and any web page';
    assert.deepEqual(said, place === null ? [] : [`${place}: ${rule}`], JSON.stringify(raw));
  }
});

Deno.test("`findWarnings()` names keys and suffixes whose paths are refused", () => {
  const why = (problem: string) =>
    `is never reached: requests for it are refused, since the path has ${problem}`;
  const found = warned({
    server: server("/a/../b", "/a//b", "/100%", "/a\\b", "/fine", "//good", "/b\u00fcro"),
    "map-extensions": { "%2f": "/fine", ".\u00fc": "/fine" },
  });
  assert.deepEqual(found, [
    `wstunnel.server."/a/../b": ${why("a dot segment")}`,
    `wstunnel.server."/a//b": ${why("an empty segment")}`,
    `wstunnel.server."/100%": ${why("a broken escape")}`,
    `wstunnel.server."/a\\\\b": ${why("a backslash")}`,
    `wstunnel.map-extensions."%2f": ${why("an escaped slash")}`,
  ]);
});

Deno.test("`findWarnings()` names each place where an origin of null is admitted", () => {
  const rule = "null admits every web page: any can open a sandboxed frame, whose origin is null";
  const found = warned({
    origins: ["example.com", "null", "file://"],
    server: { "/a": { port: 1, origins: ["null"] }, "/b": [{ port: 1 }], "/c": { port: 1 } },
  });
  assert.deepEqual(found, [
    `wstunnel.origins[1]: ${rule}`,
    `wstunnel.server."/a".origins[0]: ${rule}`,
  ]);
});

Deno.test("`findWarnings()` names a health path that a key takes, where it was asked for", () => {
  const said = (healthPath: string | undefined, ...keys: string[]) =>
    findWarnings({
      "health-path": healthPath,
      wstunnel: { "frame-type": "text", server: server(...keys) },
    })
      .map(({ path, rule }) => `${formatPath(path)}: ${rule}`);
  const taken = (
    key: string,
  ) => [`health-path: has no effect: "${key}" is a key of wstunnel.server`];
  assert.deepEqual(said("/", "/"), taken("/"));
  assert.deepEqual(said("/my well", "/a", "/my%20well"), taken("/my%20well"));
  assert.deepEqual(said("/healthz", "/"), []);
  assert.deepEqual(said("", "/"), []);
  assert.deepEqual(said(undefined, "/healthz"), []);
});

/** What is said of frame types, and the keys that are named as having none. */
const FRAME_TYPES: [wstunnel: Record<string, unknown>, unset: string | null][] = [
  [{ server: server("/a") }, '"/a"'],
  [{ server: server("/a", ".vnc") }, '"/a", ".vnc"'],
  [{ "frame-type": "text", server: server("/a") }, null],
  [{ "frame-type": "binary", server: server("/a") }, null],
  [{ server: { "/a": { port: 1, "frame-type": "binary" }, "/b": [{ port: 1 }] } }, '"/b"'],
  [{ server: { "/a": { "frame-type": "text", hosts: [{ port: 1 }] } } }, null],
];

Deno.test("`findWarnings()` says once what text frames are where nothing says the frame type", () => {
  for (const [wstunnel, unset] of FRAME_TYPES) {
    const said = findWarnings({ wstunnel });
    assert.equal(said.length, unset === null ? 0 : 1, JSON.stringify(wstunnel));
    if (unset === null) continue;
    assert.equal(formatPath(said[0]!.path), "wstunnel.frame-type");
    assert(said[0]!.rule.startsWith(`is not set for ${unset}: `), said[0]!.rule);
    assert.match(said[0]!.rule, /UTF-8.*frame-type = "binary".*--frame-type binary/);
  }
});

Deno.test("`findWarnings()` says that the native engine is not for strangers", () => {
  const said = (engine: unknown) =>
    findWarnings({ engine, wstunnel: { "frame-type": "text", server: server("/a") } });
  assert.deepEqual([said("stream"), said(undefined)], [[], []]);
  const [warning, ...others] = said("native");
  assert.equal(formatPath(warning!.path), "engine");
  assert.match(warning!.rule, /^native is not for strangers: /);
  assert.deepEqual(others, []);
});

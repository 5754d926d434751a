import assert from "node:assert/strict";
import { toFile } from "../../lib/config/effective.ts";
import { loadToml } from "../../lib/config/load.ts";
import { thisMachine } from "../../lib/config/machine.ts";
import { formatProblem } from "../../lib/config/problem.ts";
import { writeToml } from "../../lib/config/toml.ts";
import { type Case, testTable } from "./problem_table.ts";

const SERVER = '[wstunnel.server."/"]\nport = 1\n';

const RESERVED = "is a header that wstunnel itself sets";

/** Lines above everything else, and what is said of them. */
const AT_TOP: Case[] = [
  ['web = "/srv"'],
  ['web = { root = "/srv", index = "vnc.html", listing = true, auth = {} }'],
  [
    "web = 5",
    "x.toml:1: web: must be the path of a folder, or a table with root: current value is 5",
  ],
  ['web = ""', 'x.toml:1: web: must be the path of a folder: current value is ""'],
  [
    "[web]\nlisting = 1",
    "x.toml:1: web.root: must be the path of a folder",
    "x.toml:2: web.listing: must be true or false: current value is 1",
  ],
  ['[web]\nroot = "/a"\nrout = "/b"', "x.toml:3: web.rout: unknown key, did you mean root?"],
  ...["a/b", ".a", "", "a\\\\b"].map((index): Case => [
    `[web]\nroot = "/a"\nindex = "${index}"`,
    `x.toml:3: web.index: must be the name of a file, without slashes and no dot in front: current value is "${index}"`,
  ]),
  [
    '[web]\nroot = "/a"\n[web.auth]\nrealm = "x"',
    "x.toml:3: web.auth: must have basic, token, jwt, certificate or be empty",
  ],
  [
    '[web]\nroot = "/a"\n[web.headers]\nContent-Length = "1"\nETag = "x"\n"a b" = "x"\nx-a = "a\\nb"\nx-b = " "\nx-c = 1\nX-A = "y"',
    `x.toml:4: web.headers.Content-Length: ${RESERVED}`,
    `x.toml:5: web.headers.ETag: ${RESERVED}`,
    'x.toml:6: web.headers."a b": is no name of a header',
    'x.toml:7: web.headers.x-a: must be visible ASCII, with single characters in between: current value is "a\\nb"',
    'x.toml:8: web.headers.x-b: must be visible ASCII, with single characters in between: current value is " "',
    "x.toml:9: web.headers.x-c: must be text: current value is 1",
    "x.toml:10: web.headers.X-A: must not be there twice",
  ],
  [`[web]\nroot = "/a"\n[web.headers]\nx-a = "${"a".repeat(8189)}"`],
  [
    `[web]\nroot = "/a"\n[web.headers]\nx-a = "${"a".repeat(4000)}"\nx-b = "${"b".repeat(4187)}"`,
    "x.toml:3: web.headers: must have at most 8192 characters, names and values together",
  ],
];

Deno.test("`loadConfig()` says what is wrong with files for all", () => {
  testTable(AT_TOP, (lines) => `${lines}\n${SERVER}`);
});

/** Whole files, and what is said of them. */
const WHOLE: Case[] = [
  ['web = "/srv"'],
  ['[wstunnel.server."/a"]\nweb = "/srv"'],
  ['[wstunnel.server."/a"]\nweb = "/srv"\nmax-tunnels = 2\ntargets = { file = "/t" }'],
  ['[wstunnel.server."/a"]\nweb = "/srv"\nport = 1'],
  ['[wstunnel.server."/a"]\nweb = "/srv"\n[[wstunnel.server."/a".hosts]]\nport = 1'],
  [
    '[wstunnel.server."/a"]\nweb = "/srv"\ntls = true',
    'x.toml:3: wstunnel.server."/a".tls: has no effect without a host: current value is true',
  ],
  [
    '[wstunnel.server.".a"]\nport = 1\nweb = "/srv"',
    `x.toml:3: wstunnel.server.".a".web: is for a key that begins with "/": what follows it in a path is the file's: current value is "/srv"`,
  ],
  [
    '[[wstunnel.server."/a"]]\nport = 1\nweb = "/srv"',
    'x.toml:3: wstunnel.server."/a"[0].web: unknown key, it belongs to a route, under [wstunnel.server."/key"] with [[wstunnel.server."/key".hosts]] below',
  ],
];

Deno.test("`loadConfig()` says what is wrong with the files of a route, which needs no host beside them", () => {
  testTable(WHOLE, (text) => text);
});

function load(text: string, isHere = false) {
  const machine = isHere ? { machine: thisMachine() } : {};
  return loadToml({ file: { path: "x.toml", text }, flags: [], ...machine });
}

Deno.test("files are told as they were written, and read again they are the same", () => {
  const text = `
[web]
root = "/srv"
index = "vnc.html"
listing = true
auth = {}
headers = { Cache-Control = "max-age=3600", x-frame-options = "DENY" }
write-timeout = 1.5
[wstunnel.server."/a"]
web = "/a"
[wstunnel.server."/b"]
web = { root = "/b", index = "index.html" }
port = 1
[wstunnel.server."/c"]
web = { root = "/c", auth = { basic = "/users" } }
targets = { file = "/t" }
`;
  const loaded = load(text);
  assert("config" in loaded, JSON.stringify(loaded));
  const { config } = loaded;
  assert.deepEqual(config.web, {
    root: "/srv",
    index: "vnc.html",
    listing: true,
    auth: null,
    headers: { "cache-control": "max-age=3600", "x-frame-options": "DENY" },
    writeTimeoutMs: 1500,
  });
  const [a, b, c] = config.routes;
  assert.deepEqual(a!.hosts, []);
  assert.equal("auth" in a!.web!, false);
  assert.equal(b!.hosts.length, 1);
  assert.equal(c!.web!.auth!.basic, "/users");
  const written = writeToml(toFile(config));
  assert.match(written, /^web = "\/b"$/m);
  const again = load(written);
  assert("config" in again, JSON.stringify(again));
  assert.deepEqual(again.config, config);
});

/** The text of what is said of a configuration on this machine. */
function said(text: string): string[] {
  const loaded = load(text, true);
  return ("problems" in loaded ? loaded.problems : loaded.warnings).map(formatProblem);
}

Deno.test("`loadToml()` refuses a root that isn't there, is no folder or may not be opened, and files of passwords that aren't there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "");
    assert.deepEqual(said(`web = "${folder}"`), []);
    assert.deepEqual(said(`web = "${folder}/no"`), [`x.toml:1: web: "${folder}/no" isn't there`]);
    assert.deepEqual(said(`[web]\nroot = "${folder}/file"`), [
      `x.toml:2: web.root: "${folder}/file" is no folder`,
    ]);
    assert.deepEqual(said(`[wstunnel.server."/a"]\nweb = "${folder}/no"`), [
      `x.toml:2: wstunnel.server."/a".web: "${folder}/no" isn't there`,
    ]);
    assert.deepEqual(said(`web = { root = "${folder}", auth = { basic = "${folder}/no" } }`), [
      `x.toml:1: web.auth.basic: "${folder}/no" cannot be read: there is no such file`,
    ]);
    await Deno.mkdir(`${folder}/shut`, { mode: 0o000 });
    // Root may open whatever there is.
    const shut = Deno.uid() === 0 ? [] : [
      `x.toml:1: web: "${folder}/shut" cannot be opened: permission denied`,
    ];
    assert.deepEqual(said(`web = "${folder}/shut"`), shut);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`loadToml()` warns of files that are asked for in the clear, and of no route that has nothing but files", () => {
  const warned = (text: string) => {
    const loaded = load(`listen = ":80"\n${text}`);
    assert("warnings" in loaded, JSON.stringify(loaded));
    return loaded.warnings.map(({ path, rule }) => `${path}: ${rule}`);
  };
  const route = (web: string) => `[wstunnel.server."/a"]\nweb = ${web}`;
  assert.deepEqual(warned('web = "/srv"'), []);
  assert.deepEqual(warned(route('"/srv"')), []);
  assert.deepEqual(warned(route('{ root = "/srv", auth = {} }')), []);
  const asking = '{ root = "/srv", auth = { token = "f" } }';
  for (const text of [`web = ${asking}`, route(asking)]) {
    assert.deepEqual(warned(text), [
      "listen: is reached from other machines without TLS: passwords and tokens can be read on the way, unless a proxy in front has TLS",
    ]);
  }
});

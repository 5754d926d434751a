import assert from "node:assert/strict";
import { loadToml } from "../../lib/config/load.ts";
import { toFile } from "../../lib/config/effective.ts";
import { writeToml } from "../../lib/config/toml.ts";
import { type Case, testTable } from "./problem_table.ts";

const PLACE =
  'must be "authorization", "query:NAME", "cookie:NAME" or "subprotocol", NAME of letters, digits, ".", "_" and "-"';

const WRONG: readonly Case[] = [
  [
    "auth = 1",
    "x.toml:2: wstunnel.auth: must be a table of basic, token, jwt, certificate, from, realm: current value is 1",
  ],
  [
    'auth = { realm = "x" }',
    "x.toml:2: wstunnel.auth: must have basic, token, jwt, certificate or be empty",
  ],
  [
    'auth = { basic = "", realm = "a\\"b" }',
    'x.toml:2: wstunnel.auth.basic: must be the path of a file: current value is ""',
    'x.toml:2: wstunnel.auth.realm: must be printable ASCII without quotes and backslashes: current value is "a\\"b"',
  ],
  [
    'auth = { basic = "f", from = ["subprotocol"] }',
    "x.toml:2: wstunnel.auth.from: has no effect without token or jwt: current value is a list",
  ],
  [
    'auth = { token = "f", from = [] }',
    "x.toml:2: wstunnel.auth.from: must have at least one place: current value is a list",
  ],
  [
    'auth = { token = "f", from = ["query", "header:x", "cookie:a b", "authorization"] }',
    `x.toml:2: wstunnel.auth.from[0]: ${PLACE}: current value is "query"`,
    `x.toml:2: wstunnel.auth.from[1]: ${PLACE}: current value is "header:x"`,
    `x.toml:2: wstunnel.auth.from[2]: ${PLACE}: current value is "cookie:a b"`,
  ],
  ["auth = { jwt = {} }", "x.toml:2: wstunnel.auth.jwt: must have one of secret-file, key, jwks"],
  [
    'auth = { jwt = { key = "k", jwks = "j", secret-file = "s" } }',
    'x.toml:2: wstunnel.auth.jwt.key: must not stand beside secret-file: current value is "k"',
    "x.toml:2: wstunnel.auth.jwt.jwks: must not stand beside secret-file",
  ],
  [
    'auth = { jwt = { key = "k", algorithms = ["none"], iss = [1], aud = "", leeway = -1 } }',
    'x.toml:2: wstunnel.auth.jwt.algorithms[0]: must be "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512" or "EdDSA": current value is "none"',
    "x.toml:2: wstunnel.auth.jwt.iss[0]: must be text: current value is 1",
    'x.toml:2: wstunnel.auth.jwt.aud: must not be empty: current value is ""',
    "x.toml:2: wstunnel.auth.jwt.leeway: must be a number of seconds from 0 to 86400: current value is -1",
  ],
  [
    'auth = { certificate = ["ann", 1] }',
    "x.toml:2: wstunnel.auth.certificate: needs a listener with client-ca beside its tls: nobody else's certificate is believed: current value is a list",
    "x.toml:2: wstunnel.auth.certificate[1]: must be text: current value is 1",
  ],
  [
    'auth = { certificate = "ann", from = ["subprotocol"] }',
    'x.toml:2: wstunnel.auth.certificate: needs a listener with client-ca beside its tls: nobody else\'s certificate is believed: current value is "ann"',
    "x.toml:2: wstunnel.auth.from: has no effect without token or jwt: current value is a list",
  ],
  [
    'auth = { jwt = { jwks = "ftp://h/k" } }',
    "x.toml:2: wstunnel.auth.jwt.jwks: must be the path of a file or an http:// or https:// URL",
  ],
  [
    'auth = { jwt = { jwks = "https://u:hunter2@h/k" } }',
    "x.toml:2: wstunnel.auth.jwt.jwks: must have no password in its URL",
  ],
  // A URL may stand in the place of its table, and its query may be a key.
  [
    'auth = { jwt = "https://h/k?key=hunter2" }',
    "x.toml:2: wstunnel.auth.jwt: must be a table of secret-file, key, jwks, algorithms, iss, aud, require, leeway, user-claim",
  ],
  [
    'subprotocols = ["bearer.v1"]',
    'x.toml:2: wstunnel.subprotocols[0]: must not begin with bearer., as what carries a token does: current value is "bearer.v1"',
  ],
];

Deno.test("`loadConfig()` says what is wrong with `auth`", () => {
  testTable(WRONG, (lines) => `[wstunnel]\n${lines}\n[[wstunnel.server."/"]]\nport = 1\n`);
});

Deno.test("`auth` is the same once it was printed and read again, and an empty table opens a route", () => {
  const text = `
[wstunnel]
auth = { basic = "users", token = "tokens", from = ["query:token", "subprotocol"] }
[wstunnel.server."/a"]
port = 1
auth = { jwt = { jwks = "https://h/k", aud = ["a", "b"], leeway = 0.5 } }
[wstunnel.server."/b"]
port = 1
auth = {}
[[wstunnel.server."/c"]]
port = 1
`;
  const config = configOf(text);
  const [a, b, c] = config.routes;
  assert.deepEqual(a!.auth, {
    jwt: {
      jwks: "https://h/k",
      algorithms: null,
      issuers: null,
      audiences: ["a", "b"],
      required: ["exp"],
      leewayMs: 500,
      userClaim: "sub",
    },
    from: [{ kind: "authorization" }],
    realm: "wstunnel",
  });
  assert.equal(b!.auth, null);
  assert.deepEqual(c!.auth, {
    basic: "users",
    token: "tokens",
    from: [{ kind: "query", name: "token" }, { kind: "subprotocol" }],
    realm: "wstunnel",
  });
  assert.deepEqual(configOf(writeToml(toFile(config))), config);
});

Deno.test("what is printed of a key set's URL leaves its query out, which may hold a secret", () => {
  const printed = (jwks: string) =>
    writeToml(toFile(configOf(
      `[wstunnel]\nauth = { jwt = { jwks = "${jwks}" } }\n[[wstunnel.server."/"]]\nport = 1\n`,
    )));
  assert.match(printed("https://h/k?key=hunter2"), /^jwks = "https:\/\/h\/k\?\*\*\*"$/m);
  assert.match(printed("keys?.json"), /^jwks = "keys\?\.json"$/m);
});

function configOf(text: string) {
  const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

const WARNED: readonly (readonly [lines: string, ...said: string[]])[] = [
  [
    'auth = { basic = "f" }',
    "2: wstunnel.auth: browsers send passwords, cookies and certificates along for any web page: origins say which pages may open a tunnel (--origin)",
  ],
  ['auth = { basic = "f" }\norigins = ["example.com"]'],
  [
    'auth = { token = "f", from = ["authorization", "cookie:session"] }',
    "2: wstunnel.auth: browsers send passwords, cookies and certificates along for any web page: origins say which pages may open a tunnel (--origin)",
  ],
  ['auth = { token = "f", from = ["subprotocol", "query:token"] }'],
  [
    'auth = { jwt = { jwks = "http://id.example.com/keys" } }',
    "2: wstunnel.auth.jwt.jwks: is asked for by plain HTTP: whoever stands between can put in a key of his own",
    "2: wstunnel.auth.jwt: without aud every token of its issuer is taken, those for other services as well",
  ],
  ['auth = { jwt = { jwks = "http://127.0.0.1:1/keys", aud = "tunnel" } }'],
  ['auth = { jwt = { jwks = "https://id.example.com/keys", aud = "tunnel" } }'],
];

Deno.test("`loadConfig()` warns of an `auth` that lets in more than was meant", () => {
  for (const [lines, ...said] of WARNED) {
    const text =
      `[wstunnel]\n${lines}\nframe-type = "binary"\n[[wstunnel.server."/a"]]\nport = 1\n` +
      '[[wstunnel.server."/b"]]\nport = 1\n';
    const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
    assert.ok("warnings" in loaded, JSON.stringify(loaded));
    assert.deepEqual(
      loaded.warnings.map(({ line, path, rule }) => `${line}: ${path}: ${rule}`),
      said,
      lines,
    );
  }
});

Deno.test("`loadConfig()` warns where passwords go in the clear, and not of strangers where it is asked who they are", () => {
  const server = 'frame-type = "binary"\n[[wstunnel.server."/"]]\nport = 1\n';
  const warned = (listen: string, auth: string) => {
    const text = `listen = ${listen}\n[wstunnel]\n${auth}\n${server}`;
    const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
    assert.ok("warnings" in loaded, JSON.stringify(loaded));
    return loaded.warnings.map(({ path, rule }) => `${path}: ${rule}`);
  };
  const auth = 'auth = { token = "f" }';
  assert.deepEqual(warned('":80"', auth), [
    "listen: is reached from other machines without TLS: passwords and tokens can be read on the way, unless a proxy in front has TLS",
  ]);
  assert.deepEqual(warned('"127.0.0.1:80"', auth), []);
  for (const [admin, isWarned] of [[":9090", true], ["127.0.0.1:9090", false]] as const) {
    const warnings = warned(`"127.0.0.1:80"\nadmin = "${admin}"\nadmin-token-file = "f"`, auth);
    const rule =
      "admin: is reached from other machines without TLS: its token can be read on the " +
      "way, unless a proxy in front has TLS";
    assert.deepEqual(warnings, isWarned ? [rule] : []);
  }
  assert.match(warned('":80"', "").join(), /neither origins nor authentication say who/);
});

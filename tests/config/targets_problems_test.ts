/** Every class of problem with a route's targets, as the user reads it. */
import assert from "node:assert/strict";
import { formatProblem } from "../../lib/config/problem.ts";
import { thisMachine } from "../../lib/config/machine.ts";
import { loadToml } from "../../lib/config/load.ts";
import { toFile } from "../../lib/config/effective.ts";
import { writeToml } from "../../lib/config/toml.ts";
import { type Case, testTable } from "./problem_table.ts";

const AT = 'wstunnel.server."/".targets';

/** What stands in the braces of `targets = { ... }`, on line 2, and what is said of it. */
const IN_TARGETS: Case[] = [
  ["", `x.toml:2: ${AT}: must have one of file, dir, jwt, api, redis, address`],
  ["jwt = false", `x.toml:2: ${AT}: must have one of file, dir, jwt, api, redis, address`],
  [
    'file = "/a", dir = "/b"',
    `x.toml:2: ${AT}.dir: must not stand beside file: current value is "/b"`,
  ],
  ['file = ""', `x.toml:2: ${AT}.file: must be the path of a file: current value is ""`],
  [
    "address = []",
    `x.toml:2: ${AT}.address: must have at least one host and its ports: current value is a list`,
  ],
  [
    'address = ["*:5432"]',
    `x.toml:2: ${AT}.address[0]: must be a host and its ports, such as "db.example.com:5432", "*.example.com:5432", ` +
    '"10.0.0.0/8:22" or "[::1]:5900-5910": every public host is 0.0.0.0/0 and [::/0]: current value is "*:5432"',
  ],
  [
    'file = "/a", parameter = "host"',
    `x.toml:2: ${AT}.parameter: has no effect without address: current value is "host"`,
  ],
  [
    'address = ["a:1"], from = ["cookie:x"]',
    `x.toml:2: ${AT}.from: has no effect without file or dir or api or redis: current value is a list`,
  ],
  [
    'file = "/a", prefix = "x:"',
    `x.toml:2: ${AT}.prefix: has no effect without redis: current value is "x:"`,
  ],
  [
    'redis = "redis://h", ca = "/a"',
    `x.toml:2: ${AT}.ca: has no effect without https or rediss: current value is "/a"`,
  ],
  ["jwt = true", `x.toml:2: ${AT}.jwt: needs auth.jwt beside it: current value is true`],
  [
    "from = []",
    `x.toml:2: ${AT}.from: must have at least one place: current value is a list`,
    `x.toml:2: ${AT}: must have one of file, dir, jwt, api, redis, address`,
  ],
  // What may hold a password, or the token of an API, is not repeated.
  ...[
    '"http://h/x"',
    '"http://h/%s%s"',
    '"ftp://h/%s"',
    '"http://%s/x"',
    '"http://u:p@h/%s"',
    '"h/%s"',
    "5",
  ]
    .map((api): Case => [
      `api = ${api}`,
      `x.toml:2: ${AT}.api: must be a URL of http or https, with one %s in the place of the token` +
      (/%s\/x|u:p/.test(api) ? ", behind the host; no user and password before it" : ""),
    ]),
  ...['"h:6379"', '"http://h"', '"redis://h/x"', '"redis://h/1?a=b"', "true"].map((redis): Case => [
    `redis = ${redis}`,
    `x.toml:2: ${AT}.redis: must be redis://host:port/db or rediss://host:port/db, with user:password@ before the host where it takes one`,
  ]),
];

Deno.test("`loadConfig()` finds every class of problem within targets", () => {
  testTable(IN_TARGETS, (inner) => `[wstunnel.server."/"]\ntargets = { ${inner} }`);
});

Deno.test("beside targets stands what holds for any host, and nothing that makes no sense there", () => {
  const beside = 'x.toml:3: wstunnel.server."/".';
  testTable([
    ['connect-timeout = 2\nread-timeout = 3\ntcp-fin-propagate = true\nframe-type = "text"'],
    ["port = 5900", `${beside}port: must not stand beside targets: current value is 5900`],
    ['exec = "cat"', `${beside}exec: must not stand beside targets`],
    [
      "hosts = [{ port = 1 }]",
      `${beside}hosts: must not stand beside targets: current value is a list`,
    ],
    ["max-procs = 2", `${beside}max-procs: must not stand beside targets: current value is 2`],
    [
      'balance = "hash"',
      `${beside}balance: has no effect with targets: there is nothing to choose: current value is "hash"`,
    ],
  ], (lines) => `[wstunnel.server."/"]\ntargets = { file = "/a" }\n${lines}`);
});

Deno.test("a route has hosts or targets", () => {
  testTable([
    [
      "hosts = []",
      'x.toml:2: wstunnel.server."/".hosts: must have at least one host, or targets: current value is a list',
    ],
  ], (lines) => `[wstunnel.server."/"]\n${lines}`);
});

Deno.test("targets are told as they were written, but for the URLs that may hold passwords, and read again they are the same", () => {
  const text = `
[wstunnel.server."/a"]
targets = { file = "/etc/targets", from = ["host", "cookie:token"] }
connect-timeout = 2
[wstunnel.server."/b"]
targets = { address = ["*.example.com:5432", "[fd00::/8]:22"], parameter = "to" }
[wstunnel.server."/c"]
targets = { redis = "redis://:s3cret@127.0.0.1:6379/1", prefix = "vnc:" }
[wstunnel.server."/d"]
auth = { jwt = { key = "/etc/key.pem" } }
targets = { jwt = true }
`;
  const load = (text: string) => {
    const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
    assert("config" in loaded, JSON.stringify(loaded));
    return loaded.config;
  };
  const config = load(text);
  const written = writeToml(toFile(config));
  assert(!written.includes("s3cret"));
  assert.match(written, /redis = "\*\*\*"/);
  const again = load(written.replace('"***"', '"redis://:s3cret@127.0.0.1:6379/1"'));
  assert.deepEqual(again, config);
  const [a, b, c, d] = config.routes.map(({ targets }) => targets!);
  assert.deepEqual(a!.from, [{ kind: "host" }, { kind: "cookie", name: "token" }]);
  assert.equal(a!.host.connectTimeoutMs, 2000);
  assert.equal(b!.parameter, "to");
  assert.deepEqual(c!.from, [{ kind: "query", name: "token" }]);
  assert.equal(d!.jwt, true);
});

Deno.test("a password in a URL that is wrong is in no problem", () => {
  for (
    const line of [
      'targets = { redis = "redis://:s3cret@h/x" }',
      'targets = "redis://:s3cret@h/0"',
      'port = 1\nauth.jwt.jwks = "ftp://u:s3cret@h/k"',
      'port = 1\nauth.jwt.jwks = "https://u:s3cret@h/k"',
      'port = 1\nauth.jwt = { key = "/k", jwks = "https://h/k?s3cret" }',
    ]
  ) {
    const text = `[wstunnel.server."/"]\n${line}`;
    const loaded = loadToml({
      file: { path: "x.toml", text },
      flags: [],
      machine: thisMachine(),
    });
    assert("problems" in loaded, line);
    assert(!loaded.problems.map(formatProblem).join().includes("s3cret"), line);
  }
});

import assert from "node:assert/strict";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import { toSettings } from "../../lib/cli/settings.ts";

const SERVER = ["wstunnel", "server"];

const STAND_IN = { port: 1 };

/** The settings of a command line, its words split at blanks. */
function settings(line: string) {
  const invocation = parseArguments(line.split(" "));
  assert("given" in invocation, JSON.stringify(invocation));
  return toSettings(invocation.given);
}

/** What is wrong with it. */
function problems(line: string): string[] {
  return settings(line).flatMap((one) => "rule" in one ? [`${one.flag}: ${one.rule}`] : []);
}

const server = (key: string, ...ports: number[]) => ({
  flag: "--server",
  path: [...SERVER, key, "hosts"],
  value: ports.map((port) => ({ host: "h", port })),
});
const key = (name: string) => ({ flag: `--path ${name}`, path: [...SERVER, name], value: {} });
const TABLE = { flag: "--server", path: SERVER, value: {} };

Deno.test("`toSettings()` makes hosts of --server", () => {
  const given = [
    "127.0.0.1:5900",
    "[::1]:80",
    "unix:/run/x",
    "unix:@x",
    "exec:cat 'a b'",
    "tls:db.test:6380",
    "tls:[::1]:1",
  ]
    .map((value) => ({ name: "--server", value }) as const);
  assert.deepEqual(toSettings(given), [TABLE, {
    flag: "--server",
    path: [...SERVER, "/", "hosts"],
    value: [
      { host: "127.0.0.1", port: 5900 },
      { host: "::1", port: 80 },
      { socket: "/run/x" },
      { socket: "@x" },
      { exec: "cat 'a b'" },
      { host: "db.test", port: 6380, tls: true },
      { host: "::1", port: 1, tls: true },
    ],
  }]);
});

Deno.test("`toSettings()` gives each --path the --servers behind it", () => {
  const cases: [string, unknown[]][] = [
    ["--server h:1 --server h:2", [TABLE, server("/", 1, 2)]],
    ["--path /a --server h:1 --server h:2", [TABLE, key("/a"), server("/a", 1, 2)]],
    [
      "--path /a --server h:1 --path .b --server h:2",
      [TABLE, key("/a"), server("/a", 1), key(".b"), server(".b", 2)],
    ],
    // First it would hide the other: it matches everything.
    [
      "--server h:1 --path /a --server h:2 --path /b --server h:3",
      [TABLE, key("/a"), server("/a", 2), key("/b"), server("/b", 3), server("/", 1)],
    ],
    ["--path / --server h:1", [TABLE, key("/"), server("/", 1)]],
  ];
  for (const [line, expected] of cases) assert.deepEqual(settings(line), expected, line);
});

Deno.test("`toSettings()` gives a route the flags behind its --path, and all routes those before the first", () => {
  const own = (name: string, value: unknown) => ({
    flag: `--${name}`,
    path: [...SERVER, "/a", name.replace(/^(origin|subprotocol)$/, "$1s")],
    value,
  });
  const all = (name: string, value: unknown) => ({
    ...own(name, value),
    path: ["wstunnel", own(name, value).path.at(-1)!],
  });
  assert.deepEqual(
    settings(
      "--frame-type text --origin x --subprotocol p --path /a --frame-type binary --server h:1 " +
        "--origin y --origin z --balance hash --subprotocol q --ping-interval 3 --debug 1 " +
        "--path /b --server h:2",
    ),
    [
      all("frame-type", "text"),
      all("origin", ["x"]),
      all("subprotocol", ["p"]),
      { flag: "--debug", path: ["wstunnel", "debug"], value: 1 },
      TABLE,
      key("/a"),
      server("/a", 1),
      own("frame-type", "binary"),
      own("balance", "hash"),
      own("origin", ["y", "z"]),
      own("subprotocol", ["q"]),
      own("ping-interval", 3),
      key("/b"),
      server("/b", 2),
    ],
  );
});

Deno.test("`toSettings()` refuses an order that leads nowhere, and shows one that does", () => {
  const needs = (flag: string, line: string) =>
    `${flag}: must have a --server behind it, as in: wstunnel ${line}`;
  const cases: [string, ...string[]][] = [
    // What 0.1 took for the path of the server before it.
    ["--server h:1 --path /a", needs("--path /a", "--path /a --server h:1")],
    [
      "--server h:1 --server exec:cat --frame-type binary --path /a --config x",
      needs("--path /a", "--path /a --server h:1 --server exec:COMMAND"),
    ],
    ["--path /a", needs("--path /a", "--path /a --server 127.0.0.1:5900")],
    ["--path=", needs('--path ""', "--path / --server 127.0.0.1:5900")],
    [
      "--server h:1 --path /a --server h:2 --path /b",
      needs("--path /b", "--path /b --server 127.0.0.1:5900"),
    ],
    [
      "--path /a --path /b --server h:1 --path $(x)",
      needs("--path /a", "--path /a --server 127.0.0.1:5900"),
      needs('--path "$(x)"', "--path '$(x)' --server 127.0.0.1:5900"),
    ],
    [
      "--path /a --server h:1 --path /a --server h:2",
      "--path /a: must be given once: put its --servers behind the first",
    ],
    [
      "--server h:1 --path / --server h:2",
      "--path /: is the --server, or --targets, before it already: put that behind it",
    ],
  ];
  for (const [line, ...said] of cases) assert.deepEqual(problems(line), said, line);
});

Deno.test("`toSettings()` refuses a second time what may stand once, and names both", () => {
  const once = FLAGS.filter(({ repeatable }) => !repeatable).map(({ name }) => name);
  assert.ok(once.length > 5);
  for (const name of once) {
    const said = problems(`${name} 1 --server h:1 ${name}=2`);
    assert.ok(said.includes(`${name}: must be given once, not as "1" and "2"`), said.join("\n"));
  }
  assert.deepEqual(problems("--frame-type 1 --path /a --frame-type 2 --server h:1"), []);
  assert.deepEqual(problems("--path /a --frame-type 2 --server h:1 --frame-type 3"), [
    '--frame-type: must be given once, not as "2" and "3"',
  ]);
});

Deno.test("`toSettings()` says what is wrong with each --server", () => {
  const servers = ["127.0.0.1:1", "127.0.0.1", "a:0", "/run/x", "tls://a:1", ""]
    .map((value) => ({ name: "--server", value }) as const);
  const forms = "must be host:port, [v6]:port, unix:/path, tls:host:port or exec:COMMAND";
  const place = { flag: "--server", path: [...SERVER, "/", "hosts"] };
  assert.deepEqual(toSettings(servers), [
    TABLE,
    { ...place, rule: forms, text: "127.0.0.1" },
    { ...place, rule: "the port must be 1 to 65535", text: "a:0" },
    { ...place, rule: "a socket path is written unix:/run/x", text: "/run/x" },
    { ...place, rule: "TLS to a backend is written tls:a:1", text: "tls://a:1" },
    { ...place, rule: forms, text: "" },
    // Stand-ins keep the others in their places, so that they are checked as well.
    { ...place, value: [{ host: "127.0.0.1", port: 1 }, ...Array(5).fill(STAND_IN)] },
  ]);
});

Deno.test("`toSettings()` gives lists, numbers and text as the file has them", () => {
  assert.deepEqual(
    settings(
      "--balance hash --listen :1 --origin a.b --listen :2 --ping-interval 0.5 --debug -1 " +
        "--config x.toml",
    ),
    [
      { flag: "--listen", path: ["listen"], value: [":1", ":2"] },
      { flag: "--balance", path: ["wstunnel", "balance"], value: "hash" },
      { flag: "--origin", path: ["wstunnel", "origins"], value: ["a.b"] },
      { flag: "--ping-interval", path: ["wstunnel", "ping-interval"], value: 0.5 },
      { flag: "--debug", path: ["wstunnel", "debug"], value: -1 },
    ],
  );
});

Deno.test("`toSettings()` leaves what is no number as text", () => {
  for (const text of ["", " 1", "1e3", "0x10", "Infinity", "1.", ".5", "many", "info"]) {
    const [setting] = toSettings([{ name: "--debug", value: text }]);
    assert.deepEqual(setting, { flag: "--debug", path: ["wstunnel", "debug"], value: text });
  }
});

Deno.test("`toSettings()` makes targets of --targets, for every path or for the one before it", () => {
  const targets = (key: string, file: string) => ({
    flag: "--targets",
    path: [...SERVER, key, "targets", "file"],
    value: file,
  });
  const table = { ...TABLE, flag: "--targets" };
  assert.deepEqual(settings("--targets /etc/t"), [table, targets("/", "/etc/t")]);
  assert.deepEqual(settings("--path /a --targets /t --path /b --server h:1"), [
    TABLE,
    key("/a"),
    targets("/a", "/t"),
    key("/b"),
    server("/b", 1),
  ]);
  assert.deepEqual(problems("--targets a --targets b"), [
    '--targets: must be given once, not as "a" and "b"',
  ]);
  assert.deepEqual(problems("--targets a --path / --server h:1"), [
    "--path /: is the --server, or --targets, before it already: put that behind it",
  ]);
});

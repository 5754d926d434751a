/** Each option as a configuration, or refused. */
import assert from "node:assert/strict";
import { loadConfig, loadToml } from "../../lib/config/load.ts";
import { OPTIONS, type WebsockifyOption } from "../../lib/cli/websockify/options.ts";
import { parseWebsockify } from "../../lib/cli/websockify/parse.ts";
import { helpText, printedFile, shownSettings } from "../../lib/cli/websockify/print.ts";
import { translate } from "../../lib/cli/websockify/translate.ts";
import { testUnless } from "../ship/executable.ts";
import { makeSecret } from "../support/secrets.ts";
import { NO_WEBSOCKIFY, referenceHelp } from "./reference.ts";

const REBIND = "/usr/lib/websockify/rebind.so";

/** The files that there are. */
const look = {
  exists: (path: string) => ["there.pem", "key.pem", REBIND].includes(path),
  absolute: (path: string) => path.startsWith("/") ? path : `/here/${path}`,
  isPem: (path: string) => path.endsWith(".pem"),
  freePort: () => 5999,
};

function translated(line: string) {
  const parsed = parseWebsockify(line.split(" "));
  assert(!("problem" in parsed), `${line}: ${JSON.stringify(parsed)}`);
  return translate(parsed, look);
}

const HEAD = 'listen = "0.0.0.0:6080"\n';
const FRAMES = '\n[wstunnel]\nframe-type = "binary"\n';
const TARGET = '\n[wstunnel.server."/"]\nhost = "a"\nport = 1\n';
const TLS = '[listen]\naddress = "0.0.0.0:6080"\n';
const PEM = '\n[listen.tls]\ncert = "there.pem"\nkey = "there.pem"\n';
const TOKENS = '\n[wstunnel.server."/".targets]\n';
const PROGRAM = '\n[wstunnel.server."/"]\nport = 5999\n';
const REST = FRAMES + TARGET;

/** A command line, and the file that means the same. */
const FILES: readonly (readonly [line: string, file: string])[] = [
  ["6080 a:1", HEAD + REST],
  [":6080 a:1 -v --libserver", HEAD + REST],
  [
    "--print 6080 [::1]:05900",
    `${HEAD}${FRAMES}\n[wstunnel.server."/"]\nhost = "::1"\nport = 5900\n`,
  ],
  ["6080 :1", HEAD + REST.replace('"a"', '"localhost"')],
  ["-6 6080 a:1", HEAD.replace("0.0.0.0", "[::]") + REST],
  ["-6 localhost:6080 a:1", HEAD.replace("0.0.0.0", "localhost") + REST],
  ["[::1]:6080 a:1", HEAD.replace("0.0.0.0", "[::1]") + REST],
  ["6080 a:1 --traffic", HEAD + FRAMES + 'debug = "debug"\n' + TARGET],
  ["6080 a:1 --heartbeat=0x1e", HEAD + FRAMES + "ping-interval = 30\n" + TARGET],
  ...[["", "exit"], ["--wrap-mode ignore ", "ignore"], ["--wrap-mode=respawn ", "restart"]].map((
    [words, onExit],
  ): [string, string] => [
    `6080 ${words}-- prog --web 6080`,
    `${HEAD}${FRAMES}${PROGRAM}bin-path = [ "prog", "--web", "6080" ]\nmax-procs = 1\n` +
    `on-exit = "${onExit}"\nconnect-timeout = 30\n` +
    '\n[wstunnel.server."/".bin-environment]\nLD_PRELOAD = "/usr/lib/websockify/rebind.so"\n' +
    'REBIND_OLD_PORT = "6080"\nREBIND_NEW_PORT = "5999"\n',
  ]),
  [
    "6080 -- Xvnc :1 -rfbport {port}",
    `${HEAD}${FRAMES}${PROGRAM}bin-path = [ "Xvnc", ":1", "-rfbport", "{port}" ]\nmax-procs = 1\n` +
    'on-exit = "exit"\nconnect-timeout = 30\n',
  ],
  ["--inetd a:1", HEAD.replace("0.0.0.0:6080", "fd:0") + REST],
  ["6080 a:1 --run-once", `${HEAD}exit-after-tunnels = 1\n${REST}`],
  ["6080 a:1 --timeout 60", `${HEAD}exit-after-time = 60\n${REST}`],
  ["6080 a:1 --idle-timeout=60 --timeout 0", `${HEAD}exit-idle-time = 60\n${REST}`],
  ["6080 a:1 --log-file w.log", HEAD + 'log-file = "w.log"\n' + REST],
  ["6080 a:1 --web /w", `${HEAD}${REST}\n[web]\nroot = "/w"\nlisting = true\n`],
  ["6080 a:1 --web /w --file-only", `${HEAD}${REST}\n[web]\nroot = "/w"\n`],
  ["6080 a:1 --cert there.pem --ssl-only", TLS + PEM + REST],
  ["6080 a:1 --cert there.pem", `${TLS}tls-optional = true\n${PEM}${REST}`],
  [
    "6080 a:1 --cert there.pem --key key.pem --ssl-only",
    TLS + PEM.replace(/"there.pem"\n$/, '"key.pem"\n') + REST,
  ],
  ["6080 a:1 --cert there.pem --ssl-only --ssl-version tlsv1_2", TLS + PEM + REST],
  [
    "6080 a:1 --cert there.pem --ssl-only --verify-client --cafile ca.pem",
    `${TLS}${PEM}client-ca = "ca.pem"\n${REST}`,
  ],
  [
    "--unix-listen /l --unix-target /t",
    `[listen]\naddress = "unix:/l"\nmode = "0600"\n${FRAMES}\n[wstunnel.server."/"]\nsocket = "/t"\n`,
  ],
  [
    "--unix-listen l --unix-target s/t",
    `[listen]\naddress = "unix:/here/l"\nmode = "0600"\n${FRAMES}\n[wstunnel.server."/"]\nsocket = "/here/s/t"\n`,
  ],
  [
    "--unix-listen /l --unix-listen-mode 660 a:1",
    `[listen]\naddress = "unix:/l"\nmode = "660"\n${REST}`,
  ],
  ...["TokenFile", "ReadOnlyTokenFile", "websockify.token_plugins.TokenFile"].map((
    plugin,
  ): [string, string] => [
    `--token-plugin ${plugin} --token-source /f 6080`,
    `${HEAD}${FRAMES}${TOKENS}file = "/f"\n`,
  ]),
  ["--target-config /f 6080", `${HEAD}${FRAMES}${TOKENS}file = "/f"\n`],
  [
    "--target-config /f --host-token 6080",
    `${HEAD}${FRAMES}${TOKENS}file = "/f"\nfrom = [ "host" ]\n`,
  ],
  ...["TokenFileName", "UnixDomainSocketDirectory"].map((plugin): [string, string] => [
    `--token-plugin ${plugin} --token-source /d 6080`,
    `${HEAD}${FRAMES}${TOKENS}dir = "/d"\n`,
  ]),
  ...["BaseTokenAPI", "JSONTokenApi"].map((plugin): [string, string] => [
    `--token-plugin ${plugin} --token-source http://h/a?token=%s 6080`,
    `${HEAD}${FRAMES}${TOKENS}api = "http://h/a?token=%s"\n`,
  ]),
  [
    "--token-plugin TokenRedis --token-source r 6080",
    `${HEAD}${FRAMES}${TOKENS}redis = "redis://r:6379/0"\n`,
  ],
  [
    "--token-plugin TokenRedis --token-source r:1:2::ns 6080",
    `${HEAD}${FRAMES}${TOKENS}redis = "redis://r:1/2"\nprefix = "ns:"\n`,
  ],
  [
    "--token-plugin JWTTokenApi --token-source k.pem --web /w 6080",
    `${HEAD}${FRAMES}\n[wstunnel.server."/".auth]\nfrom = [ "query:token" ]\n` +
    `\n[wstunnel.server."/".auth.jwt]\nkey = "k.pem"\nrequire = []\n${TOKENS}jwt = true\n` +
    '\n[web]\nroot = "/w"\nlisting = true\n\n[web.auth]\n',
  ],
  [
    "--cert there.pem --ssl-only --verify-client --cafile ca.pem --web /w " +
    "--auth-plugin ClientCertCNAuth --auth-source ann 6080 a:1",
    `${TLS}${PEM}client-ca = "ca.pem"\n${REST}\n[wstunnel.auth]\ncertificate = [ "ann" ]\n` +
    '\n[web]\nroot = "/w"\nlisting = true\n\n[web.auth]\n',
  ],
  [
    "--auth-plugin ExpectOrigin --auth-source http://a.example 6080 a:1",
    `${HEAD}${FRAMES}origins = [ "http://a.example" ]\n${TARGET}`,
  ],
];

/** Words of an option that is refused, or of a combination, and why. */
const REFUSED: readonly (readonly [words: string, why: RegExp])[] = [
  ["--record f", /^--record: .*tcpdump/],
  ["--key-password x", /^--key-password: .*openssl pkey/],
  ["--ssl-ciphers x", /^--ssl-ciphers: .*proxy/],
  ["--syslog /dev/log", /^--syslog: .*logger/],
  ["--syslog /dev/log --legacy-syslog", /^--legacy-syslog: /m],
  ["--cert none.pem", /^--cert: none\.pem is not found; without --cert there is no TLS$/],
  ["--verify-client", /^--verify-client: needs TLS, and self\.pem is not found$/],
  ["--cert there.pem --verify-client", /^--verify-client: needs --cafile FILE/],
  ["--cert there.pem --ssl-version tlsv1_3", /^--ssl-version: .*tlsv1_2/],
  ["--auth-plugin BasicHTTPAuth", /needs --auth-source USER:PASSWORD$/],
  ["--auth-plugin BasicHTTPAuth --auth-source x", /needs --auth-source USER:PASSWORD$/],
  ["--auth-plugin ExpectOrigin", /needs --auth-source ORIGINS/],
  ["--auth-plugin ExpectOrigin --auth-source http://a --web /w --web-auth", /^--web-auth: /],
  ["--auth-plugin ClientCertCNAuth --auth-source ann", /needs --verify-client/],
  ["--auth-plugin ClientCertCNAuth", /needs --auth-source NAMES/],
  ["--auth-plugin my.Plugin", /no Python runs here/],
];

/** The same of command lines with a command. */
const REFUSED_COMMANDS: readonly (readonly [words: string, why: RegExp])[] = [
  ["--unix-target /t 6080 -- x", /must not stand beside/],
  ["--target-config /t 6080 -- x", /must not stand beside/],
  ["--unix-listen /t -- x", /no PORT that it could be moved from; .*\{port\}/],
];

/** The same of command lines with tokens, which have no target. */
const REFUSED_TOKENS: readonly (readonly [words: string, why: RegExp])[] = [
  ["--token-plugin TokenFile", /TokenFile needs --token-source$/],
  ["--token-plugin my.Plugin --token-source x", /no Python runs here.*JSONTokenApi/],
  ["--token-plugin JWTTokenApi --token-source raw", /secret-file = FILE/],
  [
    "--token-plugin JWTTokenApi --token-source k.pem --auth-plugin BasicHTTPAuth --auth-source a:b",
    /either of them would let in$/,
  ],
];

for (const [line, file] of FILES) {
  Deno.test(`\`websockify ${line}\` as a file`, () => {
    const part = translated(line);
    assert.deepEqual(part.problems, []);
    const text = printedFile(part);
    assert.equal(text.replace(/^# .*\n/gm, ""), file);
    const loaded = loadToml({ file: { path: "f", text }, flags: [] });
    assert("config" in loaded, JSON.stringify(loaded));
    const run = loadConfig({ flags: shownSettings(part) });
    assert("config" in run);
    assert.deepEqual(run.config, loaded.config);
  });
}

Deno.test("what can't be is refused, with the nearest", () => {
  const lines = [
    ...REFUSED.map(([words, why]) => [`6080 a:1 ${words}`, why] as const),
    ...REFUSED_TOKENS.map(([words, why]) => [`6080 ${words}`, why] as const),
    ...REFUSED_COMMANDS,
  ];
  for (const [line, why] of lines) {
    assert.match(translated(line).problems.join("\n"), why, line);
  }
});

Deno.test("what is other than with websockify is said", () => {
  const cases: [string, RegExp | null][] = [
    ["6080 a:1", null],
    ["6080 a:1 --ssl-target", /certificate is verified/],
    ["6080 a:1 --cert there.pem --verify-client --cafile ca.pem", /only TLS is spoken/],
    ["6080 a:1 --cert there.pem --ssl-only --ssl-version tlsv1_1", /1\.2 is the least/],
    ["6080 a:1 --cert there.pem --ssl-only --cafile ca.pem", /--cafile has no effect/],
    ["6080 a:1 --auth-plugin BasicHTTPAuth --auth-source a:b", /reads the password/],
  ];
  for (const [line, remark] of cases) {
    const { remarks, problems } = translated(line);
    assert.deepEqual(problems, [], line);
    if (remark === null) assert.deepEqual(remarks, [], line);
    else assert.match(remarks.join("\n"), remark, line);
  }
});

Deno.test("every option has a line above that says what becomes of it", () => {
  const lines = [
    ...[...FILES, ...REFUSED, ...REFUSED_TOKENS].map(([line]) => line),
    "-D -h --ssl-target",
  ];
  const words = lines.flatMap((line) => line.split(" ")).map((word) => word.split("=")[0]!);
  const all: readonly WebsockifyOption[] = OPTIONS;
  const missing = all.filter(({ name, short }) =>
    !words.includes(name) && !words.includes(short ?? name)
  );
  assert.deepEqual(missing.map(({ name }) => name), []);
  for (const { name, refused } of all) {
    assert.ok(helpText().includes(`${name} `) || helpText().includes(`${name}\n`), name);
    if (refused === undefined) continue;
    assert.ok(
      REFUSED.some(([words, why]) => words.includes(name) && why.source.includes(name)),
      name,
    );
  }
});

testUnless(NO_WEBSOCKIFY, "every option of the installed websockify is known", async () => {
  const text = await referenceHelp();
  const theirs = [...text.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)(=\S+)?/gm)];
  assert.ok(theirs.length > 30, text);
  const all: readonly WebsockifyOption[] = OPTIONS;
  for (const [, short, name, value] of theirs) {
    const ours = all.find((option) => option.name === name);
    assert.ok(ours, `${name} is not known`);
    assert.equal(ours.short, short, name);
    assert.equal(ours.value !== undefined, value !== undefined, name);
  }
});

Deno.test("no secret is printed", () => {
  const secret = makeSecret("what websockify is given");
  const lines = [
    `--auth-plugin BasicHTTPAuth --auth-source ann:${secret} 6080 a:1`,
    `--token-plugin TokenRedis --token-source r:1:2:${secret}:ns 6080`,
    `--token-plugin JSONTokenApi --token-source https://h/a?key=${secret}&token=%s 6080`,
    `--token-plugin BaseTokenAPI --token-source https://h/a?token=%s&key=${secret} 6080`,
  ];
  for (const line of lines) {
    const part = translated(line);
    const text = printedFile(part);
    assert.deepEqual(part.problems, []);
    assert.ok(!text.includes(secret) && !part.remarks.join().includes(secret), line);
    assert.match(text, /^# .*(?:HIDDEN|htpasswd)/m);
    const loaded = loadToml({ file: { path: "f", text }, flags: [] });
    assert("config" in loaded, JSON.stringify(loaded));
  }
});

Deno.test("a password is refused of which bcrypt would leave out the end", () => {
  const problemsOf = (bytes: number) =>
    translated(
      `--auth-plugin BasicHTTPAuth --auth-source u:é${"x".repeat(bytes - 2)} 6080 a:1`,
    ).problems;
  assert.deepEqual(problemsOf(72), []);
  assert.match(problemsOf(73).join(), /^--auth-source: a password of more than 72 bytes /);
});

Deno.test("what is wrong with a token file is told by the option that names it", () => {
  const flagOf = (line: string) =>
    translated(line).settings.find(({ path }) => path.includes("targets"))?.flag;
  assert.equal(flagOf("--target-config /f 6080"), "--target-config");
  assert.equal(flagOf("--token-plugin TokenFile --token-source /f 6080"), "--token-source");
});

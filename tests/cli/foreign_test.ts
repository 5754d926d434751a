/** Command lines of other programs of the kind, and what they are told here. */
import assert from "node:assert/strict";
import { helpFor, parseArguments } from "../../lib/cli/arguments.ts";
import { FLAGS, SWITCHES } from "../../lib/cli/flags.ts";
import { hintForForeign } from "../../lib/cli/foreign.ts";
import { toSettings } from "../../lib/cli/settings.ts";
import { readPlan } from "../../lib/cli/connect/plan.ts";
import { loadConfig } from "../../lib/config/load.ts";

const BINARY = "--frame-type binary";

/** A command line, and the one that is shown in its place. */
const LINES: readonly (readonly [foreign: string, shown: string])[] = [
  // websockify
  ["6080 localhost:5900", `--listen :6080 --server localhost:5900 ${BINARY}`],
  ["127.0.0.1:6080 10.0.0.7:5901", `--listen 127.0.0.1:6080 --server 10.0.0.7:5901 ${BINARY}`],
  [":6080 5900", `--listen :6080 --server 127.0.0.1:5900 ${BINARY}`],
  ["[::]:6080 :5900", `--listen '[::]:6080' --server 127.0.0.1:5900 ${BINARY}`],
  ["--web /usr/share/novnc 6080 vnc:5900", `--listen :6080 --server vnc:5900 ${BINARY}`],
  ["6080 vnc:5900 --cert=self.pem -D", `--listen :6080 --server vnc:5900 ${BINARY}`],
  ["6080", `--listen :6080 --server HOST:PORT ${BINARY}`],
  // the other wstunnel
  ["server ws://0.0.0.0:8080", `--listen 0.0.0.0:8080 --server HOST:PORT ${BINARY}`],
  ["server ws://[::]:8080", `--listen '[::]:8080' --server HOST:PORT ${BINARY}`],
  ["server", `--listen 127.0.0.1:8080 --server HOST:PORT ${BINARY}`],
  [
    "server --restrict-to localhost:22 wss://example.com",
    `--listen example.com:443 --server localhost:22 ${BINARY} --tls-cert FILE --tls-key FILE`,
  ],
  // websocat
  [
    "ws-l:127.0.0.1:1234 tcp:127.0.0.1:22",
    `--listen 127.0.0.1:1234 --server 127.0.0.1:22 ${BINARY}`,
  ],
  ["-b ws-l:1234 unix:/run/x.sock", `--listen 127.0.0.1:1234 --server unix:/run/x.sock ${BINARY}`],
  ["ws-listen:0.0.0.0:1 sh-c:cat", `--listen 0.0.0.0:1 --server exec:COMMAND ${BINARY}`],
  // Clients of both.
  ["client -L tcp://1:a:2 ws://b", "connect ws://b --listen 127.0.0.1:1"],
  ["client -L tcp://[::1]:1:a.b:2?c=d wss://b", "connect wss://b --listen '[::1]:1'"],
  ["client --local-to-remote=socks5://127.0.0.1:1 ws://b", "connect ws://b --socks 127.0.0.1:1"],
  ["client -L stdio://a:22 ws://b", "connect ws://b"],
  ["-L tcp://1:a:2 wss://b", "connect wss://b --listen 127.0.0.1:1"],
  ["tcp-l:127.0.0.1:1 ws://b/", "connect ws://b/ --listen 127.0.0.1:1"],
  ["-b tcp-listen:1 ws://b/", "connect ws://b/ --listen 127.0.0.1:1"],
  ["unix-l:/a ws://b/", "connect ws://b/ --listen unix:/a"],
  ["- wss://b:1/c", "connect wss://b:1/c"],
  ["ws://example.com", "connect ws://example.com"],
];

for (const [foreign, shown] of LINES) {
  Deno.test(`\`wstunnel ${foreign}\` shows \`wstunnel ${shown}\``, () => {
    const invocation = parseArguments(foreign.split(" "));
    assert(invocation.kind === "wrong", invocation.kind);
    assert.ok(invocation.message.includes(`: wstunnel ${shown}`), invocation.message);
    assert.doesNotMatch(invocation.message, /Did you mean|\n/);
  });
}

/** Options, and the words that show what stands for them here. */
const OPTIONS: readonly (readonly [words: string, shows: RegExp])[] = [
  ["--cert x.pem", /--tls-cert FILE --tls-key FILE/],
  ["--key x.pem", /--tls-cert FILE --tls-key FILE/],
  ["--tls-certificate x.pem", /--tls-cert FILE --tls-key FILE/],
  ["--pkcs12-der x.p12", /--tls-cert FILE .* openssl pkcs12 -nodes/],
  ["--ssl-only", /TLS alone/],
  ["--cafile ca.pem", /--tls-client-ca FILE/],
  ["--verify-client", /--tls-client-ca FILE/],
  ["--ssl-target", /--server tls:HOST:PORT/],
  ["--key-password x", /passphrase/],
  ["--ssl-ciphers x", /1\.2 and 1\.3/],
  ["--token-plugin TokenFile", /wstunnel --frame-type binary --targets FILE/],
  ["--token-source=/etc/tokens", /wstunnel --frame-type binary --targets FILE/],
  ["--target-config /etc/tokens", /wstunnel --frame-type binary --targets FILE/],
  ["--host-token", /from = \["host"\]/],
  ["--auth-plugin BasicHTTPAuth", /--auth-basic FILE/],
  ["6080 -- Xvnc :1", /wstunnel websockify takes that line as it is; .*bin-path/],
  ["--wrap-mode respawn", /bin-path/],
  ["--run-once", /--exit-after-tunnels 1$/],
  ["--record FILE", /not recorded/],
  ["--traffic", /--debug debug/],
  ["--timeout 60", /--tunnel-idle-timeout 600, .* by --exit-idle-time 600/],
  ["--heartbeat 30", /--ping-interval 30/],
  ["--unix-target /run/x", /--server unix:\/path/],
  ["-D", /foreground/],
  ["-v", /--debug debug; the version is -V/],
  ["--verbose", /--debug debug/],
  ["--log-lvl INFO", /--debug debug/],
  ["--restrict-http-upgrade-path-prefix a", /--path \/a/],
  ["-R tcp://1:a:2 wss://b", /nothing is opened at the server's side/],
  ["--static-file a", /--web DIR/],
  ["--binary", /--frame-type binary/],
  ["-s 1234", /--listen 127/],
  ["--port 8080", /--listen 127/],
  ["--target a:1", /--server HOST:PORT/],
  ["-f lighttpd.conf", /--config wstunnel\.toml/],
  ["--protocol mqtt", /--subprotocol/],
];

for (const [words, shows] of OPTIONS) {
  Deno.test(`\`wstunnel ${words}\` says what stands for it here`, () => {
    for (const args of [words.split(" "), ["--server", "a:1", ...words.split(" ")]]) {
      const invocation = parseArguments(args);
      assert(invocation.kind === "wrong", invocation.kind);
      assert.match(invocation.message, shows);
      assert.match(invocation.message, /^(unknown option|unexpected argument) '[^']+'; /);
    }
  });
}

Deno.test("every line that is shown can be run", () => {
  const hints = [...LINES, ...OPTIONS].map(([words]) => hintForForeign(words.split(" "))!);
  const lines = hints.flatMap((hint) => [...hint.matchAll(/: wstunnel ([^;]+)/g)])
    .map(([, line]) => line!);
  assert.ok(lines.length > LINES.length);
  for (const line of lines) {
    const words = line.replace(/HOST(-\w)?:PORT/g, "127.0.0.1:1").replaceAll("'", "").split(" ");
    const invocation = parseArguments(words);
    assert("given" in invocation, line);
    if (invocation.kind === "connect") {
      assert(!("problem" in readPlan(invocation.words, invocation.given, [])), line);
      continue;
    }
    const loaded = loadConfig({ flags: toSettings(invocation.given) });
    assert("config" in loaded, `${line}: ${JSON.stringify(loaded)}`);
    // Where others listen for everybody the lines do, too, and that is warned of; what kind of frames is for who writes the line.
    const others = loaded.warnings.filter(({ rule }) =>
      !/^is reached from other|^is not set for/.test(rule)
    );
    assert.deepEqual(others, [], line);
  }
});

Deno.test("words of our own get no hint for another's", () => {
  const ours = [
    ...FLAGS.map(({ name }) => [name, "6080", "--oops"]),
    ...SWITCHES.map(({ short }) => [short]),
    ["chek"],
    ["127.0.0.1:5900"],
    ["--sever", "a:1"],
    ["wstunnel.toml"],
    ["check", "--url", "ws://127.0.0.1:8080/", "--oops"],
    ["check", "server.toml"],
  ];
  for (const args of ours) assert.equal(hintForForeign(args), null, args.join(" "));
});

Deno.test("a URL that may hold a secret is not repeated", () => {
  for (const url of ["ws://a/?token=s3cret", "wss://me:s3cret@a/", "ws://a/?b#s3cret"]) {
    for (const args of [[url], ["client", "-L", "tcp://1:a:2", url], ["tcp-l:1", url]]) {
      const invocation = parseArguments(args);
      assert(invocation.kind === "wrong", invocation.kind);
      assert.match(invocation.message, /: wstunnel connect ws:\/\/HOST:8080\//);
      assert.doesNotMatch(invocation.message, /s3cret/);
    }
  }
});

/** Options of other clients behind `connect`. */
const CLIENT_OPTIONS: readonly (readonly [words: string, shows: RegExp])[] = [
  ["--token x", /--token-file FILE/],
  ["--bearer x", /--token-file FILE/],
  ["--password x", /--password-file FILE/],
  ["--basic-auth a:b", /--password-file FILE/],
  ["-H a:b", /--header 'Name: value'/],
  ["-k", /--insecure/],
  ["--protocol a", /--subprotocol NAME/],
  ["--socks5 a:1", /--proxy socks5:/],
  ["--binary", /as unless given/],
  ["-L tcp://1:a:2", /--listen 127/],
];

for (const [words, shows] of CLIENT_OPTIONS) {
  Deno.test(`\`wstunnel connect ${words}\` says what stands for it here`, () => {
    const invocation = parseArguments(["connect", "ws://a/", ...words.split(" ")]);
    assert(invocation.kind === "wrong", invocation.kind);
    assert.match(invocation.message, /^unknown option '[^']+'; /);
    assert.match(invocation.message, shows);
    // Nothing of a value, and nothing of what only a server has.
    assert.doesNotMatch(invocation.message, /a:b|--targets|--auth-basic|--server /);
  });
}

Deno.test("a key of a listener is no flag, which is said", () => {
  const invocation = parseArguments(["--tls-optional", "--server", "a:1"]);
  assert(invocation.kind === "wrong", invocation.kind);
  assert.match(invocation.message, /; tls-optional is a key of the file \(--config FILE\)/);
});

Deno.test("a flag of a command that stands without it is told to be that command's", () => {
  const cases = [["--socks", /of wstunnel connect$/], ["--linger", /of wstunnel connect$/], [
    "--once",
    /of wstunnel connect and wstunnel top$/,
  ]] as const;
  for (const [flag, shows] of cases) {
    const invocation = parseArguments([flag, "127.0.0.1:1"]);
    assert(invocation.kind === "wrong", invocation.kind);
    assert.match(invocation.message, shows);
    assert.doesNotMatch(invocation.message, /Did you mean|websockify/);
  }
});

Deno.test("`helpFor()` leads to the help of the command that was meant", () => {
  assert.equal(helpFor(["connect", "--foo"]), "wstunnel connect --help");
  assert.equal(helpFor(["--foo", "connect"]), "wstunnel --help");
  assert.equal(helpFor([]), "wstunnel --help");
  const help = parseArguments(["connect", "--help"]);
  assert(help.kind === "help");
  assert.match(help.text, /\nExamples:\n {2}ssh -o ProxyCommand=.*\n\nExit codes:\n/s);
  assert.doesNotMatch(help.text, /--path \/ssh/);
});

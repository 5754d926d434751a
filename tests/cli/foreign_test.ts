/** Command lines of other programs of the kind, and what they are told here. */
import assert from "node:assert/strict";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { FLAGS, SWITCHES } from "../../lib/cli/flags.ts";
import { hintForForeign } from "../../lib/cli/foreign.ts";
import { toSettings } from "../../lib/cli/settings.ts";
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
  ["-L tcp://1:a:2 wss://b", /wstunnel connect/],
  ["client -L tcp://1:a:2 ws://b", /wstunnel connect/],
  ["tcp-l:127.0.0.1:1 ws://b/", /wstunnel connect/],
  ["ws://example.com", /wstunnel connect/],
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

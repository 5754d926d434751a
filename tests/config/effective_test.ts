import assert from "node:assert/strict";
import type { Config } from "../../lib/config/config.ts";
import { toFile } from "../../lib/config/effective.ts";
import { HIDDEN } from "../../lib/config/key.ts";
import { loadToml } from "../../lib/config/load.ts";
import { valueAt } from "../../lib/config/problem.ts";
import { writeToml } from "../../lib/config/toml.ts";

function load(text: string): Config {
  const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

/** Every key away from its default, in every kind of host. */
const EVERYTHING = `
listen = [
  "[::1]:0", ":81", "unix:/run/l.sock", "unix:@listen", "Example.COM:82",
  { address = "unix:/a", mode = "600" },
  { address = "unix:/b", owner = "daemon", group = "33" },
  { address = ":83" },
  { address = ":84", proxy-protocol = "required" },
  { address = "unix:/c", mode = "600", proxy-protocol = "off" },
  "fd:3", { address = "fd:a name", proxy-protocol = "optional" },
]
trusted-proxies = ["10.0.0.0/8", "2001:DB8::/32", "::ffff:192.0.2.1", "unix"]
forwarded-header = "forwarded"
engine = "stream"
log-format = "json"
grace-time = 0.25
drain-time = 60
handshake-timeout = 0.1
max-connections = 1000
max-connections-per-client = 0
connection-rate = 20
max-pending = 100
max-head = 65536
health-path = "/am%20i/well"
[wstunnel]
balance = "sticky"
debug = 65535
frame-type = "binary"
origins = ["example.com", "https://example.com:8443"]
allow-clients = ["192.0.2.0/24"]
deny-clients = ["::/0", "unix"]
subprotocols = ["mqtt"]
ping-interval = 4.035
max-tunnels = 2
tunnel-idle-timeout = 600
max-lifetime = 2592000
max-buffer = 65537
buffer-size = "40KiB"
map-extensions = { ".console" = '.v"nc' }
[[wstunnel.server."/z"]]
host = "fe80::1%eth0"
port = 5900
disable-time = 0
max-load = 7
connect-timeout = 1.001
read-timeout = 2
write-timeout = 3
tcp-fin-propagate = true
send-proxy = "v2"
tls = { ca = ["/a.pem", "/b.pem"], server-name = "a.test" }
[[wstunnel.server."/z"]]
socket = "@abstract"
[[wstunnel.server.'.v"nc']]
host = "/run/with space"
bin-path = '''prog 'a b' "c\\d" "" é'''
min-procs = 0
max-procs = 9
max-load-per-proc = 7
idle-timeout = 0.5
listen-backlog = 5
kill-signal = "SIGWINCH"
socket-handover = "listen-fds"
bin-copy-environment = []
[[wstunnel.server.tls]]
port = 1
tls = true
[[wstunnel.server.tls]]
port = 2
tls = false
[[wstunnel.server.tls]]
port = 3
tls = { ca = "/a.pem", cert = "/c.pem", key = "/c.key" }
[wstunnel.server.a]
exec = ["/bin/sh", "-c", "exec cat\\n"]
max-procs = 3
max-procs-per-client = 2
kill-signal = "SIGINT"
bin-copy-environment = ["PATH"]
[wstunnel.server."/own"]
balance = "hash"
frame-type = "text"
origins = []
subprotocols = ["a", "b"]
ping-interval = 0
max-tunnels = 0
tunnel-idle-timeout = 0.5
max-lifetime = 0
[[wstunnel.server."/own".hosts]]
port = 1
[[wstunnel.server."/own".hosts]]
exec = "p"
[wstunnel.server."/lone"]
port = 2
balance = "fair"
[[wstunnel.server."/last"]]
port = 3
`;

Deno.test("`toFile()` gives a file that loads to the same configuration", () => {
  for (const text of [EVERYTHING, '[wstunnel.server."/"]\nport = 1']) {
    const config = load(text);
    assert.deepEqual(load(writeToml(toFile(config))), config);
  }
});

Deno.test("`toFile()` says of a route what differs from [wstunnel]", () => {
  const config = load(
    '[wstunnel]\nframe-type = "binary"\nping-interval = 2\n' +
      '[wstunnel.server."/own"]\nport = 1\nframe-type = "text"\nping-interval = 2\n' +
      '[wstunnel.server."/same"]\nport = 1\n',
  );
  const server = valueAt(toFile(config), ["wstunnel", "server"]) as Record<string, unknown>;
  const { hosts, ...own } = server["/own"] as Record<string, unknown>;
  assert.deepEqual(own, { "frame-type": "text" });
  assert.deepEqual(server["/same"], hosts);
});

Deno.test("`toFile()` hides the values of environment variables, and nothing else", () => {
  const [withSecrets, withoutSecrets] = ["hunter2", HIDDEN].map((value) => `
[wstunnel.server."/a"]
port = 1
bin-path = "p"
bin-environment = { "PASS WORD" = "${value}", EMPTY = "${value}" }
[wstunnel.server."/b"]
exec = "p"
bin-environment = { PASSWORD = "${value}" }
`);
  const written = writeToml(toFile(load(withSecrets!)));
  assert.doesNotMatch(written, /hunter2/);
  assert.deepEqual(load(written), load(withoutSecrets!));
});

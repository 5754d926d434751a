/** Every class of problem that `loadConfig()` finds, as the user reads it. */
import { type Case, testTable } from "./problem_table.ts";

const SERVER = '[wstunnel.server."/"]\nport = 1\n';

/** Lines above everything else of a configuration that is otherwise right, and what is said of them. */
const AT_TOP: Case[] = [
  [
    'trusted-proxies = [\n"10.0.0.1/8",\n"::/129",\n"proxy",\n5]',
    'x.toml:2: trusted-proxies[0]: has bits set behind the /8: the network is 10.0.0.0/8: current value is "10.0.0.1/8"',
    'x.toml:3: trusted-proxies[1]: must have from 0 to 128 bits behind the /: current value is "::/129"',
    'x.toml:4: trusted-proxies[2]: must be a network such as "192.0.2.0/24" or "2001:db8::/32", an address or "unix": current value is "proxy"',
    "x.toml:5: trusted-proxies[3]: must be text: current value is 5",
  ],
  [
    'trusted-proxies = "unix"\nforwarded-header = "via"',
    'x.toml:1: trusted-proxies: must be a list of networks, such as ["10.0.0.0/8"]: current value is "unix"',
    'x.toml:2: forwarded-header: must be "x-forwarded-for", "forwarded" or "x-real-ip": current value is "via"',
  ],
  [
    'listen = [\n{ address = ":1", proxy-protocol = "optional" },\n{ address = ":2", proxy-protocol = "off" },\n{ address = ":3", proxy-protocol = "v2" }]',
    'x.toml:2: listen[0].proxy-protocol: needs trusted-proxies: a PROXY header is taken from nobody else: current value is "optional"',
    'x.toml:4: listen[2].proxy-protocol: must be "off", "optional" or "required": current value is "v2"',
  ],
  ["listen = 5", "x.toml:1: listen: must be an address or a list of addresses: current value is 5"],
  ["listen = []", "x.toml:1: listen: must have at least one address: current value is a list"],
  [
    'listen = "::1:80"',
    "x.toml:1: listen: must be host:port, [v6]:port, :port or unix:/path; an IPv6 address stands in " +
    'brackets: current value is "::1:80"',
  ],
  [
    'listen = [\n"a:1",\n"a:70000",\ntrue]',
    'x.toml:3: listen[1]: the port must be 0 to 65535: current value is "a:70000"',
    "x.toml:4: listen[2]: must be an address or a table with one: current value is true",
  ],
  [
    'listen = ["localhost:1", ":0", ":0", "LocalHost:1"]',
    'x.toml:1: listen[3]: must not be listed twice: current value is "LocalHost:1"',
  ],
  [
    'listen = ["unix:/a", "unix:/A", "unix:/a"]',
    'x.toml:1: listen[2]: must not be listed twice: current value is "unix:/a"',
  ],
  [
    'listen = { address = "unix:/a", mode = "1777", owner = "a b", group = "" }',
    'x.toml:1: listen.mode: must be three octal digits, such as "0660": current value is "1777"',
    'x.toml:1: listen.owner: must be a name or a number: current value is "a b"',
    'x.toml:1: listen.group: must be a name or a number: current value is ""',
  ],
  [
    'listen = [\n{ address = "unix:/a", mode = 660 },\n{ mod = "1" },\n{ address = "x", port = 1 }]',
    'x.toml:2: listen[0].mode: must be three octal digits, such as "0660": current value is 660',
    'x.toml:3: listen[1].address: must be an address, such as "unix:/run/wstunnel.sock"',
    "x.toml:3: listen[1].mod: unknown key, did you mean mode?",
    "x.toml:4: listen[2].address: must be host:port, [v6]:port, :port or unix:/path: current value is " +
    '"x"',
    "x.toml:4: listen[2].port: unknown key, must be one of address, proxy-protocol, tls, tls-optional, mode, owner, group",
  ],
  [
    'listen = [{ address = ":1", mode = "0600" }, { address = "unix:@a", group = "a" }, ":1"]',
    "x.toml:1: listen[0].mode: has no effect: it is for a unix-domain socket's file, as of " +
    'unix:/path: current value is "0600"',
    "x.toml:1: listen[1].group: has no effect: it is for a unix-domain socket's file, as of " +
    'unix:/path: current value is "a"',
    'x.toml:1: listen[2]: must not be listed twice: current value is ":1"',
  ],
  [
    'listen = [\n"fd:2",\n"fd:a:b",\n{ address = "fd:a", mode = "0600" },\n"fd:a"]',
    'x.toml:2: listen[0]: the first descriptor that is handed over is 3, or 0 by inetd: current value is "fd:2"',
    "x.toml:3: listen[1]: must be fd:NUMBER or fd:NAME, by the FileDescriptorName= of a socket unit: " +
    'current value is "fd:a:b"',
    "x.toml:4: listen[2].mode: has no effect: the file of such a socket is as its unit has it " +
    '(SocketMode=, SocketUser=, SocketGroup=): current value is "0600"',
    'x.toml:5: listen[3]: must not be listed twice: current value is "fd:a"',
  ],
  ['mode = "1"', "x.toml:1: mode: unknown key, it belongs to a listener, under [[listen]]"],
  [
    'listen = "*:80"',
    'x.toml:1: listen: all interfaces are written :80: current value is "*:80"',
  ],
  [
    'listen = "1.2.3:80"',
    'x.toml:1: listen: an IPv4 address is four numbers from 0 to 255: current value is "1.2.3:80"',
  ],
  [
    "engine = 1",
    'x.toml:1: engine: must be "auto", "loop", "native" or "stream": current value is 1',
  ],
  [
    'log-format = "xml"',
    'x.toml:1: log-format: must be "text" or "json": current value is "xml"',
  ],
  [
    "grace-time = -1",
    "x.toml:1: grace-time: must be a number of seconds from 0 to 86400: current value is -1",
  ],
  [
    "grace-time = nan",
    "x.toml:1: grace-time: must be a number of seconds from 0 to 86400: current value is NaN",
  ],
  [
    "grace-time = inf",
    "x.toml:1: grace-time: must be a number of seconds from 0 to 86400: current value is Infinity",
  ],
  [
    "grace-time = 2020-01-01",
    "x.toml:1: grace-time: must be a number of seconds from 0 to 86400: current value is a date",
  ],
  [
    "handshake-timeout = 0",
    "x.toml:1: handshake-timeout: must be a number of seconds from 0.1 to 86400: current value is 0",
  ],
  [
    'health-path = "healthz"',
    "x.toml:1: health-path: must be a path that starts with /, or empty for none: " +
    'current value is "healthz"',
  ],
  [
    'health-path = "/a?b"',
    "x.toml:1: health-path: must be a path that starts with /, or empty for none: " +
    'current value is "/a?b"',
  ],
  [
    'health-path = "/a/../b"',
    "x.toml:1: health-path: must be a path that starts with /, or empty for none: " +
    'the path has a dot segment: current value is "/a/../b"',
  ],
  [
    "health-path = false",
    "x.toml:1: health-path: must be a path that starts with /, or empty for none: " +
    "current value is false",
  ],
  [
    "admin = 9090",
    'x.toml:1: admin: must be an address, such as "127.0.0.1:9090" or "unix:/run/wstunnel/admin.sock": ' +
    "current value is 9090",
  ],
  [
    'admin = ":9090"',
    "x.toml:1: admin: is reached from other machines and needs admin-token-file beside it: there " +
    'nothing is answered without the token: current value is ":9090"',
  ],
  [
    'admin = "unix:@admin"',
    "x.toml:1: admin: must be the path of a file: every user of this machine may connect to an " +
    'abstract socket: current value is "unix:@admin"',
  ],
  [
    'listen = ["unix:/a", ":9090"]\nadmin = "127.0.0.1:9090"',
    'x.toml:2: admin: must not be an address of listen: current value is "127.0.0.1:9090"',
  ],
  [
    'admin = "127.0.0.1:8080"',
    'x.toml:1: admin: must not be an address of listen: current value is "127.0.0.1:8080"',
  ],
  [
    'listen = "unix:/a"\nadmin = "unix:/a"',
    'x.toml:2: admin: must not be an address of listen: current value is "unix:/a"',
  ],
  [
    'admin-token-file = "/a"',
    'x.toml:1: admin-token-file: has no effect without admin: current value is "/a"',
  ],
  [
    "access-log = true",
    'x.toml:1: access-log: must be the path of a file, or "off": current value is true',
  ],
  [
    'log-file = "-"',
    'x.toml:1: log-file: must be the path of a file, and "-" is none: without one the lines go to ' +
    'standard error: current value is "-"',
  ],
  ["\n\n# why\nengin = 1", "x.toml:4: engin: unknown key, did you mean engine?"],
  ['frame-type = "text"', "x.toml:1: frame-type: unknown key, it belongs under [wstunnel]"],
  [
    "port = 1",
    'x.toml:1: port: unknown key, it belongs to a host, as under [[wstunnel.server."/key"]]',
  ],
  [
    "zzz = 1",
    "x.toml:1: zzz: unknown key, must be one of listen, engine, workers, log-format, log-file, access-log, grace-time, drain-time, " +
    "exit-idle-time, exit-after-time, exit-after-tunnels, " +
    "handshake-timeout, max-connections, max-connections-per-client, connection-rate, max-pending, " +
    "max-head, trusted-proxies, forwarded-header, health-path, web, admin, admin-token-file, wstunnel",
  ],
  [
    '"a\\nb" = 1',
    'x.toml:1: "a\\nb": unknown key, must be one of listen, engine, workers, log-format, log-file, access-log, ' +
    "grace-time, drain-time, exit-idle-time, exit-after-time, exit-after-tunnels, " +
    "handshake-timeout, max-connections, max-connections-per-client, connection-rate, max-pending, " +
    "max-head, trusted-proxies, forwarded-header, health-path, web, admin, admin-token-file, wstunnel",
  ],
];

/** The same for lines under `[wstunnel]`, which is line 1. */
const IN_WSTUNNEL: Case[] = [
  [
    'balance = "random"',
    'x.toml:2: wstunnel.balance: must be "fair", "least-connection", "round-robin", "hash" or ' +
    '"sticky": current value is "random"',
  ],
  [
    "debug = 65536",
    'x.toml:2: wstunnel.debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is 65536',
  ],
  [
    'debug = "loud"',
    'x.toml:2: wstunnel.debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is "loud"',
  ],
  [
    "debug = -0.5",
    'x.toml:2: wstunnel.debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is -0.5',
  ],
  [
    'ping-interval = "x"',
    'x.toml:2: wstunnel.ping-interval: must be a number of seconds from 0 to 86400: current value is "x"',
  ],
  [
    "ping-interval = 86400.5",
    "x.toml:2: wstunnel.ping-interval: must be a number of seconds from 0 to 86400: current value is 86400.5",
  ],
  [
    "ping-intervall = 1",
    "x.toml:2: wstunnel.ping-intervall: unknown key, did you mean ping-interval?",
  ],
  [
    "listen = []",
    "x.toml:2: wstunnel.listen: unknown key, it belongs at the top of the file, above [wstunnel]",
  ],
  [
    "frame-type = []",
    'x.toml:2: wstunnel.frame-type: must be "text" or "binary": current value is a list',
  ],
  [
    'origins = "a.b"',
    'x.toml:2: wstunnel.origins: must be a list of origins: current value is "a.b"',
  ],
  [
    'origins = ["a.b",\n  "*"]',
    'x.toml:3: wstunnel.origins[1]: an empty list admits every origin, * is no entry: current value is "*"',
  ],
  [
    'subprotocols = ["mqtt", "a b", ""]',
    'x.toml:2: wstunnel.subprotocols[1]: must be a token (RFC 7230): current value is "a b"',
    'x.toml:2: wstunnel.subprotocols[2]: must be a token (RFC 7230): current value is ""',
  ],
  ...['"1KiB"', "65535", "1.5", '"much"', "true", '"2GiB"'].map((value): [string, string] => [
    `max-buffer = ${value}`,
    "x.toml:2: wstunnel.max-buffer: must be 64KiB to 1GiB, as a number of bytes or as text such " +
    `as "16MiB": current value is ${value}`,
  ]),
  ...['"4095B"', "16777217"].map((value): [string, string] => [
    `buffer-size = ${value}`,
    "x.toml:2: wstunnel.buffer-size: must be 32KiB to 16MiB, as a number of bytes or as text such " +
    `as "16MiB": current value is ${value}`,
  ]),
  [
    'map-extensions = { ".a" = ".vnc", "" = "/", ".b" = 5 }',
    'x.toml:2: wstunnel.map-extensions."": a suffix must not be empty',
    'x.toml:2: wstunnel.map-extensions.".b": must be a key of wstunnel.server: current value is 5',
  ],
  [
    '__proto__ = 1\nmap-extensions = { __proto__ = "/" }',
    "x.toml:2: wstunnel.__proto__: is no key that can be used",
    "x.toml:2: wstunnel.__proto__: unknown key, must be one of server, balance, debug, " +
    "map-extensions, frame-type, origins, auth, allow-clients, deny-clients, subprotocols, " +
    "ping-interval, max-tunnels, tunnel-idle-timeout, max-lifetime, max-buffer, buffer-size",
    "x.toml:3: wstunnel.map-extensions.__proto__: is no key that can be used",
  ],
];

/** The same for lines of the only route, which has a host in a list below them; its header is line 1. */
const IN_ROUTE: Case[] = [
  [
    'frame-type = "bin"\nbalance = "fastest"\norigins = ["*"]\nsubprotocols = "mqtt"\nping-interval = -1',
    'x.toml:2: wstunnel.server."/".frame-type: must be "text" or "binary": current value is "bin"',
    'x.toml:3: wstunnel.server."/".balance: must be "fair", "least-connection", "round-robin", "hash" ' +
    'or "sticky": current value is "fastest"',
    'x.toml:4: wstunnel.server."/".origins[0]: an empty list admits every origin, * is no entry: ' +
    'current value is "*"',
    'x.toml:5: wstunnel.server."/".subprotocols: must be a list of subprotocols: current value is "mqtt"',
    'x.toml:6: wstunnel.server."/".ping-interval: must be a number of seconds from 0 to 86400: ' +
    "current value is -1",
  ],
  [
    "port = 1\nread-timeout = 1",
    'x.toml:2: wstunnel.server."/".port: must not stand beside hosts: it belongs to one of them: ' +
    "current value is 1",
    'x.toml:3: wstunnel.server."/".read-timeout: must not stand beside hosts: it belongs to one of ' +
    "them: current value is 1",
  ],
  [
    "frame-typ = 1",
    'x.toml:2: wstunnel.server."/".frame-typ: unknown key, did you mean frame-type?',
  ],
  ["debug = 1", 'x.toml:2: wstunnel.server."/".debug: unknown key, it belongs under [wstunnel]'],
];

const WHOLE: Case[] = [
  [
    '[[wstunnel.server."/"]]\nport = 1\nframe-type = "binary"\nhosts = []\ndebug = 1',
    ...["frame-type", "hosts"].map((key, at) =>
      `x.toml:${
        3 + at
      }: wstunnel.server."/"[0].${key}: unknown key, it belongs to a route, under ` +
      '[wstunnel.server."/key"] with [[wstunnel.server."/key".hosts]] below'
    ),
    'x.toml:5: wstunnel.server."/"[0].debug: unknown key, it belongs under [wstunnel]',
  ],
  [
    '[wstunnel.server."/"]\nframe-type = "binary"',
    'x.toml:1: wstunnel.server."/": must have port, socket or exec',
  ],
  [
    '[wstunnel.server."/"]\nhosts = []\n[wstunnel.server."/a"]\nhosts = 5',
    'x.toml:2: wstunnel.server."/".hosts: must have at least one host, or targets: current value is a list',
    'x.toml:4: wstunnel.server."/a".hosts: must be a table or a list of tables: current value is 5',
  ],
  [
    '[[wstunnel.server."/".hosts]]\nport = 1\n[[wstunnel.server."/".hosts]]\nport = 0\nprot = 1\n' +
    'balance = "fair"',
    'x.toml:4: wstunnel.server."/".hosts[1].port: must be a whole number from 1 to 65535: current value is 0',
    'x.toml:5: wstunnel.server."/".hosts[1].prot: unknown key, did you mean port?',
    'x.toml:6: wstunnel.server."/".hosts[1].balance: unknown key, it belongs to a route, under ' +
    '[wstunnel.server."/key"] with [[wstunnel.server."/key".hosts]] below',
  ],
  [
    '[[wstunnel.server."/".hosts]]\nport = 1\nbin-path = "p"\nbin-environment = { __proto__ = "a" }',
    'x.toml:4: wstunnel.server."/".hosts[0].bin-environment.__proto__: is no key that can be used',
  ],
  ["a = 1\nb = ", "x.toml:2:5: not TOML: invalid value"],
  [
    "a = 1\na = 2",
    "x.toml:2:1: not TOML: trying to redefine an already defined table or value",
  ],
  [
    "",
    "x.toml: wstunnel.server: must name at least one backend, as in: " +
    "wstunnel --server 127.0.0.1:5900 --frame-type binary",
  ],
  [
    "\n[wstunnel]\nserver = {}",
    "x.toml:3: wstunnel.server: must name at least one backend, as in: " +
    "wstunnel --server 127.0.0.1:5900 --frame-type binary",
  ],
  ["wstunnel = 3", "x.toml:1: wstunnel: must be a table: current value is 3"],
  // A date is an object, too.
  ["wstunnel = 2020-01-01", "x.toml:1: wstunnel: must be a table: current value is a date"],
  [
    '[wstunnel.server."/"]\nport = 1\nbin-path = "p"\nbin-environment = 2020-01-01',
    'x.toml:4: wstunnel.server."/".bin-environment: must be a table of variables',
  ],
  [
    '[wstunnel]\nserver = "127.0.0.1:1"',
    'x.toml:2: wstunnel.server: must be a table of keys: current value is "127.0.0.1:1"',
  ],
  [
    '[wstunnel.server]\n"/a" = 5\n"/b" = []\n"/c" = [1]',
    'x.toml:2: wstunnel.server."/a": must be a table or a list of tables: current value is 5',
    'x.toml:3: wstunnel.server."/b": must have at least one host, or targets: current value is a list',
    'x.toml:4: wstunnel.server."/c"[0]: must be a table: current value is 1',
  ],
  [
    '[wstunnel.server.""]\nport = 1\n[wstunnel.server.123]\nport = 1',
    'x.toml:1: wstunnel.server."": a key must not be empty: / is every path',
    "x.toml:3: wstunnel.server.123: a key must not be digits alone: put / or . in front",
  ],
];

Deno.test("`loadConfig()` says what is wrong at the top of a file", () => {
  testTable(AT_TOP, (lines) => `${lines}\n${SERVER}`);
});

Deno.test("`loadConfig()` says what is wrong under [wstunnel]", () => {
  testTable(IN_WSTUNNEL, (lines) => `[wstunnel]\n${lines}\n${SERVER}`);
});

Deno.test("`loadConfig()` says what is wrong with a route", () => {
  const hosts = '[[wstunnel.server."/".hosts]]\nport = 1\n';
  testTable(IN_ROUTE, (lines) => `[wstunnel.server."/"]\n${lines}\n${hosts}`);
});

Deno.test("`loadConfig()` says what is wrong with a file as a whole", () => {
  testTable(WHOLE, (text) => text);
});

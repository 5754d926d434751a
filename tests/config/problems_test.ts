/** Every class of problem that `loadConfig()` finds, as the user reads it. */
import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { formatProblem } from "../../lib/config/problem.ts";

function problemsOf(text: string): string[] {
  const loaded = loadConfig({ file: { path: "x.toml", text }, flags: [] });
  return "problems" in loaded ? loaded.problems.map(formatProblem) : [];
}

const SERVER = '[wstunnel.server."/"]\nport = 1\n';

/** Lines above everything else of a configuration that is otherwise right, and what is said of them. */
const AT_TOP: [string, ...string[]][] = [
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
    "x.toml:4: listen[2].port: unknown key, must be one of address, mode, owner, group",
  ],
  [
    'listen = [{ address = ":1", mode = "0600" }, { address = "unix:@a", group = "a" }, ":1"]',
    "x.toml:1: listen[0].mode: has no effect: it is for a unix-domain socket's file, as of " +
    'unix:/path: current value is "0600"',
    "x.toml:1: listen[1].group: has no effect: it is for a unix-domain socket's file, as of " +
    'unix:/path: current value is "a"',
    'x.toml:1: listen[2]: must not be listed twice: current value is ":1"',
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
  ["engine = 1", 'x.toml:1: engine: must be "native" or "stream": current value is 1'],
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
  ["\n\n# why\nengin = 1", "x.toml:4: engin: unknown key, did you mean engine?"],
  ['frame-type = "text"', "x.toml:1: frame-type: unknown key, it belongs under [wstunnel]"],
  [
    "port = 1",
    'x.toml:1: port: unknown key, it belongs to a host, as under [[wstunnel.server."/key"]]',
  ],
  [
    "zzz = 1",
    "x.toml:1: zzz: unknown key, must be one of listen, engine, log-format, grace-time, " +
    "handshake-timeout, health-path, wstunnel",
  ],
  [
    '"a\\nb" = 1',
    'x.toml:1: "a\\nb": unknown key, must be one of listen, engine, log-format, ' +
    "grace-time, handshake-timeout, health-path, wstunnel",
  ],
];

/** The same for lines under `[wstunnel]`, which is line 1. */
const IN_WSTUNNEL: [string, ...string[]][] = [
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
    "map-extensions, frame-type, origins, subprotocols, ping-interval, max-buffer, buffer-size",
    "x.toml:3: wstunnel.map-extensions.__proto__: is no key that can be used",
  ],
];

/** The same for lines of the only host, whose header is line 1. */
const IN_HOST: [string, ...string[]][] = [
  ["", 'x.toml:1: wstunnel.server."/": must have port, socket or exec'],
  [
    'host = "a"',
    'x.toml:2: wstunnel.server."/".host: must have a port beside it: current value is "a"',
  ],
  [
    'host = "a b"\nport = 1',
    'x.toml:2: wstunnel.server."/".host: must be a host name, an IP address or the absolute path ' +
    'of a socket: current value is "a b"',
  ],
  [
    'host = "999.1.1.1"\nport = 1',
    'x.toml:2: wstunnel.server."/".host: an IPv4 address is four numbers from 0 to 255: ' +
    'current value is "999.1.1.1"',
  ],
  [
    'host = "1:2:3:4:5:6:7:8:9"\nport = 1',
    'x.toml:2: wstunnel.server."/".host: this is no IPv6 address: current value is "1:2:3:4:5:6:7:8:9"',
  ],
  // What --server takes as a whole stands in keys of its own here.
  ...([
    ["127.0.0.1:5900", 'put the port into port: host = "127.0.0.1", port = 5900'],
    ["vnc.example:70000", 'put the port into port: host = "vnc.example", port = 70000'],
    ["[::1]:5900", 'put the port into port: host = "::1", port = 5900'],
    ["[fe80::1%eth0]", 'an IPv6 address has no brackets here: host = "fe80::1%eth0"'],
    ["unix:/run/x", 'a unix-domain socket is: socket = "/run/x"'],
    ["exec:/usr/sbin/sshd -i", "a program for each tunnel stands in exec"],
    ["http://vnc.example:5900/x", 'it is no URL: host = "vnc.example", port = 5900'],
    ["tcp://[::1]", 'it is no URL: host = "::1"'],
    ["vnc.example/x", "must be a host name, an IP address or the absolute path of a socket"],
  ] as const).map(([value, said]): [string, ...string[]] => [
    `host = "${value}"`,
    `x.toml:2: wstunnel.server."/".host: ${said}: current value is "${value}"`,
    ...(/port =|socket|exec/.test(said) && !said.startsWith("must") ? [] : [
      'x.toml:2: wstunnel.server."/".host: must have a port beside it: current value is ' +
      `"${value}"`,
    ]),
  ]),
  [
    'host = "a:1"\nport = 1',
    'x.toml:2: wstunnel.server."/".host: put the port into port: host = "a", port = 1: current value is "a:1"',
  ],
  [
    'socket = "unix:/run/x"',
    'x.toml:2: wstunnel.server."/".socket: it has no unix: here: socket = "/run/x": current value is "unix:/run/x"',
  ],
  ['exec = "exec:cat"', 'x.toml:2: wstunnel.server."/".exec: it has no exec: here'],
  ['exec = ["exec:cat"]', 'x.toml:2: wstunnel.server."/".exec: it has no exec: here'],
  ['port = 1\nbin-path = "exec:p"', 'x.toml:3: wstunnel.server."/".bin-path: it has no exec: here'],
  [
    'host = "/"',
    'x.toml:2: wstunnel.server."/".host: a socket path must name a file: current value is "/"',
  ],
  [
    'host = "/a"\nport = 1',
    'x.toml:3: wstunnel.server."/".port: must not stand beside a host that is a socket path: current value is 1',
  ],
  [
    "port = 0",
    'x.toml:2: wstunnel.server."/".port: must be a whole number from 1 to 65535: current value is 0',
  ],
  [
    'port = "80"',
    'x.toml:2: wstunnel.server."/".port: must be a whole number from 1 to 65535: current value is "80"',
  ],
  [
    "prot = 80",
    'x.toml:1: wstunnel.server."/": must have port, socket or exec',
    'x.toml:2: wstunnel.server."/".prot: unknown key, did you mean port?',
  ],
  [
    'socket = "/a"\nhost = "b"\nport = 1',
    'x.toml:3: wstunnel.server."/".host: must not stand beside socket: current value is "b"',
    'x.toml:4: wstunnel.server."/".port: must not stand beside socket: current value is 1',
  ],
  [
    'socket = "a"',
    'x.toml:2: wstunnel.server."/".socket: a socket path must be absolute: current value is "a"',
  ],
  [
    'exec = "p"\nbin-path = "p"\nhost = "a"\nport = 1\nsocket = "/a"',
    'x.toml:3: wstunnel.server."/".bin-path: must not stand beside exec',
    'x.toml:4: wstunnel.server."/".host: must not stand beside exec: current value is "a"',
    'x.toml:5: wstunnel.server."/".port: must not stand beside exec: current value is 1',
    'x.toml:6: wstunnel.server."/".socket: must not stand beside exec: current value is "/a"',
  ],
  [
    'exec = "p"\nmin-procs = 1\nmax-load-per-proc = 1\nidle-timeout = 1\nlisten-backlog = 1\n' +
    'socket-handover = "none"',
    ...["min-procs", "max-load-per-proc", "idle-timeout", "listen-backlog", "socket-handover"]
      .map((key, at) =>
        `x.toml:${3 + at}: wstunnel.server."/".${key}: has no effect with exec: current value is ` +
        (key === "socket-handover" ? '"none"' : "1")
      ),
  ],
  [
    "port = 1\nmin-procs = 0\nmax-procs = 1\nbin-environment = {}",
    'x.toml:3: wstunnel.server."/".min-procs: has no effect without bin-path: current value is 0',
    'x.toml:4: wstunnel.server."/".max-procs: has no effect without bin-path or exec: current value is 1',
    'x.toml:5: wstunnel.server."/".bin-environment: has no effect without bin-path or exec',
  ],
  [
    "port = 1\nmax-procs-per-client = 1",
    'x.toml:3: wstunnel.server."/".max-procs-per-client: has no effect without exec: current value is 1',
  ],
  [
    'port = 1\nbin-path = "p"\nmax-procs-per-client = 1',
    'x.toml:4: wstunnel.server."/".max-procs-per-client: has no effect without exec: current value is 1',
  ],
  [
    'exec = "p"\nmax-procs-per-client = -1',
    'x.toml:3: wstunnel.server."/".max-procs-per-client: must be a whole number from 0 to 4096: current value is -1',
  ],
  ['bin-path = "p"', 'x.toml:1: wstunnel.server."/": must have port or socket beside bin-path'],
  ['exec = "p \'q"', 'x.toml:2: wstunnel.server."/".exec: has a \' that is not closed'],
  ['exec = ""', 'x.toml:2: wstunnel.server."/".exec: must start with a program'],
  ["exec = []", 'x.toml:2: wstunnel.server."/".exec: must start with a program'],
  ['exec = ["", "a"]', 'x.toml:2: wstunnel.server."/".exec: must start with a program'],
  ['exec = ["a", 5]', 'x.toml:2: wstunnel.server."/".exec[1]: must be text'],
  ['exec = "a\\u0000"', 'x.toml:2: wstunnel.server."/".exec: must not hold a NUL character'],
  [
    "exec = 5",
    'x.toml:2: wstunnel.server."/".exec: must be a command line, as text or as a list of words',
  ],
  [
    'port = 1\nbin-path = "p"\nmin-procs = 5',
    'x.toml:4: wstunnel.server."/".min-procs: min-procs must be at most max-procs, they are 5 and 4',
  ],
  [
    'port = 1\nbin-path = "p"\nmax-procs = 0.5',
    'x.toml:4: wstunnel.server."/".max-procs: must be a whole number from 1 to 4096: current value is 0.5',
    'x.toml:4: wstunnel.server."/".max-procs: min-procs must be at most max-procs, they are 1 and 0.5',
  ],
  [
    'port = 65533\nbin-path = "p"',
    'x.toml:2: wstunnel.server."/".port: port + max-procs - 1 must be at most 65535, it is 65536',
  ],
  [
    `socket = "/${"x".repeat(105)}"\nbin-path = "p"`,
    'x.toml:2: wstunnel.server."/".socket: must be at most 105 bytes, to leave room for -3; this is 106',
  ],
  [
    'port = 1\nbin-path = "p {socket} {port} {foo}"',
    'x.toml:3: wstunnel.server."/".bin-path: has {socket}, but the address is host and port: there ' +
    "are {host}, {port}, {id}",
  ],
  [
    'socket = "/a"\nbin-path = ["p", "{host}:{port}", "{id}"]',
    ...["host", "port"].map((name) =>
      `x.toml:3: wstunnel.server."/".bin-path: has {${name}}, but the address is a socket: there ` +
      "are {socket}, {id}"
    ),
  ],
  [
    'host = "db.example"\nport = 1\nbin-path = "p"\nsocket-handover = "stdin"',
    'x.toml:2: wstunnel.server."/".host: must be an IP address with socket-handover: current value ' +
    'is "db.example"',
  ],
  [
    'exec = "p"\nkill-signal = "SIGTREM"',
    'x.toml:3: wstunnel.server."/".kill-signal: must be "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", ' +
    '"SIGKILL", "SIGUSR1", "SIGUSR2", "SIGABRT", "SIGALRM", "SIGPWR" or "SIGWINCH": current value ' +
    'is "SIGTREM"',
  ],
  [
    "port = 1\nconnect-timeout = 0\nread-timeout = -1\nwrite-timeout = true\ndisable-time = 1e9",
    'x.toml:3: wstunnel.server."/".connect-timeout: must be a number of seconds from 0.1 to 86400: current value is 0',
    'x.toml:4: wstunnel.server."/".read-timeout: must be a number of seconds from 0 to 86400: current value is -1',
    'x.toml:5: wstunnel.server."/".write-timeout: must be a number of seconds from 0 to 86400: current value is true',
    'x.toml:6: wstunnel.server."/".disable-time: must be a number of seconds from 0 to 86400: current value is 1000000000',
  ],
  [
    'port = 1\ntcp-fin-propagate = "yes"',
    'x.toml:3: wstunnel.server."/".tcp-fin-propagate: must be true or false: current value is "yes"',
  ],
  [
    'port = 1\nbin-path = "p"\nsocket-handover = "fd"\nlisten-backlog = 0\nidle-timeout = "1m"\n' +
    "max-load-per-proc = 0",
    'x.toml:4: wstunnel.server."/".socket-handover: must be "none", "stdin" or "listen-fds": current value is "fd"',
    'x.toml:5: wstunnel.server."/".listen-backlog: must be a whole number from 1 to 65535: current value is 0',
    'x.toml:6: wstunnel.server."/".idle-timeout: must be a number of seconds from 0 to 86400: current value is "1m"',
    'x.toml:7: wstunnel.server."/".max-load-per-proc: must be a whole number from 1 to 65535: current value is 0',
  ],
];

/** The same for lines of the only route, which has a host in a list below them; its header is line 1. */
const IN_ROUTE: [string, ...string[]][] = [
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

const WHOLE: [string, ...string[]][] = [
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
    'x.toml:2: wstunnel.server."/".hosts: must have at least one host: current value is a list',
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
  [
    '[wstunnel]\nserver = "127.0.0.1:1"',
    'x.toml:2: wstunnel.server: must be a table of keys: current value is "127.0.0.1:1"',
  ],
  [
    '[wstunnel.server]\n"/a" = 5\n"/b" = []\n"/c" = [1]',
    'x.toml:2: wstunnel.server."/a": must be a table or a list of tables: current value is 5',
    'x.toml:3: wstunnel.server."/b": must have at least one host: current value is a list',
    'x.toml:4: wstunnel.server."/c"[0]: must be a table: current value is 1',
  ],
  [
    '[wstunnel.server.""]\nport = 1\n[wstunnel.server.123]\nport = 1',
    'x.toml:1: wstunnel.server."": a key must not be empty: / is every path',
    "x.toml:3: wstunnel.server.123: a key must not be digits alone: put / or . in front",
  ],
];

function testTable(cases: [string, ...string[]][], around: (lines: string) => string): void {
  for (const [lines, ...said] of cases) {
    const [got, want] = [problemsOf(around(lines)), said].map((list) => list.join("\n"));
    // Of one line, the order says nothing.
    assert.deepEqual(got!.split("\n").sort(), want!.split("\n").sort(), lines);
  }
}

Deno.test("`loadConfig()` says what is wrong at the top of a file", () => {
  testTable(AT_TOP, (lines) => `${lines}\n${SERVER}`);
});

Deno.test("`loadConfig()` says what is wrong under [wstunnel]", () => {
  testTable(IN_WSTUNNEL, (lines) => `[wstunnel]\n${lines}\n${SERVER}`);
});

Deno.test("`loadConfig()` says what is wrong with a host", () => {
  testTable(IN_HOST, (lines) => `[wstunnel.server."/"]\n${lines}\n`);
});

Deno.test("`loadConfig()` says what is wrong with a route", () => {
  const hosts = '[[wstunnel.server."/".hosts]]\nport = 1\n';
  testTable(IN_ROUTE, (lines) => `[wstunnel.server."/"]\n${lines}\n${hosts}`);
});

Deno.test("`loadConfig()` says what is wrong with a file as a whole", () => {
  testTable(WHOLE, (text) => text);
});

/** Every class of problem with a host that `loadConfig()` finds, as the user reads it. */
import { type Case, testTable } from "./problem_table.ts";

/** Lines of the only host, whose header is line 1, and what is said of them. */
const IN_HOST: Case[] = [
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
  ] as const).map(([value, said]): Case => [
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
    'host = "tls:db.test:6380"',
    'x.toml:2: wstunnel.server."/".host: TLS is a key of its own: host = "db.test", port = 6380, ' +
    'tls = true: current value is "tls:db.test:6380"',
  ],
  [
    'port = 1\ntls = "yes"',
    'x.toml:3: wstunnel.server."/".tls: must be true, false or a table: current value is "yes"',
  ],
  [
    'port = 1\ntls = { ca = [], server-name = "a b", verify = false }',
    'x.toml:3: wstunnel.server."/".tls.ca: must be the path of a file, or a list of them: ' +
    "current value is a list",
    'x.toml:3: wstunnel.server."/".tls.server-name: must be a host name or an IP address: ' +
    'current value is "a b"',
    'x.toml:3: wstunnel.server."/".tls.verify: unknown key, must be one of ca, server-name, cert, key',
  ],
  [
    'port = 1\ntls = { cert = "/c.pem" }',
    'x.toml:3: wstunnel.server."/".tls.cert: needs key beside it: current value is "/c.pem"',
  ],
  [
    'port = 1\ntls = { cert = "/c.pem", key = "/k.pem" }\nsend-proxy = "v1"',
    'x.toml:4: wstunnel.server."/".send-proxy: must not stand beside tls.cert: current value is "v1"',
  ],
  [
    'socket = "/run/s"\ntls = true',
    'x.toml:3: wstunnel.server."/".tls: is for a TCP address alone: current value is true',
  ],
  [
    'exec = "p"\ntls = true',
    'x.toml:3: wstunnel.server."/".tls: must not stand beside exec: it is for an address: ' +
    "current value is true",
  ],
  [
    "port = 1\nsend-proxy = true",
    'x.toml:3: wstunnel.server."/".send-proxy: must be "v1" or "v2": current value is true',
  ],
  [
    'exec = "p"\nsend-proxy = "v1"',
    'x.toml:3: wstunnel.server."/".send-proxy: must not stand beside exec: it is for an address: ' +
    'current value is "v1"',
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

Deno.test("`loadConfig()` says what is wrong with a host", () => {
  testTable(IN_HOST, (lines) => `[wstunnel.server."/"]\n${lines}\n`);
});

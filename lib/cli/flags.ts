/**
 * The command line as a table: flags and examples; `commands.ts` has the commands. The help, the man page and the completions are made of both.
 *
 * @module
 */
import { LEVEL_NAMES } from "../base/log_level.ts";
import { WSTUNNEL } from "../config/keys.ts";
import { LISTENER } from "../config/listener.ts";
import type { Path } from "../config/problem.ts";
import { TOP } from "../config/top_keys.ts";

/** A flag with a value. */
export interface Flag {
  readonly name: `--${string}`;
  /** What the help calls the value. */
  readonly value: string;
  readonly summary: string;
  readonly repeatable?: true;
  /** Whether the file has a number there. */
  readonly number?: true;
  /** The values there are, for completion; the schema checks them. */
  readonly choices?: readonly string[];
  /** The place in the file that it sets as it is. */
  readonly path?: Path;
  /** Behind a `--path` it is that route's, and sets the same in the route's table. */
  readonly perRoute?: true;
}

const PER_ROUTE =
  "--frame-type, --balance, --origin, --auth-basic, --auth-token, --allow-client, --deny-client, " +
  "--subprotocol, --ping-interval, --max-tunnels, --tunnel-idle-timeout and --max-lifetime";

/** Every flag with a value, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  {
    name: "--server",
    value: "ADDRESS",
    repeatable: true,
    summary:
      "backend: host:port, [v6]:port, unix:/path, tls:host:port or exec:COMMAND; replaces those of " +
      "the file",
  },
  {
    name: "--path",
    value: "KEY",
    repeatable: true,
    summary:
      "path prefix, or suffix such as .vnc; the --server behind it belong to it, and so do " +
      `${PER_ROUTE}; a --server before any --path gets every other path`,
  },
  {
    name: "--targets",
    value: "FILE",
    summary: "in place of --server: a file of lines token: host:port, or a folder of such files; " +
      "the client says its token as ?token=",
  },
  {
    name: "--listen",
    value: "ADDRESS",
    repeatable: true,
    path: ["listen"],
    summary: "where clients connect: host:port, [v6]:port, :port for all interfaces, unix:/path; " +
      `fd:NAME for a socket of systemd's (default: ${TOP.listen.default})`,
  },
  {
    name: "--listen-mode",
    value: "MODE",
    summary: "permissions of --listen unix:/path: who may write to it may connect " +
      `(default: ${LISTENER.mode.implied.file})`,
  },
  {
    name: "--listen-group",
    value: "GROUP",
    summary: "group, name or number, whom --listen unix:/path is given to (default: ours)",
  },
  {
    name: "--proxy-protocol",
    value: "WHETHER",
    choices: LISTENER.proxyProtocol.kind.names,
    summary: "whether each --listen takes the PROXY protocol from trusted proxies: off, optional " +
      "or required (default: off)",
  },
  {
    name: "--tls-cert",
    value: "FILE",
    summary: "each --listen HOST:PORT speaks TLS, by this certificate (PEM)",
  },
  { name: "--tls-key", value: "FILE", summary: "its private key (PEM, without a passphrase)" },
  {
    name: "--tls-client-ca",
    value: "FILE",
    summary: "and that to clients alone whose certificate one of these authorities (PEM) issued",
  },
  {
    name: "--trusted-proxy",
    value: "NETWORK",
    repeatable: true,
    path: ["trusted-proxies"],
    summary:
      "proxy that is believed who its clients are, by X-Forwarded-For unless the file names " +
      "another header: network, address or unix",
  },
  {
    name: "--frame-type",
    value: "TYPE",
    choices: WSTUNNEL.frameType.kind.names,
    path: ["wstunnel", "frame-type"],
    perRoute: true,
    summary: `frames sent to clients: text or binary (default: ${WSTUNNEL.frameType.default})`,
  },
  {
    name: "--balance",
    value: "POLICY",
    choices: WSTUNNEL.balance.kind.names,
    path: ["wstunnel", "balance"],
    perRoute: true,
    summary: "choice among several servers: fair, least-connection, round-robin, hash or sticky " +
      `(default: ${WSTUNNEL.balance.default})`,
  },
  {
    name: "--origin",
    value: "ORIGIN",
    repeatable: true,
    path: ["wstunnel", "origins"],
    perRoute: true,
    summary: "host name or origin to admit; without one all are",
  },
  {
    name: "--auth-basic",
    value: "FILE",
    path: ["wstunnel", "auth", "basic"],
    perRoute: true,
    summary: "file of names and hashed passwords, as htpasswd -B writes it: who may come in",
  },
  {
    name: "--auth-token",
    value: "FILE",
    path: ["wstunnel", "auth", "token"],
    perRoute: true,
    summary: "file of names and hashed bearer tokens, a line each: NAME sha256:HEX",
  },
  {
    name: "--allow-client",
    value: "NETWORK",
    repeatable: true,
    path: ["wstunnel", "allow-clients"],
    perRoute: true,
    summary: "clients that may come in: network, address or unix; without one all may",
  },
  {
    name: "--deny-client",
    value: "NETWORK",
    repeatable: true,
    path: ["wstunnel", "deny-clients"],
    perRoute: true,
    summary: "clients that may not come in, also where --allow-client has them",
  },
  {
    name: "--subprotocol",
    value: "NAME",
    repeatable: true,
    path: ["wstunnel", "subprotocols"],
    perRoute: true,
    summary:
      "subprotocol to accept besides binary and base64; without one a lone mqtt, mqttv3.1, " +
      "amqp or rfb is",
  },
  {
    name: "--ping-interval",
    value: "SECONDS",
    number: true,
    path: ["wstunnel", "ping-interval"],
    perRoute: true,
    summary: `seconds between Pings, 0 for none (default: ${WSTUNNEL.pingIntervalMs.default})`,
  },
  {
    name: "--max-connections",
    value: "N",
    number: true,
    path: ["max-connections"],
    summary: "connections of clients at once, 0 for no limit " +
      "(unless given what the limit of descriptors, ulimit -n, allows)",
  },
  {
    name: "--max-connections-per-client",
    value: "N",
    number: true,
    path: ["max-connections-per-client"],
    summary: "of these those of one address, or of one /64 of IPv6, 0 for no limit " +
      "(unless given half of them, and no limit for loopback)",
  },
  {
    name: "--max-tunnels",
    value: "N",
    number: true,
    path: ["wstunnel", "max-tunnels"],
    perRoute: true,
    summary: "tunnels that each route may have at once, 0 for no limit " +
      `(default: ${WSTUNNEL.maxTunnels.default})`,
  },
  {
    name: "--tunnel-idle-timeout",
    value: "SECONDS",
    number: true,
    path: ["wstunnel", "tunnel-idle-timeout"],
    perRoute: true,
    summary: "seconds without a byte either way after which a tunnel ends, 0 for no limit " +
      `(default: ${WSTUNNEL.tunnelIdleTimeoutMs.default})`,
  },
  {
    name: "--max-lifetime",
    value: "SECONDS",
    number: true,
    path: ["wstunnel", "max-lifetime"],
    perRoute: true,
    summary: "seconds after which a tunnel ends, whatever it does, 0 for no limit " +
      `(default: ${WSTUNNEL.maxLifetimeMs.default})`,
  },
  {
    name: "--exit-idle-time",
    value: "SECONDS",
    number: true,
    path: ["exit-idle-time"],
    summary: "seconds without any connection of a client after which it ends, 0 to go on " +
      `(default: ${TOP.exitIdleMs.default})`,
  },
  {
    name: "--exit-after-tunnels",
    value: "N",
    number: true,
    path: ["exit-after-tunnels"],
    summary: "tunnels after which no more is opened, and it ends with the last, 0 to go on " +
      `(default: ${TOP.exitAfterTunnels.default})`,
  },
  {
    name: "--debug",
    value: "LEVEL",
    number: true,
    choices: LEVEL_NAMES,
    path: ["wstunnel", "debug"],
    summary:
      "what is logged: none, error, warning, info (each tunnel opened and closed) or debug " +
      `(each frame), or as a number, 0 to 4 and above (default: ${WSTUNNEL.debug.default})`,
  },
  {
    name: "--log-format",
    value: "FORMAT",
    choices: TOP.logFormat.kind.names,
    path: ["log-format"],
    summary: `log lines as text or json (default: ${TOP.logFormat.default})`,
  },
  {
    name: "--log-file",
    value: "FILE",
    path: ["log-file"],
    summary: "where the log goes in place of standard error; opened again at a reload (SIGHUP)",
  },
  {
    name: "--access-log",
    value: "FILE",
    path: ["access-log"],
    summary: "where lines of clients go (tunnels, refusals), or off; without it among the others",
  },
  {
    name: "--engine",
    value: "ENGINE",
    choices: TOP.engine.kind.names,
    path: ["engine"],
    summary: `auto, loop, stream or native (default: ${TOP.engine.default})`,
  },
  {
    name: "--workers",
    value: "N",
    number: true,
    path: ["workers"],
    summary: "threads that carry the tunnels of the loop engine " +
      "(unless given one for each processor, and four at most)",
  },
  {
    name: "--health-path",
    value: "PATH",
    path: ["health-path"],
    summary: "where GET and HEAD are answered with 200 while we run, '' for none (default: " +
      `${TOP.healthPath.default})`,
  },
  {
    name: "--web",
    value: "DIR",
    path: ["web"],
    summary: "folder of files for who asks for no tunnel, at every path but --health-path; " +
      "needs no --server",
  },
  {
    name: "--admin",
    value: "ADDRESS",
    path: ["admin"],
    summary: "where operators ask what goes on, and change it: unix:/path, for our user and root " +
      "alone, or host:port; nowhere unless given",
  },
  {
    name: "--admin-token-file",
    value: "FILE",
    path: ["admin-token-file"],
    summary: "file with the token that --admin HOST:PORT asks for before it changes anything",
  },
  { name: "--config", value: "FILE", summary: "TOML file to read; a flag beats what it says" },
];

/** A flag without a value. */
export interface Switch {
  readonly name: `--${string}`;
  readonly short?: `-${string}`;
  readonly summary: string;
}

/** Every flag without a value that is no command's alone; the words `version` and `help` are the same. */
export const SWITCHES = [
  { name: "--version", short: "-V", summary: "print the version and exit" },
  { name: "--help", short: "-h", summary: "print this help and exit" },
] as const satisfies readonly Switch[];

export const DESCRIPTION =
  "Ends WebSockets and relays their bytes to TCP or unix-domain servers or programs.";

export const EXAMPLES: readonly string[] = [
  "wstunnel --server 127.0.0.1:5900 --frame-type binary",
  'wstunnel --path /ssh --server "exec:/usr/sbin/sshd -i" --frame-type binary',
  "wstunnel --frame-type binary --path /a --server a:1 --path /b --server b:2",
  "wstunnel --web /usr/share/novnc --server 127.0.0.1:5901 --frame-type binary",
  "wstunnel check --config wstunnel.toml",
  "wstunnel check --url http://127.0.0.1:8080/healthz",
  "wstunnel top --config wstunnel.toml",
  "ssh -o ProxyCommand='wstunnel connect wss://server/ssh' user@server",
  "wstunnel connect wss://server/db --listen 127.0.0.1:5432",
  "wstunnel connect 127.0.0.1:5901=ws://server/vnc unix:db.sock=ws://server/db",
];

export const EXIT_CODES: readonly string[] = [
  "ended by SIGINT or SIGTERM, what was checked is well, or asked for is done",
  "cannot listen, not well by --url, not done; connect: no tunnel, or lost",
  "the command line or the configuration is wrong",
  "connect: the server refuses, and says why",
];

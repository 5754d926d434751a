/**
 * Every key of the configuration file, once: its name, kind, default, what it is for and whether it may be a secret. Checks,
 * the effective configuration and its types, what is printed, the JSON Schema and the man page's section follow from it.
 *
 * @module
 */
import { LEVEL_NAMES } from "../base/log_level.ts";
import { type Keys, namesOf, partOf } from "./key.ts";
import { byteSize, level, oneOf, seconds, trueOrFalse, whole } from "./kinds.ts";
import { LISTENER, listeners } from "./listener.ts";
import {
  command,
  healthPath,
  hostOrSocket,
  origins,
  socketPath,
  subprotocols,
  suffixes,
  variableNames,
  variables,
} from "./text_kinds.ts";

/** At the top of the file. */
export const TOP = {
  listen: {
    name: "listen",
    kind: listeners,
    default: "127.0.0.1:8080",
    about: "Where clients connect: host:port, [v6]:port, :port for all interfaces, unix:/path.",
  },
  engine: {
    name: "engine",
    kind: oneOf(["native", "stream"]),
    default: "stream",
    about: "What carries the clients' WebSockets.",
  },
  logFormat: {
    name: "log-format",
    kind: oneOf(["text", "json"]),
    default: "text",
    about: "Form of the log lines on standard error.",
  },
  graceMs: {
    name: "grace-time",
    kind: seconds(0),
    default: 8,
    about: "Seconds that open tunnels have to end after SIGTERM or SIGINT.",
  },
  handshakeTimeoutMs: {
    name: "handshake-timeout",
    kind: seconds(0.1),
    default: 10,
    about: "Seconds a client may take to send its request head.",
  },
  healthPath: {
    name: "health-path",
    kind: healthPath,
    default: "/healthz",
    about: "Path where GET and HEAD are answered with 200 while we run; empty: none.",
  },
} as const satisfies Keys;

/** Under `[wstunnel]`; those of a `route` may stand in its table as well. */
export const WSTUNNEL = {
  balance: {
    name: "balance",
    of: "route",
    kind: oneOf(["fair", "least-connection", "round-robin", "hash", "sticky"]),
    default: "fair",
    about: "How a host is chosen among those that are up.",
  },
  debug: {
    name: "debug",
    of: "all",
    kind: level(LEVEL_NAMES, 65535),
    default: 3,
    about:
      "What is logged: none, error, warning, info or debug, or as a number from 0, 4 and above for debug.",
  },
  mapExtensions: {
    name: "map-extensions",
    of: "all",
    kind: suffixes,
    default: {},
    about: "From a path suffix to the key of wstunnel.server matched in its place.",
  },
  frameType: {
    name: "frame-type",
    of: "route",
    kind: oneOf(["text", "binary"]),
    default: "text",
    about: "Type of the frames sent to clients.",
  },
  origins: {
    name: "origins",
    of: "route",
    kind: origins,
    default: [],
    about: "Host names and origins admitted; empty admits all.",
  },
  subprotocols: {
    name: "subprotocols",
    of: "route",
    kind: subprotocols,
    /** Those that are known to carry a byte stream. */
    unsaid: null,
    about:
      "Subprotocols accepted besides binary and base64; without it a lone mqtt, mqttv3.1, amqp or rfb.",
  },
  pingIntervalMs: {
    name: "ping-interval",
    of: "route",
    kind: seconds(0),
    default: 0,
    about: "Seconds between Pings; 0: none.",
  },
  maxBufferBytes: {
    name: "max-buffer",
    of: "all",
    kind: byteSize(64 * 1024, 1024 ** 3),
    default: "16MiB",
    about: "Largest receive queue of a client in the native engine.",
  },
  bufferBytes: {
    name: "buffer-size",
    of: "all",
    kind: byteSize(32 * 1024, 16 * 1024 ** 2),
    default: "256KiB",
    about: "Size of each of a tunnel's two buffers in the stream engine.",
  },
} as const satisfies Keys;

const MAX_PROCS = { program: 4, exec: 64 } as const;

const NO_VARIABLES: Readonly<Record<string, string>> = {};

/**
 * Of a host: what it is (`target`), of every started `process`, of a `program` that serves many tunnels, of an `exec` that serves one,
 * and of any `host`.
 */
export const HOST = {
  host: {
    name: "host",
    of: "target",
    kind: hostOrSocket,
    implied: { tcp: "127.0.0.1" },
    about: "Host name or IP address; the path of a unix-domain socket when it starts with /.",
  },
  port: {
    name: "port",
    of: "target",
    kind: whole(1, 65535),
    about: "TCP port.",
  },
  socket: {
    name: "socket",
    of: "target",
    kind: socketPath,
    about: "Path of a unix-domain socket, in place of host and port; @name is abstract.",
  },
  program: {
    name: "bin-path",
    of: "target",
    kind: command,
    secret: "told",
    about: "Program and arguments to start when nothing listens at the address.",
  },
  exec: {
    name: "exec",
    of: "target",
    kind: command,
    secret: "told",
    about: "Program and arguments to start for each tunnel, spoken to over stdin and stdout.",
  },
  environment: {
    name: "bin-environment",
    of: "process",
    kind: variables,
    unsaid: NO_VARIABLES,
    secret: "hidden",
    about: "Variables added to the program's environment.",
  },
  copyEnvironment: {
    name: "bin-copy-environment",
    of: "process",
    kind: variableNames,
    /** All of them. */
    unsaid: null,
    about: "Variables of our environment passed to the program; without it all are.",
  },
  minProcs: {
    name: "min-procs",
    of: "program",
    kind: whole(0, 4096),
    default: 1,
    about: "Processes kept running.",
  },
  maxProcs: {
    name: "max-procs",
    of: "process",
    kind: whole(1, 4096),
    implied: MAX_PROCS,
    about: "Processes that may run at once; " +
      `${MAX_PROCS.program} with bin-path, ${MAX_PROCS.exec} with exec.`,
  },
  maxProcsPerClient: {
    name: "max-procs-per-client",
    of: "exec",
    kind: whole(0, 4096),
    /** Half of them, and all for loopback. */
    unsaid: null,
    about: "With exec: processes that clients of one address may have at once; 0: no such limit.",
  },
  maxLoadPerProc: {
    name: "max-load-per-proc",
    of: "program",
    kind: whole(1, 65535),
    default: 1,
    about: "Mean number of open tunnels a process above which another is started.",
  },
  idleTimeoutMs: {
    name: "idle-timeout",
    of: "program",
    kind: seconds(0),
    default: 60,
    about: "Seconds a process beyond min-procs may be unused before it is stopped.",
  },
  disableTimeMs: {
    name: "disable-time",
    of: "host",
    kind: seconds(0),
    default: 1,
    about: "Seconds a failed address is left alone.",
  },
  listenBacklog: {
    name: "listen-backlog",
    of: "program",
    kind: whole(1, 65535),
    default: 1024,
    about: "Backlog of the listening socket handed to a program (socket-handover).",
  },
  killSignal: {
    name: "kill-signal",
    of: "process",
    kind: oneOf([
      "SIGTERM",
      "SIGINT",
      "SIGHUP",
      "SIGQUIT",
      "SIGKILL",
      "SIGUSR1",
      "SIGUSR2",
      "SIGABRT",
      "SIGALRM",
      "SIGPWR",
      "SIGWINCH",
    ]),
    default: "SIGTERM",
    about: "Signal that stops a started program.",
  },
  connectTimeoutMs: {
    name: "connect-timeout",
    of: "host",
    kind: seconds(0.1),
    default: 8,
    about: "Seconds to wait for a connection.",
  },
  readTimeoutMs: {
    name: "read-timeout",
    of: "host",
    kind: seconds(0),
    default: 0,
    about: "Seconds a backend may be silent before its tunnel ends; 0: no limit.",
  },
  writeTimeoutMs: {
    name: "write-timeout",
    of: "host",
    kind: seconds(0),
    default: 0,
    about: "Seconds a backend may take no byte before its tunnel ends; 0: no limit.",
  },
  tcpFinPropagate: {
    name: "tcp-fin-propagate",
    of: "host",
    kind: trueOrFalse,
    default: false,
    about: "Whether a client's end of stream is passed on as a half-close.",
  },
  handover: {
    name: "socket-handover",
    of: "program",
    kind: oneOf(["none", "stdin", "listen-fds"]),
    default: "none",
    about: "How a program gets its listening socket: makes its own, as descriptor 0, as 3.",
  },
} as const satisfies Keys;

/** What may differ from route to route. */
export const ROUTE = partOf(WSTUNNEL, "route");

/** What stands under `[wstunnel]` alone. */
export const FOR_ALL = partOf(WSTUNNEL, "all");

/** What a program has that serves many tunnels, and what one has that serves one. */
export const PROGRAM = partOf(HOST, "process", "program");
export const EXEC = partOf(HOST, "process", "exec");

/** What says what a host is: where it listens, or a program. */
export const TARGET = partOf(HOST, "target");

/** What a host has, whatever it is. */
export const ANY_HOST = partOf(HOST, "host");

/** The names of keys whose values, or what stands under them, may hold passwords. */
export const SECRETS: readonly string[] = namesOf(
  Object.fromEntries(
    Object.entries<Keys[string]>({ ...TOP, ...LISTENER, ...WSTUNNEL, ...HOST })
      .filter(([, { secret }]) => secret !== undefined),
  ),
);

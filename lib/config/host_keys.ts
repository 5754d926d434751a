/**
 * Every key of a host, as `keys.ts` has those of the other tables.
 *
 * @module
 */
import { type Keys, partOf } from "./key.ts";
import { count, oneOf, seconds, trueOrFalse, whole } from "./kinds.ts";
import { tableOrBoolean } from "./nested_table.ts";
import { type Finding, finding } from "./problem.ts";
import type { Table } from "./table.ts";
import {
  command,
  filePath,
  filePaths,
  hostName,
  hostOrSocket,
  socketPath,
  variableNames,
  variables,
} from "./text_kinds.ts";

const MAX_PROCS = { program: 4, exec: 64 } as const;

const NO_VARIABLES: Readonly<Record<string, string>> = {};

const NO_FILES: readonly string[] = [];

/** Of the key `tls`. */
export const HOST_TLS = {
  ca: {
    name: "ca",
    kind: filePaths,
    unsaid: NO_FILES,
    about: "File of PEM, or several, with certificates of CAs to trust besides the runtime's own.",
    example: "/etc/wstunnel/ca.pem",
  },
  serverName: {
    name: "server-name",
    kind: hostName,
    /** The host's own. */
    unsaid: null,
    about: "Name or IP address that the certificate must be for; the host's unless given.",
    example: "db.example.com",
  },
  cert: {
    name: "cert",
    kind: filePath,
    unsaid: null,
    about: "File of PEM with the certificate that we show where the backend asks for one.",
    example: "/etc/wstunnel/client.pem",
  },
  key: {
    name: "key",
    kind: filePath,
    unsaid: null,
    about: "File of PEM with its private key, without a passphrase.",
    example: "/etc/wstunnel/client.key",
  },
} as const satisfies Keys;

function checkHostTls(tls: Table): Finding[] {
  const { cert, key } = tls;
  if ((cert === undefined) === (key === undefined)) return [];
  const [there, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
  return [finding([there!], `needs ${missing} beside it`, tls[there!])];
}

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
    more: [
      "127.0.0.1 if left out.",
    ],
  },
  port: {
    name: "port",
    of: "target",
    kind: whole(1, 65535),
    about: "TCP port.",
    example: 5900,
  },
  socket: {
    name: "socket",
    of: "target",
    kind: socketPath,
    about: "Path of a unix-domain socket, in place of host and port; @name is abstract.",
    example: "/tmp/wstunnel-redis.sock",
  },
  program: {
    name: "bin-path",
    of: "target",
    kind: command,
    secret: "told",
    about: "Program and arguments to start when nothing listens at the address.",
    example: "redis-server --port 0 --save '' --unixsocket {socket}",
    more: [
      "A line or a list of words; no shell reads it.",
    ],
  },
  exec: {
    name: "exec",
    of: "target",
    kind: command,
    secret: "told",
    about: "Program and arguments to start for each tunnel, spoken to over stdin and stdout.",
    example: "/usr/sbin/sshd -i",
  },
  environment: {
    name: "bin-environment",
    of: "process",
    kind: variables,
    unsaid: NO_VARIABLES,
    secret: "hidden",
    about: "Variables added to the program's environment.",
    example: { LANG: "C.UTF-8" },
    more: [
      "Their values are never printed.",
    ],
  },
  copyEnvironment: {
    name: "bin-copy-environment",
    of: "process",
    kind: variableNames,
    /** All of them. */
    unsaid: null,
    about: "Variables of our environment passed to the program; without it all are.",
    example: ["PATH", "HOME"],
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
    about: "Processes that may run at once, " +
      `${MAX_PROCS.program} unless given; ${MAX_PROCS.exec} with exec.`,
    more: [
      "Process N of a bin-path listens on socket-N, or on port + N. A server whose clients share its data, as a database's do, must have a single one.",
    ],
  },
  maxProcsPerClient: {
    name: "max-procs-per-client",
    of: "exec",
    kind: whole(0, 4096),
    /** Half of them, and all for loopback. */
    unsaid: null,
    about: "With exec: processes that clients of one address may have at once; 0: no such limit.",
    example: 32,
    more: [
      "Of IPv6: of one /64. Unless given half of max-procs, and all for loopback, where a reverse proxy speaks for everybody.",
    ],
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
  onExit: {
    name: "on-exit",
    of: "program",
    kind: oneOf(["restart", "ignore", "exit"]),
    default: "restart",
    about: "What follows when a program has ended by itself: it is started again; nothing; " +
      "wstunnel ends as well, with its exit code.",
    more: [
      '"ignore" is for one that goes on in the background: whatever listens at the address is used, and what it has left running is left alone.',
    ],
  },
  maxLoad: {
    name: "max-load",
    of: "host",
    kind: count,
    default: 0,
    about: "Tunnels that a host may have at once, in this route; 0: no limit.",
    more: [
      "One that has so many is passed over for the next.",
    ],
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
    more: [
      "The system tells of room for more a megabyte or two at a time.",
    ],
  },
  tcpFinPropagate: {
    name: "tcp-fin-propagate",
    of: "host",
    kind: trueOrFalse,
    default: false,
    about: "Whether a client's end of stream is passed on as a half-close.",
    more: [
      "The answer is still sent then.",
    ],
  },
  tls: {
    name: "tls",
    of: "host",
    kind: tableOrBoolean(HOST_TLS, checkHostTls),
    /** In the clear. */
    unsaid: null,
    about: "Whether TLS is spoken to the backend: true, or a table.",
    example: { ca: "/etc/wstunnel/ca.pem", "server-name": "db.example.com" },
    more: [
      "Its certificate must be of a CA that is known, and for the host's name or address.",
    ],
  },
  sendProxy: {
    name: "send-proxy",
    of: "host",
    kind: oneOf(["v1", "v2"]),
    /** It is told nothing. */
    unsaid: null,
    about: "Version of the PROXY protocol by which the backend is told the client's address.",
    example: "v2",
    more: [
      "The backend must expect it, as HAProxy does with accept-proxy and nginx with proxy_protocol.",
    ],
  },
  handover: {
    name: "socket-handover",
    of: "program",
    kind: oneOf(["none", "stdin", "listen-fds"]),
    default: "none",
    about: "How a program gets its listening socket: makes its own, as descriptor 0, as 3.",
  },
} as const satisfies Keys;

/** What a program has that serves many tunnels, and what one has that serves one. */
export const PROGRAM = partOf(HOST, "process", "program");
export const EXEC = partOf(HOST, "process", "exec");

/** What says what a host is: where it listens, or a program. */
export const TARGET = partOf(HOST, "target");

/** What a host has, whatever it is. */
export const ANY_HOST = partOf(HOST, "host");

/**
 * Every key at the top of the file, as `keys.ts` has those of the other tables.
 *
 * @module
 */
import { FORWARDED_HEADERS } from "../base/peer.ts";
import type { Keys } from "./key.ts";
import { byteSize, count, oneOf, seconds, whole } from "./kinds.ts";
import { listeners } from "./listener.ts";
import {
  accessLogFile,
  filePath,
  healthPath,
  listenAddress,
  logFile,
  networks,
} from "./text_kinds.ts";
import { web } from "./web_keys.ts";

export const TOP = {
  listen: {
    name: "listen",
    kind: listeners,
    default: "127.0.0.1:8080",
    about: "Where clients connect: host:port, [v6]:port, :port for all interfaces, unix:/path.",
  },
  engine: {
    name: "engine",
    kind: oneOf(["auto", "loop", "native", "stream"]),
    default: "auto",
    about: "What carries the clients' WebSockets.",
    more: [
      `"loop" is our own event loop (Linux, FFI), "stream" our framing on the runtime's sockets, "native" the runtime's own; "auto" takes loop where it can be had, and else stream.`,
    ],
  },
  workers: {
    name: "workers",
    kind: whole(0, 64),
    /** One for each processor, up to four. */
    unsaid: null,
    about:
      "Threads that carry the tunnels of the loop engine; without it one for each processor, and four at most.",
    example: 2,
    more: [
      "They are started as tunnels come. 0: the main thread carries all of them, which saves some memory.",
    ],
  },
  logFormat: {
    name: "log-format",
    kind: oneOf(["text", "json"]),
    default: "text",
    about: "Form of the log's lines.",
  },
  logFile: {
    name: "log-file",
    kind: logFile,
    about: "A file that the log goes to, in place of standard error.",
    example: "/var/log/wstunnel/wstunnel.log",
    more: [
      "It is written behind what it holds, and opened again at a reload: so it is rotated.",
    ],
  },
  accessLog: {
    name: "access-log",
    kind: accessLogFile,
    about: 'A file of its own for the lines of clients, or "off": they are not written.',
    example: "/var/log/wstunnel/access.log",
    more: [
      "Tunnels opened and closed, requests refused, connections dropped; without it they stand among the others.",
    ],
  },
  graceMs: {
    name: "grace-time",
    kind: seconds(0),
    default: 8,
    about: "Seconds that open tunnels have to end once they were told to, after SIGTERM or SIGINT.",
  },
  drainMs: {
    name: "drain-time",
    kind: seconds(0),
    /** None at the end of the program, for ever once a reload has removed their route. */
    unsaid: null,
    about:
      "Seconds that open tunnels have to end by themselves after SIGTERM or SIGINT, before they are told to and grace-time begins; without it none.",
    example: 60,
    more: [
      "Tunnels whose route a reload has removed end so long after it; without it they live on.",
    ],
  },
  exitIdleMs: {
    name: "exit-idle-time",
    kind: seconds(0),
    default: 0,
    about:
      "Seconds without any connection of a client after which the program ends; 0: it doesn't.",
    more: [
      "With sockets of systemd's it is started again by whoever comes next.",
    ],
  },
  exitAfterMs: {
    name: "exit-after-time",
    kind: seconds(0),
    default: 0,
    about:
      "Seconds after its start when it takes no more connections, and ends with its last tunnel; 0: it goes on.",
  },
  exitAfterTunnels: {
    name: "exit-after-tunnels",
    kind: count,
    default: 0,
    about: "So many tunnels it opens and no more, and ends with the last of them; 0: it goes on.",
  },
  handshakeTimeoutMs: {
    name: "handshake-timeout",
    kind: seconds(0.1),
    default: 10,
    about: "Seconds a client may take to send its request head.",
  },
  maxConnections: {
    name: "max-connections",
    kind: count,
    /** As many as there are descriptors for. */
    unsaid: null,
    about:
      "Connections of clients at once; 0: no limit; without it as many as the limit of descriptors (ulimit -n) allows.",
    example: 1000,
    more: [
      "A tunnel takes two descriptors, one with a program of its own up to four, and an eighth is kept for the rest. The log says at the start how many that are.",
    ],
  },
  maxConnectionsPerClient: {
    name: "max-connections-per-client",
    kind: count,
    /** Half of them, and none for loopback. */
    unsaid: null,
    about:
      "Of these those of one address; 0: no limit; without it half of max-connections, and no limit for loopback.",
    example: 100,
    more: [
      "Of IPv6: of one /64. A proxy that is trusted has no such limit: they are counted for whom it speaks for.",
    ],
  },
  connectionRate: {
    name: "connection-rate",
    kind: count,
    default: 0,
    about: "New connections a second of one address, five times as many at once; 0: no limit.",
  },
  maxPending: {
    name: "max-pending",
    kind: count,
    /** A quarter of `max-connections`. */
    unsaid: null,
    about: "Connections at once whose request has not come, or been let in, yet; 0: no limit; " +
      "without it a quarter of max-connections, at most 1024.",
    example: 250,
    more: [
      "Beyond it the oldest goes, of the address that has the most of them; one address has half of them at most.",
    ],
  },
  maxHeadBytes: {
    name: "max-head",
    kind: byteSize(4 * 1024, 1024 ** 2),
    default: "16KiB",
    about: "Largest request head, in bytes or with a unit; its first line may take half of it.",
    more: [
      "Large cookies or tokens may need 64KiB. The native engine takes what the runtime does.",
    ],
  },
  trustedProxies: {
    name: "trusted-proxies",
    kind: networks,
    default: [],
    about: "Proxies that are believed who their clients are: networks, addresses or unix.",
    more: [
      "By forwarded-header, and by the PROXY protocol where a listener takes it. Whoever else sends these is not believed.",
      'For example: ["127.0.0.1", "10.1.0.0/16", "unix"]',
    ],
  },
  forwardedHeader: {
    name: "forwarded-header",
    kind: oneOf(FORWARDED_HEADERS),
    default: "x-forwarded-for",
    about: "The header by which trusted-proxies name their client; no other is read.",
    more: [
      "It must be one that they set or add to: what they only pass on, a client can have made up.",
    ],
  },
  healthPath: {
    name: "health-path",
    kind: healthPath,
    default: "/healthz",
    about: "Path where GET and HEAD are answered with 200 while we run; empty: none.",
    more: [
      "A key that is that path goes before it.",
    ],
  },
  web: {
    name: "web",
    kind: web,
    about: "A folder of files for who asks for no tunnel, or a table with root and more.",
    example: "/usr/share/novnc",
    more: [
      "At every path but health-path and those of routes that have a web of their own. WebSockets go to their routes.",
    ],
  },
  admin: {
    name: "admin",
    kind: listenAddress,
    about:
      "Where operators ask what goes on, and change it: host:port or unix:/path; none unless given.",
    example: "unix:/run/wstunnel/admin.sock",
    more: [
      "The file of a socket is for our user and root alone. At an address whatever changes something needs admin-token-file; one that other machines reach needs it for everything.",
    ],
  },
  adminTokenFile: {
    name: "admin-token-file",
    kind: filePath,
    about: "File with the token, a line, that admin asks for at an address.",
    example: "/etc/wstunnel/admin.token",
  },
} as const satisfies Keys;

/**
 * Every key of the configuration file, once: its name, kind, default, what it is for and whether it may be a secret. Checks,
 * the effective configuration and its types, what is printed, the JSON Schema, the example file and the man page's section follow from it.
 *
 * A new key stands here, or in `host_keys.ts` or `listener.ts`, and in the code that uses it; `deno task schema` and
 * `deno task packaging` write what is made of them.
 *
 * @module
 */
import { LEVEL_NAMES } from "../base/log_level.ts";
import { auth, JWT } from "./auth_keys.ts";
import { FORWARDED_HEADERS } from "../base/peer.ts";
import { HOST } from "./host_keys.ts";
import { type Keys, namesOf, partOf } from "./key.ts";
import { byteSize, level, oneOf, seconds, whole } from "./kinds.ts";
import { LISTENER, listeners } from "./listener.ts";
import { nestedTable } from "./nested_table.ts";
import { TARGETS } from "./target_keys.ts";
import { checkTargets } from "./target_rules.ts";
import {
  accessLogFile,
  filePath,
  healthPath,
  listenAddress,
  logFile,
  networks,
  origins,
  subprotocols,
  suffixes,
} from "./text_kinds.ts";
import { web } from "./web_keys.ts";

/** More of anything than a process can have. */
const MAX_COUNT = 1_000_000;

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
    more: [
      `"native" is the runtime's own, "stream" has backpressure both ways.`,
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
    kind: whole(0, MAX_COUNT),
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
    kind: whole(0, MAX_COUNT),
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
    kind: whole(0, MAX_COUNT),
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
    kind: whole(0, MAX_COUNT),
    default: 0,
    about: "New connections a second of one address, five times as many at once; 0: no limit.",
  },
  maxPending: {
    name: "max-pending",
    kind: whole(0, MAX_COUNT),
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

/** Under `[wstunnel]`; those of a `route` may stand in its table as well. */
export const WSTUNNEL = {
  balance: {
    name: "balance",
    of: "route",
    kind: oneOf(["fair", "least-connection", "round-robin", "hash", "sticky"]),
    default: "fair",
    about: "How a host is chosen among those that are up.",
    more: [
      '"hash" goes by URL, "sticky" by client address; "least-connection" is another name of "fair".',
    ],
  },
  debug: {
    name: "debug",
    of: "all",
    kind: level(LEVEL_NAMES, 65535),
    default: 3,
    about:
      "What is logged: none, error, warning, info or debug, or as a number from 0, 4 and above for debug.",
    more: [
      "0 nothing, 1 errors, 2 warnings, 3 information, 4 and above debug.",
    ],
  },
  mapExtensions: {
    name: "map-extensions",
    of: "all",
    kind: suffixes,
    default: {},
    about: "From a path suffix to the key of wstunnel.server matched in its place.",
    more: [
      'For example: { ".console" = ".vnc" }',
    ],
  },
  frameType: {
    name: "frame-type",
    of: "route",
    kind: oneOf(["text", "binary"]),
    default: "text",
    about: "Type of the frames sent to clients.",
    more: [
      'In "text" the backend must send UTF-8. What is not UTF-8 text (SSH, VNC, Redis, MQTT) needs "binary".',
    ],
  },
  origins: {
    name: "origins",
    of: "route",
    kind: origins,
    default: [],
    about: "Host names and origins admitted; empty admits all.",
    more: [
      `A name admits its subdomains; an origin has a scheme (an app's, "file://" and "null" too).`,
      'For example: ["example.com", "https://tunnel.example.org:8443"]',
    ],
  },
  auth: {
    name: "auth",
    of: "route",
    kind: auth,
    default: {},
    about:
      "Who may come in: basic, token, jwt or certificate, of which any lets in; empty: whoever asks.",
    more: [
      'For example: { basic = "/etc/wstunnel/users" } with what htpasswd -B writes,',
      'or { jwt = { jwks = "https://id.example.com/keys", aud = "wstunnel" }, from = ["authorization", "cookie:session"] }',
    ],
  },
  allowClients: {
    name: "allow-clients",
    of: "route",
    kind: networks,
    default: [],
    about: "Networks whose clients may come in; empty: all. Others get 403.",
    more: [
      "Networks such as 10.0.0.0/8 or 2001:db8::/32, addresses, and unix for who comes by a socket's file.",
      'For example: ["10.0.0.0/8", "unix"]',
    ],
  },
  denyClients: {
    name: "deny-clients",
    of: "route",
    kind: networks,
    default: [],
    about:
      "Networks whose clients may not come in, also where allow-clients has them: they get 403.",
  },
  subprotocols: {
    name: "subprotocols",
    of: "route",
    kind: subprotocols,
    /** Those that are known to carry a byte stream. */
    unsaid: null,
    about:
      "Subprotocols accepted besides binary and base64; without it a lone mqtt, mqttv3.1, amqp or rfb.",
    example: ["mqtt", "console"],
  },
  pingIntervalMs: {
    name: "ping-interval",
    of: "route",
    kind: seconds(0),
    default: 0,
    about: "Seconds between Pings; 0: none.",
    more: [
      "Proxies often cut what is idle for 60 s.",
    ],
  },
  maxTunnels: {
    name: "max-tunnels",
    of: "route",
    kind: whole(0, MAX_COUNT),
    default: 0,
    about: "Tunnels that a route may have at once; 0: no limit.",
    more: [
      "Under [wstunnel] it is each route's own number. Whoever comes then is answered with 503.",
    ],
  },
  tunnelIdleTimeoutMs: {
    name: "tunnel-idle-timeout",
    of: "route",
    kind: seconds(0),
    default: 0,
    about: "Seconds without a byte either way after which a tunnel ends; 0: no limit.",
    more: [
      "Pings and Pongs are no bytes.",
    ],
  },
  maxLifetimeMs: {
    name: "max-lifetime",
    of: "route",
    kind: seconds(0, 30 * 86400),
    default: 0,
    about: "Seconds after which a tunnel ends, whatever it does; 0: no limit.",
  },
  maxBufferBytes: {
    name: "max-buffer",
    of: "all",
    kind: byteSize(64 * 1024, 1024 ** 3),
    default: "16MiB",
    about: "Largest receive queue of a client in the native engine.",
    more: [
      "How much a client may be ahead of its backend, in bytes or with a unit.",
    ],
  },
  bufferBytes: {
    name: "buffer-size",
    of: "all",
    kind: byteSize(32 * 1024, 16 * 1024 ** 2),
    default: "256KiB",
    about: "Size of each of a tunnel's two buffers in the stream engine.",
    more: ["A client is read at most 192 KiB at a time, whatever the size."],
  },
} as const satisfies Keys;

/** In the table of a route alone. */
export const ROUTE_ONLY = {
  web: {
    name: "web",
    kind: web,
    about: "A folder of files in place of the one at the top, also without hosts beside it.",
    example: "/srv/www",
    more: [
      "The route's key begins with /, and what follows it in a path is the file's.",
    ],
  },
  targets: {
    name: "targets",
    kind: nestedTable(TARGETS, checkTargets),
    about: "In place of hosts: what says where each request leads.",
    example: { address: ["*.db.example.com:5432"] },
    more: [
      "A token leads to its target by file, dir, jwt, api or redis; by address the client names it. Beside it stand what hosts have: connect-timeout and the like.",
    ],
  },
} as const satisfies Keys;

/** What may differ from route to route. */
export const ROUTE = partOf(WSTUNNEL, "route");

/** What stands under `[wstunnel]` alone. */
export const FOR_ALL = partOf(WSTUNNEL, "all");

/** The names of keys whose values, or what stands under them, may hold passwords. */
export const SECRETS: readonly string[] = namesOf(
  Object.fromEntries(
    Object.entries<Keys[string]>({ ...TOP, ...LISTENER, ...WSTUNNEL, ...HOST, ...TARGETS, ...JWT })
      .filter(([, { secret }]) => secret !== undefined),
  ),
);

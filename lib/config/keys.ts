/**
 * Every key of the configuration file, once: its name, kind, default, what it is for and whether it may be a secret. Checks,
 * the effective configuration and its types, what is printed, the JSON Schema, the example file and the man page's section follow from it.
 *
 * A new key stands here, or in `top_keys.ts`, `host_keys.ts` or another table's, and in the code that uses it; `deno task schema` and
 * `deno task packaging` write what is made of them.
 *
 * @module
 */
import { LEVEL_NAMES } from "../base/log_level.ts";
import { auth, JWT } from "./auth_keys.ts";
import { HOST } from "./host_keys.ts";
import { type Keys, namesOf, partOf } from "./key.ts";
import { byteSize, count, level, oneOf, seconds } from "./kinds.ts";
import { LISTENER } from "./listener.ts";
import { nestedTable } from "./nested_table.ts";
import { TARGETS } from "./target_keys.ts";
import { checkTargets } from "./target_rules.ts";
import { networks, origins, subprotocols, suffixes } from "./text_kinds.ts";
import { TOP } from "./top_keys.ts";
import { web } from "./web_keys.ts";

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
    kind: count,
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

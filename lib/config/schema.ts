/**
 * The form of the configuration file: keys, types and ranges, with lighttpd's dashed names. The one file that knows zod.
 * What ties several keys together is in `rules.ts`.
 *
 * @module
 */
import * as z from "zod";
import { checkHostname, NO_HOST, parseListenAddress, parseUnixPath } from "../base/address.ts";
import { formatByteSize, parseByteSize } from "../base/byte_size.ts";
import { FILE_MODE_RULE, parseFileMode } from "../base/file_mode.ts";
import { LEVEL_NAMES } from "../base/log_level.ts";
import { nearest } from "../base/nearest.ts";
import { ACCOUNT_RULE, isAccount } from "../sys/accounts.ts";
import { canonicalPath } from "../base/request_path.ts";
import { splitCommandLine } from "./command_line.ts";
import { DEFAULTS } from "./defaults.ts";
import { misplacedInCommand, misplacedInHost, misplacedInSocket } from "./misplaced.ts";
import { checkOriginEntry } from "./origin_entry.ts";
import { type Finding, finding, type Path, valueAt } from "./problem.ts";

/** A day: what may be silent for longer is better left without a limit, which is 0. */
const MAX_SECONDS = 86400;

const SIGNALS = [
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
] as const;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function seconds(min: number) {
  const rule = `must be a number of seconds from ${min} to ${MAX_SECONDS}`;
  return z.number(rule).min(min, rule).max(MAX_SECONDS, rule);
}

function whole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
}

function oneOf<const T extends readonly string[]>(names: T) {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop();
  return z.enum(names, `must be ${quoted.join(", ")} or ${last}`);
}

/** Text; `problemOf` says what is wrong with it, or null. */
function text(rule: string, problemOf: (value: string) => string | null) {
  return z.string(rule).superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
}

function byteSize(min: number, max: number) {
  const range = `${formatByteSize(min)} to ${formatByteSize(max)}`;
  const rule = `must be ${range}, as a number of bytes or as text such as "16MiB"`;
  const asText = text(rule, (value) => {
    const bytes = parseByteSize(value);
    return bytes !== null && bytes >= min && bytes <= max ? null : rule;
  });
  return z.union([z.int(rule).min(min, rule).max(max, rule), asText], rule);
}

function debugLevel() {
  const quoted = LEVEL_NAMES.map((name) => `"${name}"`).join(", ");
  const rule = `must be a whole number from 0 to 65535, or one of ${quoted}`;
  return z.union([z.int(rule).min(0, rule).max(65535, rule), z.enum(LEVEL_NAMES, rule)], rule);
}

function commandProblem(value: string | readonly string[]): string | null {
  const split = typeof value === "string" ? splitCommandLine(value) : { words: value };
  if ("problem" in split) return split.problem;
  if (!split.words[0]) return "must start with a program";
  const misplaced = misplacedInCommand(split.words[0]);
  if (misplaced !== null) return misplaced;
  return split.words.some((word) => word.includes("\0")) ? "must not hold a NUL character" : null;
}

function command() {
  const rule = "must be a command line, as text or as a list of words";
  return z.union([z.string(rule), z.array(z.string("must be text"))], rule)
    .superRefine((value, context) => {
      const problem = commandProblem(value);
      if (problem !== null) context.addIssue({ code: "custom", message: problem });
    });
}

const LISTEN_RULE = 'must be an address, such as "unix:/run/wstunnel.sock"';

const listenAddress = text("must be text", (value) => {
  const parsed = parseListenAddress(value);
  return "problem" in parsed ? parsed.problem : null;
});

const account = text(
  "must be a name or a number, as text",
  (name) => isAccount(name) ? null : ACCOUNT_RULE,
);

const listener = z.strictObject({
  address: text(LISTEN_RULE, (value) => {
    const parsed = parseListenAddress(value);
    return "problem" in parsed ? parsed.problem : null;
  }).describe("Where clients connect: host:port, [v6]:port, :port, unix:/path."),
  mode: text(
    FILE_MODE_RULE,
    (mode) => parseFileMode(mode) === null ? FILE_MODE_RULE : null,
  ).optional().describe(
    "Permissions of a unix-domain socket: who may write to it may connect. " +
      `${DEFAULTS.listener.mode} unless given.`,
  ),
  owner: account.optional().describe("User whom a unix-domain socket is given to; ours."),
  group: account.optional().describe("Group whom a unix-domain socket is given to; ours."),
}, "must be an address or a table with one");

const hostnameOrPath = "must be a host name, an IP address or the absolute path of a socket";

const variableName = text(
  "must be text",
  (name) =>
    name !== "" && !/[=\0]/.test(name) ? null : "a variable's name must have no = and not be empty",
);

const variableValue = text(
  "must be text",
  (value) => value.includes("\0") ? "must not hold a NUL character" : null,
);

const host = z.strictObject({
  host: text(hostnameOrPath, (value) => {
    if (!value.startsWith("/")) {
      const problem = misplacedInHost(value) ?? checkHostname(value);
      return problem === NO_HOST ? hostnameOrPath : problem;
    }
    const parsed = parseUnixPath(value);
    return "problem" in parsed ? parsed.problem : null;
  }).optional().describe(
    "Host name or IP address; the path of a unix-domain socket when it starts with /.",
  ),
  port: whole(1, 65535).optional().describe("TCP port."),
  socket: text("must be the path of a socket", (value) => {
    const misplaced = misplacedInSocket(value);
    if (misplaced !== null) return misplaced;
    const parsed = parseUnixPath(value);
    return "problem" in parsed ? parsed.problem : null;
  }).optional().describe(
    "Path of a unix-domain socket, in place of host and port; @name is abstract.",
  ),
  "bin-path": command().optional()
    .describe("Program and arguments to start when nothing listens at the address."),
  exec: command().optional()
    .describe("Program and arguments to start for each tunnel, spoken to over stdin and stdout."),
  "bin-environment": z.record(variableName, variableValue, "must be a table of variables")
    .optional()
    .describe("Variables added to the program's environment."),
  "bin-copy-environment": z.array(variableName, "must be a list of variable names").optional()
    .describe("Variables of our environment passed to the program; without it all are."),
  "min-procs": whole(0, 4096).default(DEFAULTS.host["min-procs"])
    .describe("Processes kept running."),
  "max-procs": whole(1, 4096).optional().describe(
    `Processes that may run at once; ${DEFAULTS.host["max-procs"]} with bin-path, ` +
      `${DEFAULTS.exec["max-procs"]} with exec.`,
  ),
  "max-procs-per-client": whole(0, 4096).optional().describe(
    "With exec: processes that clients of one address may have at once; 0: no such limit.",
  ),
  "max-load-per-proc": whole(1, 65535).default(DEFAULTS.host["max-load-per-proc"])
    .describe("Mean number of open tunnels a process above which another is started."),
  "idle-timeout": seconds(0).default(DEFAULTS.host["idle-timeout"])
    .describe("Seconds a process beyond min-procs may be unused before it is stopped."),
  "disable-time": seconds(0).default(DEFAULTS.host["disable-time"])
    .describe("Seconds a failed address is left alone."),
  "listen-backlog": whole(1, 65535).default(DEFAULTS.host["listen-backlog"])
    .describe("Backlog of the listening socket handed to a program (socket-handover)."),
  "kill-signal": oneOf(SIGNALS).default(DEFAULTS.host["kill-signal"])
    .describe("Signal that stops a started program."),
  "connect-timeout": seconds(0.1).default(DEFAULTS.host["connect-timeout"])
    .describe("Seconds to wait for a connection."),
  "read-timeout": seconds(0).default(DEFAULTS.host["read-timeout"])
    .describe("Seconds a backend may be silent before its tunnel ends; 0: no limit."),
  "write-timeout": seconds(0).default(DEFAULTS.host["write-timeout"])
    .describe("Seconds a backend may take no byte before its tunnel ends; 0: no limit."),
  "tcp-fin-propagate": z.boolean("must be true or false")
    .default(DEFAULTS.host["tcp-fin-propagate"])
    .describe("Whether a client's end of stream is passed on as a half-close."),
  "socket-handover": oneOf(["none", "stdin", "listen-fds"])
    .default(DEFAULTS.host["socket-handover"])
    .describe("How a program gets its listening socket: makes its own, as descriptor 0, as 3."),
}, "must be a table").meta({ id: "host" });

/** What holds for all routes under `[wstunnel]`, and for one in its own table. */
const routeSettings = {
  balance: oneOf(["fair", "least-connection", "round-robin", "hash", "sticky"])
    .describe("How a host is chosen among those that are up."),
  "frame-type": oneOf(["text", "binary"]).describe("Type of the frames sent to clients."),
  origins: z.array(text("must be text", checkOriginEntry), "must be a list of origins")
    .describe("Host names and origins admitted; empty admits all."),
  subprotocols: z.array(
    text("must be text", (value) => TOKEN.test(value) ? null : "must be a token (RFC 7230)"),
    "must be a list of subprotocols",
  ).describe(
    "Subprotocols accepted besides binary and base64; without it a lone mqtt, mqttv3.1, amqp or rfb.",
  ),
  "ping-interval": seconds(0).describe("Seconds between Pings; 0: none."),
};

const hostList = z.array(host).min(1, "must have at least one host");

/**
 * A route as a table: its settings, and its hosts as a list, or one host whose keys stand beside the settings. It stands at its
 * key of `wstunnel.server`, where lighttpd's forms stand as well, so that all keys are in one table and in file order, which
 * decides between two that match. What has a list of hosts there has no place for settings: TOML takes no table of a name that
 * has been a list.
 */
const route = z.strictObject({
  hosts: z.union([host, hostList], "must be a table or a list of tables").optional()
    .describe("Hosts to choose among, each a table."),
  ...z.object(routeSettings).partial().shape,
  ...host.shape,
}, "must be a table");

const wstunnel = z.strictObject({
  server: z.record(
    z.string(),
    z.union([route, hostList], "must be a table or a list of tables"),
    "must be a table of keys",
  ).default({}).describe("Backends by key: a path prefix when it starts with /, else a suffix."),
  balance: routeSettings.balance.default(DEFAULTS.wstunnel.balance),
  debug: debugLevel().default(DEFAULTS.wstunnel.debug).describe(
    "What is logged: none, error, warning, info or debug, or as a number from 0, 4 and above for debug.",
  ),
  "map-extensions": z.record(
    text("must be text", (key) => key === "" ? "a suffix must not be empty" : null),
    z.string("must be a key of wstunnel.server"),
    "must be a table",
  ).default({}).describe("From a path suffix to the key of wstunnel.server matched in its place."),
  "frame-type": routeSettings["frame-type"].default(DEFAULTS.wstunnel["frame-type"]),
  origins: routeSettings.origins.default([]),
  subprotocols: routeSettings.subprotocols.optional(),
  "ping-interval": routeSettings["ping-interval"].default(DEFAULTS.wstunnel["ping-interval"]),
  "max-buffer": byteSize(64 * 1024, 1024 ** 3).default(DEFAULTS.wstunnel["max-buffer"])
    .describe("Largest receive queue of a client in the native engine."),
  "buffer-size": byteSize(32 * 1024, 16 * 1024 ** 2).default(DEFAULTS.wstunnel["buffer-size"])
    .describe("Size of each of a tunnel's two buffers in the stream engine."),
}, "must be a table");

const HEALTH_RULE = "must be a path that starts with /, or empty for none";

function healthPathProblem(value: string): string | null {
  if (value === "") return null;
  if (!value.startsWith("/") || /[?#]/.test(value)) return HEALTH_RULE;
  const key = canonicalPath(value);
  return "problem" in key ? `${HEALTH_RULE}: ${key.problem}` : null;
}

const listenEntry = z.union([listenAddress, listener], "must be an address or a table with one");

const file = z.strictObject({
  listen: z.union([
    listenAddress,
    listener,
    z.array(listenEntry).min(1, "must have at least one address"),
  ], "must be an address or a list of addresses").default(DEFAULTS.listen)
    .describe("Where clients connect: host:port, [v6]:port, :port for all interfaces, unix:/path."),
  engine: oneOf(["native", "stream"]).default(DEFAULTS.engine)
    .describe("What carries the clients' WebSockets."),
  "log-format": oneOf(["text", "json"]).default(DEFAULTS["log-format"])
    .describe("Form of the log lines on standard error."),
  "grace-time": seconds(0).default(DEFAULTS["grace-time"])
    .describe("Seconds that open tunnels have to end after SIGTERM or SIGINT."),
  "handshake-timeout": seconds(0.1).default(DEFAULTS["handshake-timeout"])
    .describe("Seconds a client may take to send its request head."),
  "health-path": text(HEALTH_RULE, healthPathProblem).default(DEFAULTS["health-path"])
    .describe("Path where GET and HEAD are answered with 200 while we run; empty: none."),
  wstunnel: wstunnel.prefault({}).describe("The tunnel: routes, backends, frames."),
}, "must be a table");

/** A configuration file of the right form, its defaults filled in. */
export type FileConfig = z.output<typeof file>;

/** What stands at a key of `wstunnel.server`. */
export type FileRoute = FileConfig["wstunnel"]["server"][string];

/** One table of a list of hosts. */
export type FileHost = z.output<typeof host>;

/** Every key of a host. */
export const HOST_KEYS: readonly string[] = Object.keys(host.shape);

/** Checks the form of a whole configuration; the findings are all there are. */
export function checkForm(raw: unknown): { value: FileConfig } | { findings: Finding[] } {
  const result = file.safeParse(raw);
  if (result.success) return { value: result.data };
  const found = result.error.issues.flatMap((issue) => findingsOf(issue, [], raw));
  return { findings: found };
}

/** The JSON Schema of the file, for editors; draft 7 is the one they all know. */
export function jsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(file, { io: "input", target: "draft-7" });
}

function findingsOf(issue: z.core.$ZodIssue, above: Path, raw: unknown): Finding[] {
  const path = [...above, ...(issue.path as Path)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], rule: unknownKeyRule(path, key) }));
  }
  if (issue.code === "invalid_union") {
    const meant = issue.errors.filter((branch) => !branch.some(isWrongType));
    if (meant.length === 1) return meant[0]!.flatMap((inner) => findingsOf(inner, path, raw));
  }
  const rule = issue.code === "invalid_key" ? issue.issues[0]!.message : issue.message;
  return [finding(path, rule, issue.code === "invalid_key" ? undefined : valueAt(raw, path))];
}

/** Whether a branch of a union was not even meant. */
function isWrongType(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

function unknownKeyRule(table: Path, key: string): string {
  const homes = isHost(table) ? TABLES.toReversed() : TABLES;
  const home = homes.find(({ keys }) => keys.includes(key));
  if (home !== undefined && !isListener(table)) return `unknown key, it belongs ${home.place}`;
  const here = keysOfTable(table);
  const near = nearest(key, here);
  if (near !== null) return `unknown key, did you mean ${near}?`;
  return `unknown key, must be one of ${here.join(", ")}`;
}

/** The tables with fixed keys, from the outermost, and how a user is told where each is. */
const TABLES = [
  { place: "at the top of the file, above [wstunnel]", keys: Object.keys(file.shape) },
  { place: "under [wstunnel]", keys: Object.keys(wstunnel.shape) },
  { place: 'to a host, as under [[wstunnel.server."/key"]]', keys: HOST_KEYS },
  {
    place: 'to a route, under [wstunnel.server."/key"] with [[wstunnel.server."/key".hosts]] below',
    keys: ["hosts", ...Object.keys(routeSettings)],
  },
  { place: "to a listener, under [[listen]]", keys: Object.keys(listener.shape) },
] as const;

/** `wstunnel.server."/key"` may be a host and is always a route; what is deeper is a host. */
const ROUTE_DEPTH = 3;

function isHost(table: Path): boolean {
  return !isListener(table) && table.length > ROUTE_DEPTH;
}

function isListener([top]: Path): boolean {
  return top === "listen";
}

function keysOfTable(table: Path): readonly string[] {
  if (isListener(table)) return Object.keys(listener.shape);
  if (isHost(table)) return HOST_KEYS;
  return Object.keys(([file, wstunnel][table.length] ?? route).shape);
}

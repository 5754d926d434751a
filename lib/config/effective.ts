/**
 * A file of the right form to the effective configuration, and back: names, units and what is implied.
 *
 * @module
 */
import { type Address, type ParsedAddress, parseUnixPath } from "../base/address.ts";
import { formatByteSize, parseByteSize } from "../base/byte_size.ts";
import { LEVEL_NAMES } from "../base/log_level.ts";
import { canonicalPath } from "../base/request_path.ts";
import { msToSeconds, secondsToMs } from "../base/duration.ts";
import { splitCommandLine } from "./command_line.ts";
import type {
  Config,
  ExecTarget,
  HostConfig,
  ProgramConfig,
  RouteConfig,
  RouteSettings,
} from "./config.ts";
import { DEFAULTS } from "./defaults.ts";
import { toFileListener, toListen } from "./listen.ts";
import type { FileConfig, FileHost, FileRoute } from "./schema.ts";

/** Turns a configuration that broke no rule into the effective one. */
export function toConfig(file: FileConfig): Config {
  const { wstunnel } = file;
  const routeDefaults: RouteSettings = {
    balance: wstunnel.balance,
    frameType: wstunnel["frame-type"],
    origins: wstunnel.origins,
    subprotocols: wstunnel.subprotocols ?? null,
    pingIntervalMs: secondsToMs(wstunnel["ping-interval"]),
  };
  return {
    listen: [file.listen].flat().map(toListen),
    engine: file.engine,
    logFormat: file["log-format"],
    debug: toLevel(wstunnel.debug),
    graceMs: secondsToMs(file["grace-time"]),
    handshakeTimeoutMs: secondsToMs(file["handshake-timeout"]),
    healthPath: toHealthPath(file["health-path"]),
    routes: Object.entries(wstunnel.server).map(([key, route]) =>
      toRoute(key, route, routeDefaults)
    ),
    routeDefaults,
    mapExtensions: wstunnel["map-extensions"],
    maxBufferBytes: toBytes(wstunnel["max-buffer"]),
    bufferBytes: toBytes(wstunnel["buffer-size"]),
  };
}

function toRoute(key: string, route: FileRoute, defaults: RouteSettings): RouteConfig {
  if (Array.isArray(route)) return { key, hosts: route.map(toHost), ...defaults };
  const interval = route["ping-interval"];
  return {
    key,
    hosts: [route.hosts ?? route].flat().map(toHost),
    balance: route.balance ?? defaults.balance,
    frameType: route["frame-type"] ?? defaults.frameType,
    origins: route.origins ?? defaults.origins,
    subprotocols: route.subprotocols ?? defaults.subprotocols,
    pingIntervalMs: interval === undefined ? defaults.pingIntervalMs : secondsToMs(interval),
  };
}

function toHost(host: FileHost): HostConfig {
  const program = host["bin-path"] === undefined ? undefined : toProgram(host, host["bin-path"]);
  return {
    target: host.exec === undefined ? toAddress(host) : toExec(host, host.exec),
    ...(program && { program }),
    disableTimeMs: secondsToMs(host["disable-time"]),
    connectTimeoutMs: secondsToMs(host["connect-timeout"]),
    readTimeoutMs: secondsToMs(host["read-timeout"]),
    writeTimeoutMs: secondsToMs(host["write-timeout"]),
    tcpFinPropagate: host["tcp-fin-propagate"],
  };
}

function toAddress(host: FileHost): Address {
  const socket = host.socket ?? (host.host?.startsWith("/") ? host.host : undefined);
  if (socket !== undefined) return expectAddress(parseUnixPath(socket));
  return { transport: "tcp", hostname: host.host ?? DEFAULTS.host.host, port: host.port! };
}

function toExec(host: FileHost, command: string | string[]): ExecTarget {
  return {
    transport: "exec",
    command: toWords(command),
    environment: host["bin-environment"] ?? {},
    copyEnvironment: host["bin-copy-environment"] ?? null,
    maxProcs: host["max-procs"] ?? DEFAULTS.exec["max-procs"],
    maxProcsPerClient: host["max-procs-per-client"] ?? null,
    killSignal: host["kill-signal"],
  };
}

function toProgram(host: FileHost, command: string | string[]): ProgramConfig {
  return {
    command: toWords(command),
    environment: host["bin-environment"] ?? {},
    copyEnvironment: host["bin-copy-environment"] ?? null,
    minProcs: host["min-procs"],
    maxProcs: host["max-procs"] ?? DEFAULTS.host["max-procs"],
    maxLoadPerProc: host["max-load-per-proc"],
    idleTimeoutMs: secondsToMs(host["idle-timeout"]),
    listenBacklog: host["listen-backlog"],
    killSignal: host["kill-signal"],
    handover: host["socket-handover"],
  };
}

function toHealthPath(text: string): string {
  const canonical = text === "" ? { path: "" } : canonicalPath(text);
  if ("problem" in canonical) {
    throw new TypeError(`The schema let a path pass: ${canonical.problem}`);
  }
  return canonical.path;
}

function expectAddress(parsed: ParsedAddress): Address {
  if ("problem" in parsed) throw new TypeError(`The schema let an address pass: ${parsed.problem}`);
  return parsed.address;
}

function toWords(command: string | string[]): readonly string[] {
  const split = typeof command === "string" ? splitCommandLine(command) : { words: command };
  if ("problem" in split) throw new TypeError(`The schema let a command pass: ${split.problem}`);
  return split.words;
}

function toBytes(size: number | string): number {
  return typeof size === "number" ? size : parseByteSize(size)!;
}

function toLevel(level: FileConfig["wstunnel"]["debug"]): number {
  return typeof level === "number" ? level : LEVEL_NAMES.indexOf(level);
}

/** What the values of environment variables are shown as: they may be passwords. */
export const HIDDEN = "***";

/** Turns an effective configuration into the tables of a file that means the same, all but the {@linkcode HIDDEN} values. */
export function toFile(config: Config): Record<string, unknown> {
  const settings = toFileSettings(config.routeDefaults);
  return {
    listen: config.listen.map(toFileListener),
    engine: config.engine,
    "log-format": config.logFormat,
    "grace-time": msToSeconds(config.graceMs),
    "handshake-timeout": msToSeconds(config.handshakeTimeoutMs),
    "health-path": config.healthPath,
    wstunnel: {
      debug: config.debug,
      ...settings,
      "max-buffer": formatByteSize(config.maxBufferBytes),
      "buffer-size": formatByteSize(config.bufferBytes),
      "map-extensions": config.mapExtensions,
      server: Object.fromEntries(
        config.routes.map((route) => [route.key, toFileRoute(route, settings)]),
      ),
    },
  };
}

/** The list of its hosts, or where it has settings of its own a table with these. */
function toFileRoute(route: RouteConfig, defaults: Record<string, unknown>): unknown {
  const hosts = route.hosts.map(toFileHost);
  const own = Object.entries(toFileSettings(route))
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key]));
  return own.length === 0 ? hosts : { ...Object.fromEntries(own), hosts };
}

function toFileSettings(settings: RouteSettings): Record<string, unknown> {
  return {
    balance: settings.balance,
    "frame-type": settings.frameType,
    origins: settings.origins,
    ...(settings.subprotocols && { subprotocols: settings.subprotocols }),
    "ping-interval": msToSeconds(settings.pingIntervalMs),
  };
}

function toFileHost(host: HostConfig): Record<string, unknown> {
  const { target, program } = host;
  return {
    ...(target.transport === "tcp" && { host: target.hostname, port: target.port }),
    ...(target.transport === "unix" && { socket: target.path.replace(/^\0/, "@") }),
    ...(target.transport === "exec" && toFileExec(target)),
    "disable-time": msToSeconds(host.disableTimeMs),
    "connect-timeout": msToSeconds(host.connectTimeoutMs),
    "read-timeout": msToSeconds(host.readTimeoutMs),
    "write-timeout": msToSeconds(host.writeTimeoutMs),
    "tcp-fin-propagate": host.tcpFinPropagate,
    ...(program && {
      "bin-path": program.command,
      "min-procs": program.minProcs,
      "max-load-per-proc": program.maxLoadPerProc,
      "idle-timeout": msToSeconds(program.idleTimeoutMs),
      "listen-backlog": program.listenBacklog,
      "socket-handover": program.handover,
      ...toFileChild(program),
    }),
  };
}

function toFileExec(target: ExecTarget): Record<string, unknown> {
  const share = target.maxProcsPerClient;
  return {
    exec: target.command,
    ...toFileChild(target),
    ...(share !== null && { "max-procs-per-client": share }),
  };
}

/** The options that both kinds of started programs have. */
function toFileChild(child: ExecTarget | ProgramConfig): Record<string, unknown> {
  const names = Object.keys(child.environment);
  return {
    "max-procs": child.maxProcs,
    "kill-signal": child.killSignal,
    ...(child.copyEnvironment && { "bin-copy-environment": child.copyEnvironment }),
    ...(names.length > 0 && {
      "bin-environment": Object.fromEntries(names.map((name) => [name, HIDDEN])),
    }),
  };
}

/**
 * What the log says of each event: level, message, fields. Fields stand in the line in the order they are given here.
 *
 * @module
 */
import { formatAddress } from "../../base/address.ts";
import { SHORTAGES } from "../../base/exhaustion.ts";
import { describeExit } from "../../base/exit.ts";
import type { LogFields } from "../../base/logger.ts";
import { isWarning } from "../../tunnel/cause.ts";
import { OPCODE_NAMES } from "../../websocket/frame.ts";
import type {
  Event,
  EventKind,
  EventOf,
  RefusalCause,
  TunnelIdentity,
  TunnelProgress,
} from "../event.ts";

export interface Line {
  /** `answer`: what somebody asked for just now, written at every level but none. */
  readonly level: "error" | "warn" | "info" | "debug" | "answer";
  readonly message: string;
  readonly fields: LogFields;
  /** Of what anybody can cause as often as he likes: the line that stands for many of the same fields. */
  readonly summary?: { readonly message: string; readonly fields: LogFields };
}

/** The line of an event; null: it has none. */
export function lineOf(event: Event): Line | null {
  return (LINES[event.kind] as (event: Event) => Line | null)(event);
}

type Lines = { readonly [Kind in EventKind]: (event: EventOf<Kind>) => Line | null };

const error = (message: string, fields: LogFields = {}): Line => ({
  level: "error",
  message,
  fields,
});
const warn = (message: string, fields: LogFields = {}): Line => ({
  level: "warn",
  message,
  fields,
});
const info = (message: string, fields: LogFields = {}): Line => ({
  level: "info",
  message,
  fields,
});
const debug = (message: string, fields: LogFields): Line => ({ level: "debug", message, fields });
const answer = (message: string, fields: LogFields): Line => ({ level: "answer", message, fields });

/** What the lines that sum up many say in place of the one. */
export const MORE_REFUSED = "more requests refused";
const MORE_ENDED = "more connections ended";
const MORE_DROPPED = "more connections dropped";
const MORE_LEFT = "more clients went away before the upgrade";

const LINES: Lines = {
  "configuration-warning": ({ text }) => warn(text),
  "sigusr1-unguarded": ({ standalone, reason }) =>
    warn(standalone ? SIGUSR1_ENDS : SIGUSR1_OPENS, { reason }),
  "debugger-open": () => error(DEBUGGER_OPEN),
  "listening": ({ address, engine, tls }) =>
    info(`listening on ${formatAddress(address)}`, { engine, ...(tls && { tls }) }),
  "listener-closed": ({ address }) => info(`no longer listening on ${formatAddress(address)}`),
  "admin-listening": ({ address }) => info(`admin at ${formatAddress(address)}`),
  "connections-bounded": ({ maxConnections, maxPerClient, descriptors, room }) => {
    const fields = {
      ...(maxPerClient > 0 && { perClient: maxPerClient }),
      ...(descriptors !== null && { descriptors }),
    };
    const most = maxConnections === 0
      ? "any number of connections"
      : `at most ${plural(maxConnections, "connection")} at once`;
    if (descriptors === null || room === null) return info(most, fields);
    return maxConnections === 0 || maxConnections > room
      ? warn(
        `${most}, and descriptors for ${room}: raise ulimit -n or lower max-connections`,
        fields,
      )
      : info(most, fields);
  },
  "listen-failed": ({ problem }) => error(problem),
  "ready": () => null,
  "reload-begun": ({ by }) => info("reading the configuration again", { by }),
  "reload-change": ({ change }) => info(change),
  "reloaded": ({ changes }) => info("the configuration holds from now on", { changes }),
  "reload-problem": ({ problem }) => error(problem),
  "reload-refused": ({ problems }) =>
    error("the configuration is wrong, the one before it still holds", { problems }),
  "runtime-limited": ({ limit, deno }) => warn(limit, { deno }),
  "accept-failed": ({ reason }) => error("cannot accept connections", { reason }),
  "signal": ({ signal, tunnels }) => info(`${signal}: ending`, { tunnels }),
  "grace-over": ({ tunnels }) =>
    warn("the grace time is over: open tunnels are cut off", { tunnels }),
  "defect": ({ error: thrown }) =>
    error("a defect in wstunnel, please report it", { reason: stackOf(thrown) }),

  "file-renewed": ({ file }) => info("file has been renewed", { file }),
  "file-failed": ({ file, reason }) =>
    error("file can't be used, what it held before still holds", { file, reason }),
  "keys-renewed": ({ url, keys }) => info("keys have been renewed", { url, keys }),
  "keys-failed": ({ url, reason, held }) =>
    error(
      held
        ? "keys can't be renewed, former ones still hold"
        : "keys can't be had, no token is taken",
      {
        url,
        reason,
      },
    ),

  "request-refused": ({ client, via, asked, cause, status, reason, why }) => {
    const kind = { status, reason };
    const fields = { client, via, ...asked, ...(why !== undefined && { why }), ...kind };
    if (isOutage(cause)) return debug("request refused", fields);
    return {
      ...info("request refused", fields),
      summary: { message: MORE_REFUSED, fields: kind },
    };
  },
  "proxy-header-refused": ({ client, reason }) => ({
    ...info("connection ended", { client, reason }),
    summary: { message: MORE_ENDED, fields: { reason } },
  }),
  "connection-dropped": ({ client, limit, pending }) => ({
    ...info("connection dropped", { client, limit, pending }),
    summary: { message: MORE_DROPPED, fields: { limit, pending } },
  }),
  "health-asked": ({ client, via, asked }) => debug("health asked", { client, via, ...asked }),
  "client-left": ({ client, via, user, route, asked, backend, pid }) => ({
    ...info("client went away before the upgrade", {
      client,
      via,
      user: user ?? undefined,
      route,
      ...asked,
      backend,
      pid,
    }),
    summary: { message: MORE_LEFT, fields: {} },
  }),

  "tls-refused": ({ client, via, reason }) => ({
    ...info("no TLS connection", { client, via, reason }),
    summary: { message: "more became no TLS connection", fields: { reason } },
  }),
  "certificate-renewed": ({ path, expires }) =>
    info("certificate renewed", { path, expires: new Date(expires).toISOString() }),
  "certificate-refused": ({ problem }) =>
    error("the changed certificate can't be used, the one before it still is", { reason: problem }),
  "certificate-ending": ({ path, words }) => warn(`certificate ${words}`, { path }),

  "tunnel-opened": (event) => info("tunnel opened", namesOf(event)),
  "tunnel-closed": (event) => {
    const { code, cause, reason } = event;
    const fields = {
      ...progressOf(event),
      code,
      cause,
      reason: reason === "" ? undefined : reason,
    };
    return isWarning(cause) ? warn("tunnel closed", fields) : info("tunnel closed", fields);
  },
  "frame": ({ client, way, opcode, bytes }) =>
    debug(`frame ${way}`, { client, type: OPCODE_NAMES[opcode], bytes }),
  "greeting-mismatch": ({ tunnel, client, route, backend, protocol }) =>
    warn(
      `the backend speaks ${protocol}, which is binary, and the frames are text: set frame-type = "binary"`,
      { id: tunnel, client, route, backend, protocol },
    ),

  "dialled": () => null,
  // Of a single host the route's own line tells everything.
  "host-down": ({ route, backend, reason, only }) =>
    only ? null : warn("backend is down", { route, backend, reason }),
  "host-up": ({ route, backend, only }) =>
    only ? null : info("backend is up again", { route, backend }),
  "host-drained": ({ kind: _, ...fields }) =>
    info("backend is drained: no new tunnel is sent there", { ...fields }),
  "host-enabled": ({ kind: _, ...fields }) =>
    info("backend is enabled: tunnels are sent there again", { ...fields }),
  "route-down": ({ route, reason }) =>
    error("every backend of the route is down", { route, reason }),
  "route-up": ({ route, backend }) => info("route has a backend again", { route, backend }),
  "target-down": ({ route, backend, reason }) => ({
    ...warn("target is down", { route, backend, reason }),
    summary: { message: "more targets are down", fields: { route } },
  }),
  "target-up": ({ route, backend }) => ({
    ...info("target is up again", { route, backend }),
    summary: { message: "more targets are up again", fields: { route } },
  }),
  "targets-read": ({ route, source, tokens }) => info("targets read", { route, source, tokens }),
  "targets-line-wrong": ({ route, source, line, problem, more }) =>
    warn("a line of the targets is left out", {
      route,
      source,
      line,
      problem,
      more: more === 0 ? undefined : more,
    }),
  "targets-unreadable": ({ route, source, problem }) =>
    error("the targets cannot be read", { route, source, problem }),
  "targets-down": ({ route, reason }) => ({
    ...error("the targets of the route cannot be asked for", { route, reason }),
    summary: { message: "the targets of the route come and go", fields: { route } },
  }),
  "targets-up": ({ route }) => ({
    ...info("the targets of the route can be asked for again", { route }),
    summary: { message: "the targets of the route come and go", fields: { route } },
  }),
  "shortage": ({ shortage, route, backend, reason }) =>
    error(`${SHORTAGES[shortage]} to connect a backend`, { route, backend, reason }),

  "process-started": () => null,
  "process-ended": () => null,
  "program-started": ({ program, pid, again }) =>
    info(again ? "program is up again" : "program is up", { program, pid }),
  "program-failed": ({ program, reason, output }) =>
    error("program can't start", { program, reason, output: output.join("\n") }),
  "program-ended": ({ program, pid, exit, tunnels }) =>
    warn("program has ended", { program, pid, exit: describeExit(exit), tunnels }),
  "program-foreign": ({ program }) =>
    info("something listens already, no program is started", { name: program }),
  "program-surplus": ({ program }) => info("surplus program is stopped", { program }),
  "program-let-go": ({ program }) => info("program of no backend any more is stopped", { program }),
  "program-replaced": ({ program, pid }) =>
    info("program has changed and is replaced", { program, pid }),
  "exec-failed": ({ kind: _, exit, wanted, ...names }) => {
    const fields = { ...names, exit: describeExit(exit) };
    return wanted ? warn("program has failed", fields) : info("program has ended", fields);
  },
  // In a field: as the message it could pass for one of ours.
  "program-output": ({ kind: _, stream, line, ...names }) =>
    info("output", { ...names, stream, line }),
  "program-output-left-out": ({ kind: _, lines, ...names }) =>
    info("output left out", { ...names, lines }),
  "guard-missing": ({ reason }) =>
    warn("programs will outlive wstunnel if it is killed with SIGKILL", { reason }),
  "reaper-missing": ({ reason }) => warn("orphaned processes will stay as zombies", { reason }),
  "orphan-reaped": ({ pid }) => debug("orphaned process reaped", { pid }),

  "report-begun": ({ openTunnels, backends }) => answer("report", { openTunnels, backends }),
  "report-backend": ({ kind: _, pid, disabledUntil, drained, isTarget: __, ...row }) =>
    answer("backend", {
      ...row,
      ...(drained && { state: "drained" }),
      pid: pid ?? undefined,
      disabledUntil: disabledUntil === null ? undefined : new Date(disabledUntil).toISOString(),
    }),
  "report-tunnel": (event) => answer("tunnel", progressOf(event)),
  "report-ended": ({ tunnels }) => answer("end of report", { tunnels }),
};

const SIGUSR1_ENDS = "SIGUSR1 ends the program";
const SIGUSR1_OPENS =
  "never send SIGUSR1: it opens the runtime's debugger, by which any local user can run code as ours";
const DEBUGGER_OPEN =
  "SIGUSR1 has opened the runtime's debugger while this was being loaded, and nothing closes it: start again";

/** An outage itself is in the log once, each request that it refuses only for those who look for it. */
function isOutage(cause: RefusalCause): boolean {
  return cause === "down" || cause === "aborted";
}

/** The same fields when a tunnel opens, while it is open and when it is over. */
function namesOf({ id, client, via, user, route, asked, backend, pid }: TunnelIdentity) {
  return { id, client, via, user: user ?? undefined, route, ...asked, backend, pid };
}

/** Payload bytes to the backend are `up`, to the client `down`. */
function progressOf(tunnel: TunnelProgress) {
  const { seconds, upBytes, downBytes } = tunnel;
  return { ...namesOf(tunnel), seconds, up: upBytes, down: downBytes };
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
}

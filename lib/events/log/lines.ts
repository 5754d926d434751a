/**
 * What the log says of each event: level, message, fields. Fields stand in the line in the order they are given here.
 *
 * @module
 */
import { formatAddress } from "../../base/address.ts";
import { SHORTAGES } from "../../base/exhaustion.ts";
import { describeExit } from "../../base/exit.ts";
import type { Event, EventKind } from "../event.ts";
import { ACCESS_LINES, progressOf } from "./access_lines.ts";
import { answer, debug, error, info, type Line, type LinesOf, warn } from "./line.ts";
import { OUTPUT_LINES } from "./output_lines.ts";

/** Of whom a line is: of clients, of what programs print, or our own. */
export type LineClass = "access" | "output" | "own";

/** Each kind of event is in one of the three tables: the compiler asks for it. */
type OwnKind = Exclude<EventKind, keyof typeof ACCESS_LINES | keyof typeof OUTPUT_LINES>;

const OWN_LINES: LinesOf<OwnKind> = {
  "configuration-warning": ({ text }) => warn(text),
  "sigusr1-unguarded": ({ standalone, reason }) =>
    warn(standalone ? SIGUSR1_ENDS : SIGUSR1_OPENS, { reason }),
  "debugger-open": () => error(DEBUGGER_OPEN),
  "listening": ({ address, engine, tls }) =>
    info(`listening on ${formatAddress(address)}`, { engine, ...(tls && { tls }) }),
  "engine-fallback": ({ engine, reason }) => info(`engine = "auto" takes ${engine}`, { reason }),
  "listener-closed": ({ address }) => info(`no longer listening on ${formatAddress(address)}`),
  "admin-refused": ({ by, status, reason }) => ({
    ...info("admin request refused", { by, status, reason }),
    summary: { message: "more admin requests refused", fields: { status } },
  }),
  "tunnel-end-asked": ({ tunnel, by }) => info("an operator ends a tunnel", { id: tunnel, by }),
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
    error("the reload is refused, the configuration before it still holds", { problems }),
  "runtime-limited": ({ limit, deno }) => warn(limit, { deno }),
  "accept-failed": ({ reason }) => error("cannot accept connections", { reason }),
  "manager-untold": ({ reason }) =>
    warn("the service manager can't be told of us (NOTIFY_SOCKET)", { reason }),
  "signal": ({ signal, tunnels }) => info(`${signal}: ending`, { tunnels }),
  "last-call": ({ reason, tunnels }) => info(`${reason}: ending`, { tunnels }),
  "draining": ({ milliseconds, tunnels }) =>
    info("draining", { seconds: milliseconds / 1000, tunnels }),
  "drain-over": ({ tunnels }) =>
    info("the drain time is over: open tunnels are told to end", { tunnels }),
  "grace-over": ({ tunnels }) =>
    warn("the grace time is over: open tunnels are cut off", { tunnels }),
  "worker-failed": ({ worker, tunnels, reason }) =>
    error("a worker has ended, and its tunnels with it: please report it", {
      worker,
      tunnels,
      reason,
    }),
  "worker-silent": ({ worker, tunnels }) =>
    error("a worker doesn't answer: its tunnels may stand still", { worker, tunnels }),
  "worker-back": ({ worker }) => info("a worker answers again", { worker }),
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

  "certificate-renewed": ({ path, expires }) =>
    info("certificate renewed", { path, expires: new Date(expires).toISOString() }),
  "certificate-refused": ({ problem }) =>
    error("the changed certificate can't be used, the one before it still is", { reason: problem }),
  "certificate-ending": ({ path, words }) => warn(`certificate ${words}`, { path }),

  "greeting-mismatch": ({ tunnel, client, route, backend, protocol }) =>
    warn(
      `the backend speaks ${protocol}, which is binary, and the frames are text: set frame-type = "binary"`,
      { id: tunnel, client, route, backend, protocol },
    ),

  "dialled": () => null,
  // Of a single host the route's own line tells everything.
  "host-down": ({ route, backend, reason, only }) =>
    only ? null : {
      ...warn("backend is down", { route, backend, reason }),
      summary: { ...hostComesAndGoes(route, backend), now: "down" },
    },
  "host-up": ({ route, backend, only }) =>
    only ? null : {
      ...info("backend is up again", { route, backend }),
      summary: { ...hostComesAndGoes(route, backend), now: "up" },
    },
  "host-drained": ({ kind: _, ...fields }) =>
    info("backend is drained: no new tunnel is sent there", { ...fields }),
  "host-enabled": ({ kind: _, ...fields }) =>
    info("backend is enabled: tunnels are sent there again", { ...fields }),
  "route-down": ({ route, reason }) => ({
    ...error("every backend of the route is down", { route, reason }),
    summary: { ...comeAndGo("backends", route), now: "down" },
  }),
  "route-up": ({ route, backend }) => ({
    ...info("route has a backend again", { route, backend }),
    summary: { ...comeAndGo("backends", route), now: "up" },
  }),
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
    summary: { ...comeAndGo("targets", route), now: "down" },
  }),
  "targets-up": ({ route }) => ({
    ...info("the targets of the route can be asked for again", { route }),
    summary: { ...comeAndGo("targets", route), now: "up" },
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
  "exit-with-program": ({ program, exit }) =>
    info("program has ended, and wstunnel ends with it", { program, exit: describeExit(exit) }),
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

const LINES: LinesOf<EventKind> = { ...OWN_LINES, ...ACCESS_LINES, ...OUTPUT_LINES };

/** The line of an event; null: it has none. */
export function lineOf(event: Event): Line | null {
  return (LINES[event.kind] as (event: Event) => Line | null)(event);
}

/** Of whom the lines of a kind are. */
export function classOf(kind: EventKind): LineClass {
  if (kind in ACCESS_LINES) return "access";
  return kind in OUTPUT_LINES ? "output" : "own";
}

/** What keeps the program from starting: it is said on standard error, wherever the log goes. */
export const FATAL: readonly EventKind[] = ["listen-failed", "debugger-open"];

const SIGUSR1_ENDS = "SIGUSR1 ends the program";
const SIGUSR1_OPENS =
  "never send SIGUSR1: it opens the runtime's debugger, by which any local user can run code as ours";
const DEBUGGER_OPEN =
  "SIGUSR1 has opened the runtime's debugger while this was being loaded, and nothing closes it: start again";

function comeAndGo(what: string, route: string) {
  return { message: `the ${what} of the route come and go`, fields: { route } };
}

function hostComesAndGoes(route: string, backend: string) {
  return { message: "the backend comes and goes", fields: { route, backend } };
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
}

/**
 * What the admin listener is asked for, by path and method.
 *
 * @module
 */
import { COMMIT, VERSION } from "../../base/version.ts";
import { toFile } from "../../config/effective.ts";
import type { Metrics } from "../../events/metrics/metrics.ts";
import { CONTENT_TYPE } from "../../events/metrics/text.ts";
import { peerWords } from "../../events/words.ts";
import type { AdminContext } from "./admin.ts";
import type { Meant } from "../../backend/drained.ts";
import { type JsonObject, readJson } from "./body.ts";
import { answer, failure, json, JSON_TYPE, jsonBytes, nothing, plain } from "./answers.ts";
import type { Monitor } from "./monitor.ts";
import { pageRoutes } from "./page.ts";
import { readProcess } from "./process.ts";
import { backendRow, statusOf, tunnelRow } from "./rows.ts";
import { shared } from "./shared.ts";
import type { Streams } from "./stream.ts";

/** A request that may be answered. */
export interface Ask {
  readonly body: Uint8Array<ArrayBuffer>;
  /** What stands in the path in place of `*`. */
  readonly rest: string;
  /** Who asks, for the log. */
  readonly by: string;
}

type Handle = (ask: Ask) => Response | Promise<Response>;

export type Method = "GET" | "POST" | "DELETE";

/** By path, whose last segment may be `*`; GET is HEAD's as well. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Handle>>>>>;

export interface RouteOptions extends AdminContext {
  readonly monitor: Monitor;
  readonly metrics: Metrics;
  readonly streams: Streams;
}

export function createRoutes(options: RouteOptions): Routes {
  const { server, config, reload, events, monitor, metrics, streams } = options;
  const { registry } = server;

  function setDrained({ body, by }: Ask, drained: boolean): Response {
    const read = readJson(body);
    if ("problem" in read) return failure(400, read.problem);
    const meant = meantBy(read.value);
    if (meant === null) return failure(400, MEANT_RULE);
    const changed = server.setDrained({ ...meant, drained, by });
    return changed > 0 ? json({ changed }) : failure(404, noBackend(meant));
  }

  const started = Math.round(performance.timeOrigin);
  const build = { version: VERSION, commit: COMMIT ?? "", deno: Deno.version.deno };
  const metricsText = shared(() => {
    const process = readProcess();
    const droppedLines = events.dropped();
    return metrics.text({ ...server.gauges(), build, droppedLines, process });
  });
  const tunnels = shared(() =>
    jsonBytes({
      tunnels: [...registry].map((tunnel) => tunnelRow(tunnel, monitor.ratesOf(tunnel))),
    })
  );
  const backends = shared(() => jsonBytes({ backends: server.report().map(backendRow) }));
  return {
    ...pageRoutes(),
    "/healthz": { GET: () => plain("ok") },
    "/readyz": {
      GET() {
        const { phase } = server;
        return phase === "serving" ? plain("ok") : plain(phase, 503);
      },
    },
    "/metrics": {
      GET: async () => answer(200, CONTENT_TYPE, await metricsText()),
    },
    "/api/status": {
      GET: () => json(statusOf(server, { started, reloaded: monitor.reloaded }, VERSION)),
    },
    "/api/tunnels": {
      GET: async () => answer(200, JSON_TYPE, await tunnels()),
    },
    "/api/tunnels/*": {
      DELETE({ rest, by }) {
        const tunnel = [...registry].find(({ id }) => String(id) === rest);
        if (tunnel === undefined) {
          return failure(404, `there is no tunnel ${JSON.stringify(peerWords(rest))}`);
        }
        events.emit({ kind: "tunnel-end-asked", tunnel: tunnel.id, by });
        tunnel.end("operator");
        return nothing();
      },
    },
    "/api/backends": { GET: async () => answer(200, JSON_TYPE, await backends()) },
    "/api/backends/drain": { POST: (ask) => setDrained(ask, true) },
    "/api/backends/enable": { POST: (ask) => setDrained(ask, false) },
    "/api/config": { GET: () => json(toFile(config(), false)) },
    "/api/reload": {
      async POST({ by }) {
        const reloaded = await reload(by);
        return json(reloaded, "problems" in reloaded ? 422 : 200);
      },
    },
    "/api/events": { GET: () => streams.open() },
  };
}

const MEANT_RULE = 'the body must be {"backend": "127.0.0.1:5900"}, and may have a "route" as well';

function meantBy({ backend, route, ...others }: JsonObject): Meant | null {
  const isRight = typeof backend === "string" && Object.keys(others).length === 0 &&
    (route === undefined || typeof route === "string");
  return isRight ? { backend, route } : null;
}

function noBackend({ backend, route }: Meant): string {
  const where = route === undefined ? "" : ` of ${JSON.stringify(peerWords(route))}`;
  const name = JSON.stringify(peerWords(backend));
  return `there is no backend ${name}${where}: wstunnel backends lists them`;
}

/** The handler of a request, or why there is none. */
export function find(
  routes: Routes,
  method: string,
  path: string,
): { readonly handle: Handle; readonly rest: string } | Response {
  const slash = path.lastIndexOf("/");
  const rest = path.slice(slash + 1);
  const methods = Object.hasOwn(routes, path)
    ? routes[path]!
    : rest === "" || rest === "*"
    ? undefined
    : routes[`${path.slice(0, slash)}/*`];
  if (methods === undefined) return failure(404, "there is nothing at this path");
  const handle = methods[(method === "HEAD" ? "GET" : method) as Method];
  if (handle !== undefined && Object.hasOwn(methods, method === "HEAD" ? "GET" : method)) {
    return { handle, rest };
  }
  const allow = Object.keys(methods).flatMap((name) => name === "GET" ? ["GET", "HEAD"] : [name]);
  return failure(405, `this path takes ${allow.join(", ")}`, { allow: allow.join(", ") });
}

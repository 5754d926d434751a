/**
 * What a configuration is made into, and swapped whole for another: rules, routes, pools and limits.
 *
 * A request is answered by the generation that is there when its head has come, a tunnel keeps the one that it began with: its host, times,
 * frame type. Hosts and programs live beside the generations (`lib/backend/hosts.ts`): what the next one names as well is kept, with its load and
 * its outage; what it doesn't name is let go once nobody asks it any more, and its programs are stopped with their last tunnels. So do files that are
 * watched, key sets, right passwords and connections to who knows where tokens lead (`lib/access/kept.ts`).
 *
 * @module
 */
import type { Access } from "../access/access.ts";
import { createAccess } from "../access/create.ts";
import { createKept, type Holding } from "../access/kept.ts";
import { createTargets, type Targets } from "../access/targets/targets.ts";
import { secretParameters } from "../access/secret_parameters.ts";
import type { EventOf, ProcReport } from "../events/event.ts";
import type { PoolHost } from "../backend/host.ts";
import type { Hosts } from "../backend/hosts.ts";
import { createPool, type RoutePool } from "../backend/pool.ts";
import { canonicalKey } from "../base/request_path.ts";
import type { Config, RouteConfig } from "../config/config.ts";
import type { Limits, TunnelLimits } from "../engine/door.ts";
import type { Emit } from "../events/events.ts";
import { tickFor } from "../engine/sweep.ts";
import type { Trust } from "../http/forwarded.ts";
import { boundsOf, type ConnectionBounds, roomIn } from "../limits/bounds.ts";
import { workersOf } from "./engine_choice.ts";
import { ownDescriptorLimit } from "../sys/descriptor_limit.ts";
import { healthPathBeside } from "../http/health.ts";
import { compileOrigins } from "../http/origin.ts";
import { compileRoutes } from "../http/route.ts";
import type { VerdictRules } from "../http/verdict.ts";

export interface Generation {
  readonly rules: VerdictRules;
  /** Who may speak for others. */
  readonly trust: Trust;
  /** Whether any route admits some origins only. */
  readonly checksOrigins: boolean;
  /** By key of `wstunnel.server`. */
  readonly pools: ReadonlyMap<string, RoutePool>;
  /** By key of `wstunnel.server`, of those that not everybody may enter. */
  readonly access: ReadonlyMap<string, Access>;
  /** By key of `wstunnel.server`, of those whose requests say where they lead. */
  readonly targets: ReadonlyMap<string, Targets>;
  /** By key of `wstunnel.server`. */
  readonly tunnelLimits: ReadonlyMap<string, TunnelLimits>;
  /** By key of `wstunnel.server`: the parameters of a query that hold secrets. */
  readonly secrets: ReadonlyMap<string, readonly string[]>;
  /** Who may have files, of those that not everybody may have: by key of `wstunnel.server`, and for paths of none by an empty one. */
  readonly fileAccess: ReadonlyMap<string, Access>;
  readonly limits: Limits;
  readonly bounds: ConnectionBounds;
  /** How many tunnels may be opened in all; 0: any number. */
  readonly exitAfterTunnels: number;
  /** How often its tunnels are to be looked at. */
  readonly tickMs: number;
  readonly graceMs: number;
  /** Null: none at the end of the program, and for ever where a reload has removed a route. */
  readonly drainMs: number | null;
}

/** What generations are made over. */
interface Ground {
  readonly hosts: Hosts;
  /** What is kept for this one. */
  readonly holding: Holding;
  readonly emit: Emit;
}

/** Makes a generation over the hosts that live; nothing changes before these are its own. */
function createGeneration(config: Config, { hosts, holding, emit }: Ground): Generation {
  const { routes, mapExtensions, healthPath, graceMs, drainMs, exitAfterTunnels } = config;
  const { handshakeTimeoutMs, maxHeadBytes, maxBufferBytes, web } = config;
  const table = compileRoutes(
    routes.map((route) => ({
      ...route,
      origins: compileOrigins(route.origins),
      files: route.web === undefined ? null : { config: route.web, prefix: prefixOf(route) },
      filesAlone: route.hosts.length === 0 && route.targets === undefined,
    })),
    mapExtensions,
  );
  return {
    trust: { proxies: config.trustedProxies, header: config.forwardedHeader },
    rules: {
      table,
      healthPath: healthPathBeside(healthPath, table),
      web: web === undefined ? null : { ...config.routeDefaults, config: web, prefix: "" },
    },
    checksOrigins: routes.some(({ origins }) => origins.length > 0),
    pools: new Map(routes.map((route) => [route.key, createPool(route, hosts, emit)])),
    access: createAccess(routes, holding, emit),
    targets: createTargets(routes, holding, emit),
    tunnelLimits: new Map(routes.map((route) => [route.key, route])),
    bounds: boundsOf(config, roomFor(config)),
    secrets: new Map(routes.map((route) => [route.key, secretParameters(route)])),
    fileAccess: createAccess(fileAuthOf(config), holding, emit),
    limits: { handshakeTimeoutMs, maxHeadBytes, maxBufferBytes },
    exitAfterTunnels,
    tickMs: tickFor(timesOf(config)),
    graceMs,
    drainMs,
  };
}

/** A key that no path can match has no canonical form. */
function prefixOf({ key }: RouteConfig): string {
  const canonical = canonicalKey(key);
  return "path" in canonical ? canonical.path : key;
}

/** What files are asked for by: what their own table says, or else their route's, or else that of all. */
function fileAuthOf({ routes, routeDefaults, web }: Config): Pick<RouteConfig, "key" | "auth">[] {
  return [...routes, { ...routeDefaults, key: "", web }].flatMap(({ key, auth, web: own }) => {
    const files = own ?? web;
    return files === undefined ? [] : [{ key, auth: files.auth === undefined ? auth : files.auth }];
  });
}

/** How many tunnels there are descriptors for; null: nobody knows. */
function roomFor(config: Config): number | null {
  const startsPrograms = config.routes.some(({ hosts }) =>
    hosts.some(({ target }) => target.transport === "exec")
  );
  const descriptors = ownDescriptorLimit();
  return descriptors === null ? null : roomIn(descriptors, startsPrograms, workersOf(config));
}

/** What is told of it at the start. */
export function connectionsBounded(config: Config): EventOf<"connections-bounded"> {
  const room = roomFor(config);
  const { maxConnections, client } = boundsOf(config, room);
  const maxPerClient = client.maxConnections;
  const descriptors = ownDescriptorLimit();
  return { kind: "connections-bounded", maxConnections, maxPerClient, descriptors, room };
}

/** The times that tunnels are watched for. */
function timesOf({ routes }: Config): number[] {
  return routes.flatMap((route) => [
    route.pingIntervalMs,
    route.tunnelIdleTimeoutMs,
    route.maxLifetimeMs,
    ...[...route.hosts, route.targets?.host ?? []].flat().flatMap((host) => [
      host.readTimeoutMs,
      host.writeTimeoutMs,
    ]),
  ]);
}

/** The generation that holds, and the way to the next. */
export interface Generations {
  readonly current: Generation;
  /** Starts what the current one keeps running; resolves once that accepts connections or is known not to. */
  start(): Promise<void>;
  /**
   * Makes the next generation of a configuration, all of it or, where it throws, nothing: of all keys but `listen`, `engine`, the log's
   * and `buffer-size`. Whether this Deno can do what it asks for is for the caller to know (`lib/control/runtime.ts`).
   */
  prepare(config: Config): NextGeneration;
  /** Has all files that the current one watches looked at at once. */
  look(): void;
  /** Lets go of what the current one watches. */
  close(): void;
  /** Of all routes. */
  readonly hosts: readonly PoolHost[];
  /** The rows of the current hosts, and of former ones that have yet to end. */
  report(): ProcReport[];
}

/** A generation that is made and doesn't hold: one of the two is to be called. */
export interface NextGeneration {
  /** It holds from now on; gives the one that did until now. */
  commit(): Generation;
  /** It is not to hold: nothing of it stays. */
  abandon(): void;
}

/** A generation with what is kept for it. */
interface Held {
  readonly generation: Generation;
  readonly holding: Holding;
}

export function createGenerations(config: Config, hosts: Hosts, emit: Emit): Generations {
  const kept = createKept();
  let current = create(config);
  hosts.adopt(current.generation, current.generation.pools);
  const start = () => hosts.start();

  function create(config: Config): Held {
    const holding = kept.hold();
    try {
      return { generation: createGeneration(config, { hosts, holding, emit }), holding };
    } catch (error) {
      holding.release();
      throw error;
    }
  }

  function commit(next: Held): Generation {
    const last = current;
    try {
      hosts.adopt(next.generation, next.generation.pools);
    } catch (error) {
      hosts.adopt(last.generation, last.generation.pools);
      hosts.release(next.generation);
      next.holding.release();
      throw error;
    }
    current = next;
    const settled = [...last.generation.pools.values()].map((pool) => pool.settled());
    void Promise.all(settled).then(() => hosts.release(last.generation));
    last.holding.release();
    void start();
    return last.generation;
  }

  return {
    get current() {
      return current.generation;
    },
    start,
    prepare(config) {
      const next = create(config);
      return { commit: () => commit(next), abandon: next.holding.release };
    },
    look: kept.look,
    close: () => current.holding.release(),
    get hosts() {
      return [...current.generation.pools.values()].flatMap(({ hosts }) => hosts);
    },
    report: () => [
      ...[...current.generation.pools.values()].flatMap((pool) => pool.report()),
      ...hosts.draining(),
    ],
  };
}

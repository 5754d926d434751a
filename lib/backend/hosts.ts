/**
 * All hosts that live, with what is known of them and the programs they run: they outlive the configurations that name them.
 *
 * A host is there from the first configuration that names it (`adopt`) until none does, whose last request has been answered (`release`), and its
 * last tunnel has ended.
 *
 * @module
 */
import type { HostConfig } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { createGuard } from "../process/guard.ts";
import type { ProcReport } from "../events/event.ts";
import { ExecHost } from "./exec_host.ts";
import { createFixedHost, type Host, type PoolHost } from "./host.ts";
import { type Outages, unknownOutages } from "./outages.ts";
import { createProcs } from "./procs.ts";
import { ProgramHost } from "./program_host.ts";
import { createTargetStates, type TargetStates } from "./target_states.ts";
import { tlsClosed } from "./tls.ts";

/** What lives of a route. */
export interface RouteState {
  readonly outages: Outages;
  /** The place of the host chosen last, -1 at first. */
  lastIndex: number;
  readonly targets: TargetStates;
}

export interface Hosts {
  /** Whether {@linkcode Hosts.stop} has been called. */
  readonly stopping: boolean;
  /** Whether one of them starts programs. */
  readonly startsPrograms: boolean;
  /** The host of an identity, or a new one, which is none of the hosts before it is adopted. */
  find(identity: string, config: HostConfig): Host;
  /** What lives of a route; as with hosts, a new one is none yet. */
  findRoute(key: string): RouteState;
  /** From now on these are the hosts that are configured; `owner` is what names them. */
  adopt(owner: object, routes: ReadonlyMap<string, AdoptedRoute>): void;
  /** Starts what the adopted hosts keep running. */
  start(): Promise<void>;
  /** `owner` asks its hosts no more: those that no other names are let go. */
  release(owner: object): void;
  /** The rows of hosts that are configured no more and have yet to end. */
  draining(): ProcReport[];
  /** Stops every program that was started, by the deadline; resolves when none is left. */
  stop(): Promise<void>;
}

/** A route of a configuration. */
export interface AdoptedRoute {
  readonly state: RouteState;
  readonly hosts: readonly PoolHost[];
}

interface Entry {
  readonly route: string;
  readonly live: Host;
  /** The configurations that may still ask it. */
  readonly owners: Set<object>;
}

export function createHosts(events: Events): Hosts {
  const guard = createGuard(events.emit);
  const entries = new Map<string, Entry>();
  let routes = new Map<string, RouteState>();
  /** Those that are configured no more, and whose targets have tunnels. */
  const former = new Map<RouteState, string>();
  let configured = new Set<string>();
  let stopping: Promise<void> | null = null;
  const procs = createProcs({ events, guard, loadAt });

  /** The tunnels of hosts that only connect to an address. */
  function loadAt(name: string): number {
    const there = [...entries.values()].filter(({ live }) => live.connectsTo === name);
    return there.reduce((sum, { live }) => sum + live.load, 0);
  }

  function create({ target, program }: HostConfig): Host {
    if (target.transport === "exec") return new ExecHost({ events, guard });
    if (program !== undefined) return new ProgramHost(target, procs);
    const onRelease = () => procs.released(host.connectsTo!);
    const host: Host = createFixedHost(target, { emit: events.emit, onRelease });
    return host;
  }

  /** Forgets those of which nothing is left. */
  function prune(): void {
    for (const [identity, { live, owners }] of entries) {
      if (owners.size === 0 && !isInUse(live)) entries.delete(identity);
    }
    procs.prune();
    for (const state of former.keys()) {
      if (state.targets.report().length === 0) former.delete(state);
    }
    const left = new Set([...entries.values()].map(({ live }) => live));
    for (const { outages: { down } } of routes.values()) {
      for (const host of down) if (!left.has(host)) down.delete(host);
    }
  }

  async function stopAll(): Promise<void> {
    const stops = [...entries.values()].map(({ live }) => live.stop());
    await Promise.all([...stops, procs.end()]);
    await guard.close();
    await tlsClosed();
  }

  return {
    get stopping() {
      return stopping !== null;
    },
    get startsPrograms() {
      return [...entries.values()].some(({ live }) => live.connectsTo === null);
    },
    find: (identity, config) => entries.get(identity)?.live ?? create(config),
    findRoute: (key) =>
      routes.get(key) ??
        { outages: unknownOutages(), lastIndex: -1, targets: createTargetStates() },
    adopt(owner, adopted) {
      for (const [key, state] of routes) former.set(state, key);
      routes = new Map([...adopted].map(([key, { state }]) => [key, state]));
      for (const state of routes.values()) former.delete(state);
      const hosts = [...adopted.values()].flatMap(({ hosts }) => hosts);
      configured = new Set(hosts.map(({ identity }) => identity));
      for (const host of hosts) {
        const { identity, route, live } = host;
        const entry = entries.get(identity) ?? { route, live, owners: new Set() };
        entries.set(identity, entry);
        entry.owners.add(owner);
        live.keep(host);
      }
      prune();
    },
    async start() {
      const kept = [...configured].map((identity) => entries.get(identity)!.live);
      await Promise.all(kept.map((live) => live.start()));
    },
    release(owner) {
      for (const { live, owners } of entries.values()) {
        if (owners.delete(owner) && owners.size === 0) live.letGo();
      }
      prune();
    },
    draining() {
      prune();
      const rows = [...entries].filter(([identity]) => !configured.has(identity))
        .flatMap(([, { route, live }]) => rowsInUse(live).map((row) => ({ route, ...row })));
      const ofTargets = [...former].flatMap(([{ targets }, route]) =>
        targets.report().map((row) => ({ route, ...row }))
      );
      return [...rows, ...ofTargets].map((row) => ({ ...row, state: "draining" }));
    },
    stop: () => stopping ??= stopAll(),
  };
}

function rowsInUse(live: Host) {
  return live.report().filter(({ load, pid }) => load > 0 || pid !== null);
}

function isInUse(live: Host): boolean {
  return live.load > 0 || rowsInUse(live).length > 0;
}

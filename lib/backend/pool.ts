/**
 * The hosts behind one route of a configuration: chooses one for each tunnel, goes on to the next when it fails, and tells of outages once.
 *
 * @module
 */
import { isShortage } from "../base/exhaustion.ts";
import { Later } from "../base/later.ts";
import type { RouteConfig } from "../config/config.ts";
import type { Emit } from "../events/events.ts";
import { type Standing, whyFull } from "./address.ts";
import type { ConnectFailure, ConnectRequest, ConnectResult, Pool } from "./backend.ts";
import type { PoolHost } from "./host.ts";
import { nameHosts } from "./host_name.ts";
import type { AdoptedRoute, Hosts } from "./hosts.ts";
import { hostIdentities } from "./identity.ts";
import { createOutageTeller } from "./outages.ts";
import { type Candidate, choose } from "./policies.ts";
import { createTargetPool } from "./target_pool.ts";
import { createWaiters } from "./waiters.ts";

/** A pool, and what {@linkcode Hosts.adopt} takes of it. */
export interface RoutePool extends Pool, AdoptedRoute {}

/** Makes the pool of a route over the hosts that live and those that are new; it asks nobody before it has been adopted. */
export function createPool(route: RouteConfig, known: Hosts, emit: Emit): RoutePool {
  const state = known.findRoute(route.key);
  const { key, targets } = route;
  if (targets !== undefined) return createTargetPool({ key, ...targets }, state, emit);
  const hosts = poolHosts(route, known);
  const outages = createOutageTeller(route.key, hosts, state.outages, emit);
  const waiters = createWaiters();
  let asking = 0;
  let onSettled: PromiseWithResolvers<void> | null = null;

  /** Each host that is not down is asked at most once, the doubtful ones last. */
  function ask(request: ConnectRequest): Later<ConnectResult> {
    const left = hosts.map(() => true);
    const failures: ConnectFailure[] = [];
    const answer = new Later<ConnectResult>();
    const settle = (result: ConnectResult) => {
      if (--asking === 0) onSettled?.resolve();
      answer.tell(result);
    };
    const askNext = () => {
      const host = known.stopping ? null : next(request, left);
      if (host === null) return settle({ ok: false, failure: noneOf(left, failures) });
      // Where there is no other nobody fails for what others meet.
      const asked = hosts.length === 1
        ? host.live.connect(request, host)
        : waiters.ask(host, request, () => candidates(hosts, left, "ready").length > 0);
      if (!(asked instanceof Later)) request.dialler?.onRuntime?.();
      asked.then((result) => {
        if (result.ok) {
          outages.recovered(host);
          return settle(result);
        }
        if (result.kind === "aborted") return settle({ ok: false, failure: result });
        if (result.kind === "down") outages.failed(host, result.reason);
        if (isShortage(result.kind)) outages.short(host, result.kind, result.reason);
        failures.push({ kind: result.kind, reason: `${host.name}: ${result.reason}` });
        askNext();
      });
    };
    askNext();
    return answer;
  }

  /** The next one to ask, which is none of those that are left then. */
  function next(request: ConnectRequest, left: boolean[]): PoolHost | null {
    const ready = candidates(hosts, left, "ready");
    const asked = ready.length > 0 ? ready : candidates(hosts, left, "doubtful");
    const { peer, authority, path } = request;
    const { lastIndex } = state;
    const selection = { clientAddress: peer.address, authority, path, lastIndex };
    const chosen = choose(route.balance, asked, selection);
    if (chosen === null) return null;
    state.lastIndex = chosen.index;
    left[chosen.index] = false;
    return hosts[chosen.index]!;
  }

  function noneOf(left: readonly boolean[], failures: readonly ConnectFailure[]): ConnectFailure {
    const full = hosts.flatMap((host, index) => left[index] ? fullness(host) : []);
    if (known.stopping) return { kind: "aborted", reason: "stopping" };
    return outages.summed([...failures, ...full]);
  }

  return {
    hosts,
    state,
    connect(request) {
      asking++;
      return ask(request);
    },
    settled: () =>
      asking === 0 ? Promise.resolve() : (onSettled ??= Promise.withResolvers()).promise,
    report: () =>
      hosts.flatMap(({ live }) => {
        const { drained } = live;
        return live.report().map((row) => ({ route: route.key, ...row, drained }));
      }),
  };
}

function poolHosts(route: RouteConfig, known: Hosts): PoolHost[] {
  const names = nameHosts(route.hosts.map(({ target }) => target));
  const identities = hostIdentities(route);
  return route.hosts.map((config, at) => ({
    name: names[at]!.shown,
    hashed: names[at]!.identity,
    identity: identities[at]!,
    route: route.key,
    config,
    live: known.find(identities[at]!, config),
  }));
}

/** That of a host which was passed over, since it is full. */
function fullness({ name, live, config }: PoolHost): ConnectFailure[] {
  const isOut = live.drained || live.standing === "down";
  const reason = isOut ? null : whyFull(live.load, config);
  return reason === null ? [] : [{ kind: "full", reason: `${name}: ${reason}` }];
}

/** Those that may be asked, of the ones that are left. */
function candidates(
  hosts: readonly PoolHost[],
  left: readonly boolean[],
  standing: Standing,
): Candidate[] {
  const found: Candidate[] = [];
  for (const [index, { hashed: identity, config, live }] of hosts.entries()) {
    if (!left[index]) continue;
    const { load } = live;
    if (whyFull(load, config) !== null || live.drained || live.standing !== standing) continue;
    found.push({ index, identity, load });
  }
  return found;
}

/**
 * The hosts behind one route: chooses one for each tunnel, goes on to the next when it fails, and tells of outages once.
 *
 * @module
 */
import { isShortage } from "../base/exhaustion.ts";
import type { HostConfig, RouteConfig } from "../config/config.ts";
import type { Events } from "../events/events.ts";
import { createGuard, type Guard } from "../process/guard.ts";
import type { Standing } from "./address.ts";
import type { ConnectFailure, ConnectRequest, ConnectResult, Pool } from "./backend.ts";
import { ExecHost } from "./exec_host.ts";
import { createFixedHost, type Host } from "./host.ts";
import { type HostName, nameHosts } from "./host_name.ts";
import { createOutages } from "./outages.ts";
import { choose } from "./policies.ts";
import { ProgramHost } from "./program_host.ts";
import { createWaiters } from "./waiters.ts";

export function createPool(route: RouteConfig, events: Events): Pool {
  const guard = createGuard(events.emit);
  const names = nameHosts(route.hosts.map((config) => config.target));
  const hosts = route.hosts.map((config, at) =>
    createHost(config, { name: names[at]!.shown, route: route.key, events, guard })
  );
  const outages = createOutages(route.key, hosts, events.emit);
  const waiters = createWaiters();
  let lastIndex = -1;
  let stopping: Promise<void> | null = null;

  /** Each host that is not down is asked at most once, the doubtful ones last. */
  async function connect(request: ConnectRequest): Promise<ConnectResult> {
    const left = new Set(hosts.keys());
    const failures: ConnectFailure[] = [];
    while (stopping === null) {
      const ready = candidates(hosts, names, left, "ready");
      const asked = ready.length > 0 ? ready : candidates(hosts, names, left, "doubtful");
      const chosen = choose(route.balance, asked, { ...selectionOf(request), lastIndex });
      if (chosen === null) break;
      lastIndex = chosen.index;
      left.delete(chosen.index);
      const host = hosts[chosen.index]!;
      const hasOther = () => candidates(hosts, names, left, "ready").length > 0;
      const result = await waiters.ask(host, request, hasOther);
      if (result.ok) {
        outages.recovered(host);
        return result;
      }
      if (result.kind === "aborted") return { ok: false, failure: result };
      if (result.kind === "down") outages.failed(host, result.reason);
      if (isShortage(result.kind)) outages.short(host, result.kind, result.reason);
      failures.push({ kind: result.kind, reason: `${host.name}: ${result.reason}` });
    }
    if (stopping !== null) return { ok: false, failure: { kind: "aborted", reason: "stopping" } };
    return { ok: false, failure: outages.summed(failures) };
  }

  async function stopAll(): Promise<void> {
    await Promise.all(hosts.map((host) => host.stop()));
    await guard.close();
  }

  return {
    start: async () => {
      await Promise.all(hosts.map((host) => host.start()));
    },
    connect,
    report: () =>
      hosts.flatMap((host) => host.report().map((row) => ({ route: route.key, ...row }))),
    stop: () => stopping ??= stopAll(),
  };
}

interface HostSetting {
  /** As it is told of. */
  readonly name: string;
  readonly route: string;
  readonly events: Events;
  readonly guard: Guard;
}

function createHost(config: HostConfig, setting: HostSetting): Host {
  const { target, program } = config;
  const { events, guard } = setting;
  if (target.transport === "exec") return new ExecHost({ ...setting, config, target });
  if (program !== undefined) return new ProgramHost(config, target, program, events, guard);
  return createFixedHost(config, target);
}

function candidates(
  hosts: readonly Host[],
  names: readonly HostName[],
  left: ReadonlySet<number>,
  standing: Standing,
) {
  return hosts
    .map(({ load }, index) => ({ index, identity: names[index]!.identity, load }))
    .filter(({ index }) => left.has(index) && hosts[index]!.standing === standing);
}

function selectionOf({ clientAddress, authority, path }: ConnectRequest) {
  return { clientAddress, authority, path };
}

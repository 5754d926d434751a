/**
 * Hosts that an operator takes out, so that somebody can work on them: they are sent no new tunnel, whatever the policy, and those that are open live
 * on. It is the live host's, so that a reload changes nothing of it.
 *
 * @module
 */
import type { Emit } from "../events/events.ts";
import type { PoolHost } from "./host.ts";

/** Which hosts are meant: of a route, or of all. */
export interface Meant {
  /** As the log has it; of a host with programs also the address of one of them. */
  readonly backend: string;
  readonly route?: string | undefined;
}

export interface Change extends Meant {
  /** Or takes it back in, and tries it again at once if it had failed. */
  readonly drained: boolean;
  /** Who wants it, for the log. */
  readonly by: string;
}

/** Gives how many hosts that are. */
export function setDrained(
  hosts: readonly PoolHost[],
  { drained, by, ...meant }: Change,
  emit: Emit,
): number {
  const found = hosts.filter((host) => isMeant(host, meant));
  for (const { name: backend, route, live } of found) {
    const isNews = live.drained !== drained || (!drained && live.standing !== "ready");
    live.drained = drained;
    if (!drained) live.forgive();
    if (!isNews) continue;
    emit(
      drained
        ? { kind: "host-drained", route, backend, by, tunnels: live.load }
        : { kind: "host-enabled", route, backend, by },
    );
  }
  return found.length;
}

function isMeant({ name, route, live }: PoolHost, meant: Meant): boolean {
  if (meant.route !== undefined && meant.route !== route) return false;
  return name === meant.backend || live.report().some(({ backend }) => backend === meant.backend);
}

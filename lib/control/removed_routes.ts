/**
 * The tunnels of routes that a reload has removed: they end `drain-time` after it, unless their route has come back by then.
 *
 * @module
 */
import type { Generation, Generations } from "./generation.ts";
import type { Registry } from "./registry.ts";

export interface RemovedRoutes {
  /** Another generation holds from now on, and no longer this one. */
  follow(last: Pick<Generation, "pools">): void;
  /** Whether the time of a route is over: a tunnel that begins now by a request from before has none. */
  isOver(route: string): boolean;
  /** Ends none any more. */
  close(): void;
}

export function createRemovedRoutes(
  generations: Pick<Generations, "current">,
  registry: Registry,
): RemovedRoutes {
  /** When the tunnels of a route are to end, of those that have yet to. */
  const due = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function endDue(): void {
    const nowMs = performance.now();
    for (const [route, dueMs] of due) if (dueMs <= nowMs) due.delete(route);
    for (const tunnel of registry) if (isOver(tunnel.route)) tunnel.end("route-removed");
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (due.size === 0) return;
    timer = setTimeout(endDue, Math.max(0, Math.min(...due.values()) - performance.now()));
    // The program's end doesn't wait for it.
    Deno.unrefTimer(timer);
  }

  function isOver(route: string): boolean {
    const { pools, drainMs } = generations.current;
    return drainMs !== null && !pools.has(route) && !due.has(route);
  }

  return {
    isOver,
    follow(last) {
      const { pools, drainMs } = generations.current;
      const before = new Map(due);
      due.clear();
      if (drainMs !== null) {
        const dueMs = performance.now() + drainMs;
        const open = [...registry].map(({ route }) => route);
        for (const route of new Set([...before.keys(), ...last.pools.keys(), ...open])) {
          if (!pools.has(route)) due.set(route, Math.min(before.get(route) ?? Infinity, dueMs));
        }
      }
      schedule();
    },
    close: () => clearTimeout(timer),
  };
}

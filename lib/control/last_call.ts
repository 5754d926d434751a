/**
 * When the program ends by itself, as `exit-idle-time`, `exit-after-time`, `exit-after-tunnels` and a program's `on-exit` say: then it takes no more connections, and
 * open tunnels go on to their own ends.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Event, LastCallReason } from "../events/event.ts";
import type { Sink } from "../events/events.ts";
import type { Changeable } from "./change.ts";

/** What of a configuration it goes by; 0: it is no reason to end. */
export type ExitConfig = Pick<Config, "exitIdleMs" | "exitAfterMs" | "exitAfterTunnels">;

export interface LastCallOptions {
  readonly config: ExitConfig;
  /** For how long no connection has been there; null: there is one. */
  readonly idleForMs: () => number | null;
}

export interface LastCall extends Changeable {
  /** Is told of what happens. */
  readonly sink: Sink;
  /** Resolves, once, when the time has come. */
  readonly due: Promise<Due>;
}

export interface Due {
  readonly reason: LastCallReason;
  /** Of a program that a signal has ended 128 and its number, as a shell has it. */
  readonly exitCode: number;
}

/** A timer takes no more than 24.8 days. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

export function createLastCall({ config: first, idleForMs }: LastCallOptions): LastCall {
  const { promise: due, resolve } = Promise.withResolvers<Due>();
  const call = (reason: LastCallReason, exitCode = 0) => resolve({ reason, exitCode });
  let config = first;
  let readyAtMs: number | null = null;
  let tunnels = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const look = () => {
    clearTimeout(timer);
    if (readyAtMs === null) return;
    const { exitIdleMs, exitAfterMs, exitAfterTunnels } = config;
    if (exitAfterTunnels > 0 && tunnels >= exitAfterTunnels) return call("exit-after-tunnels");
    // Where somebody is there now, it can be idle for so long no sooner than in that time.
    const idleInMs = exitIdleMs > 0 ? exitIdleMs - (idleForMs() ?? 0) : Infinity;
    if (idleInMs <= 0) return call("exit-idle-time");
    const afterInMs = exitAfterMs > 0 ? exitAfterMs - (performance.now() - readyAtMs) : Infinity;
    if (afterInMs <= 0) return call("exit-after-time");
    const nextMs = Math.min(idleInMs, afterInMs);
    if (nextMs < Infinity) timer = setTimeout(look, Math.min(Math.ceil(nextMs), LONGEST_MS));
  };
  const take = (event: Event) => {
    if (event.kind === "exit-with-program") return call("on-exit", event.exit.code);
    if (event.kind === "ready") readyAtMs = performance.now();
    else if (event.kind === "tunnel-opened") tunnels++;
    else return;
    if (event.kind === "ready" || config.exitAfterTunnels > 0) look();
  };
  return {
    sink: { take, wants: () => false, close: () => clearTimeout(timer) },
    due,
    prepare: (next) => ({
      commit() {
        const { exitIdleMs, exitAfterMs, exitAfterTunnels } = next;
        config = { exitIdleMs, exitAfterMs, exitAfterTunnels };
        look();
      },
      abandon() {},
    }),
  };
}

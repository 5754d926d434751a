/**
 * What goes on, looked at once a second while somebody may ask: the bytes of each tunnel, and of all of them the samples of the last minutes.
 *
 * @module
 */
import type { Event, ProcReport } from "../../events/event.ts";
import type { Sink } from "../../events/events.ts";
import type { OpenTunnel, Registry } from "../registry.ts";
import type { Rates } from "./rows.ts";
import type { Sample } from "./shapes.ts";

const EVERY_MS = 1_000;

/** Five minutes. */
const SAMPLES = 300;

export interface MonitorOptions {
  readonly registry: Registry;
  readonly backends: () => readonly Pick<ProcReport, "state" | "drained">[];
}

export interface Monitor {
  /** To be told of everything, from when it is made. */
  readonly sink: Sink;
  /** When a reload was last taken, as Unix time in milliseconds; null: none was. */
  readonly reloaded: number | null;
  /** The oldest first. */
  readonly history: readonly Sample[];
  ratesOf(tunnel: OpenTunnel): Rates;
  /** Is told of each sample from now on; gives what ends that. */
  follow(take: (sample: Sample) => void): () => void;
  /** The event loop was so late at a look. */
  late(lateMs: number): void;
  start(): void;
  /** Forgets what it has seen. */
  stop(): void;
}

/** What was seen of a tunnel last. */
interface Seen {
  up: number;
  down: number;
  upRate: number;
  downRate: number;
}

const NO_RATES: Rates = { upRate: 0, downRate: 0 };

export function createMonitor({ registry, backends }: MonitorOptions): Monitor {
  const seen = new Map<number, Seen>();
  const followers = new Set<(sample: Sample) => void>();
  const history: Sample[] = [];
  let since = { opened: 0, refused: 0, up: 0, down: 0 };
  let reloaded: number | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let lagMs = 0;
  let lastMs = 0;

  function take(event: Event): void {
    switch (event.kind) {
      case "tunnel-opened":
        since.opened++;
        break;
      case "tunnel-closed": {
        const last = seen.get(event.id);
        since.up += event.upBytes - (last?.up ?? 0);
        since.down += event.downBytes - (last?.down ?? 0);
        seen.delete(event.id);
        break;
      }
      case "request-refused":
      case "connection-dropped":
      case "proxy-header-refused":
      case "tls-refused":
        since.refused++;
        break;
      case "reloaded":
        reloaded = Date.now();
        break;
    }
  }

  /** Adds what a tunnel has moved since the last look. */
  function look({ id, flow: { upBytes, downBytes } }: OpenTunnel, seconds: number): void {
    let last = seen.get(id);
    if (last === undefined) seen.set(id, last = { up: 0, down: 0, upRate: 0, downRate: 0 });
    const up = upBytes - last.up;
    const down = downBytes - last.down;
    since.up += up;
    since.down += down;
    last.up = upBytes;
    last.down = downBytes;
    last.upRate = Math.round(up / seconds);
    last.downRate = Math.round(down / seconds);
  }

  function sample(): void {
    const nowMs = performance.now();
    const seconds = (nowMs - lastMs) / 1000;
    lastMs = nowMs;
    for (const tunnel of registry) look(tunnel, seconds);
    const next: Sample = {
      time: Date.now(),
      tunnels: registry.size,
      ...since,
      lagMs: Math.round(lagMs),
      backends: byState(backends()),
    };
    since = { opened: 0, refused: 0, up: 0, down: 0 };
    lagMs = 0;
    history.push(next);
    if (history.length > SAMPLES) history.shift();
    for (const follower of followers) follower(next);
  }

  return {
    sink: { take, wants: () => false },
    get reloaded() {
      return reloaded;
    },
    history,
    ratesOf: ({ id }) => seen.get(id) ?? NO_RATES,
    follow(follower) {
      followers.add(follower);
      return () => void followers.delete(follower);
    },
    late: (lateMs) => void (lagMs = Math.max(lagMs, lateMs)),
    start() {
      if (timer !== undefined) return;
      // What tunnels have moved before is none of the first second's.
      for (const { id, flow } of registry) {
        seen.set(id, { up: flow.upBytes, down: flow.downBytes, upRate: 0, downRate: 0 });
      }
      since = { opened: 0, refused: 0, up: 0, down: 0 };
      lastMs = performance.now();
      timer = setInterval(sample, EVERY_MS);
      // The program's end doesn't wait for it.
      Deno.unrefTimer(timer);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      seen.clear();
      history.length = 0;
    },
  };
}

function byState(
  rows: readonly Pick<ProcReport, "state" | "drained">[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state, drained } of rows) {
    const shown = drained ? "drained" : state;
    counts[shown] = (counts[shown] ?? 0) + 1;
  }
  return counts;
}

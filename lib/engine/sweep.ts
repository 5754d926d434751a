/**
 * One ticking timer for all tunnels: a timer each would wake the process thousands of times a second.
 *
 * Its clock leaves out the time in which nobody listened, the process having been stopped or its machine asleep; and any
 * tick that comes late lets in what has come meanwhile, and the next one looks.
 *
 * @module
 */
import { Chain, type Link } from "../base/chain.ts";
import { LATE_MS } from "../base/deadline.ts";
import { nowMs as clockMs } from "../base/turn_clock.ts";
import { endFallen, type Fallible } from "./defect.ts";

/** Looks at what time has run out. */
export interface Ticking extends Fallible {
  tick(nowMs: number): void;
  /** The sweep's own, which it is in. */
  ticked?: Link<Ticked> | null;
}

/** One that is ticked at least every `everyMs`. */
export interface Ticked {
  readonly ticking: Ticking;
  readonly everyMs: number;
}

/** Ticks what is added, with the time of its clock, until it is taken out again. */
export interface Sweep {
  /** The clock: that of `performance.now()` without the time left out. */
  readonly nowMs: () => number;
  /** It is ticked every `tickMs`, or more often: as others ask for, or the sweep's own time says. */
  add(ticking: Ticking, tickMs?: number): void;
  delete(ticking: Ticking): void;
  /** Lets no metronome run from now on while there is nothing to tick. */
  close(): void;
}

/** Calls something every so many milliseconds. */
export interface Metronome {
  /** Begins, or goes on with another pause: the next call comes so long from now. */
  start(everyMs: number, call: () => void): void;
  stop(): void;
}

export interface SweepOptions {
  /** Called once at each tick. */
  readonly afterTicks?: (nowMs: number) => void;
  /** @default a timer of the runtime's */
  readonly metronome?: Metronome;
  /** Told of what a tick has thrown; who was ticked is told as well. @default whoever listens for errors that nobody has caught */
  readonly onDefect?: (error: unknown) => void;
}

/** A timer of the runtime's. */
export function createInterval(): Metronome {
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    start(everyMs, call) {
      clearInterval(timer);
      timer = setInterval(call, everyMs);
    },
    stop: () => clearInterval(timer),
  };
}

/** A tick that comes so late was not held up by work alone: the process stood still. */
const STOPPED_MS = 100;

export const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/** A tick that sees each of the given times, 0 meaning none, to a quarter of it. */
export function tickFor(timesMs: readonly number[]): number {
  let shortest = 4 * LONGEST_TICK_MS;
  for (const time of timesMs) if (time > 0 && time < shortest) shortest = time;
  return Math.max(shortest / 4, SHORTEST_TICK_MS);
}

/**
 * The metronome runs only while there is something to tick, and up to the tick behind that: what comes and goes one at a time would begin and end it
 * each time.
 */
export function createSweep(longestMs: number, options: SweepOptions = {}): Sweep {
  const { afterTicks, metronome = createInterval(), onDefect = reportError } = options;
  const all = new Chain<Ticked>();
  let tickMs = longestMs;
  let runs = false;
  let tickedAtMs = 0;
  let leftOutMs = 0;
  let letIn = false;
  let isClosed = false;
  /** Gives by how much the tick that was due is late, and counts from now on to the next. */
  const takeTime = () => {
    const lateMs = performance.now() - tickedAtMs - tickMs;
    tickedAtMs = performance.now();
    // What a busy moment takes is time like any other.
    if (lateMs >= STOPPED_MS) leftOutMs += lateMs;
    return lateMs;
  };
  const stop = () => {
    metronome.stop();
    runs = false;
  };
  /** A defect costs whom it meets, and nobody else a look. */
  const look = (ticking: Ticking, nowMs: number) => {
    try {
      ticking.tick(nowMs);
    } catch (error) {
      endFallen(ticking, error, onDefect);
    }
  };
  const tick = () => {
    if (all.size === 0) return stop();
    const isLate = takeTime() >= LATE_MS;
    // Not twice in a row: a machine that is always behind must come to a look as well.
    letIn = isLate && !letIn;
    if (letIn) return;
    const nowMs = tickedAtMs - leftOutMs;
    for (const { ticking } of all) look(ticking, nowMs);
    afterTicks?.(nowMs);
    // Only here: others that come and go would put each tick off.
    let neededMs = longestMs;
    for (const { everyMs } of all) neededMs = Math.min(neededMs, everyMs);
    if (neededMs > tickMs && runs) start(neededMs);
  };
  const start = (everyMs: number) => {
    if (runs) takeTime();
    else tickedAtMs = performance.now();
    runs = true;
    tickMs = everyMs;
    metronome.start(tickMs, tick);
  };
  const take = (ticking: Ticking) => {
    if (ticking.ticked) all.delete(ticking.ticked);
    ticking.ticked = null;
  };
  return {
    nowMs: () => clockMs() - leftOutMs,
    add(ticking, askedMs = longestMs) {
      const ownMs = Math.min(askedMs, longestMs);
      take(ticking);
      ticking.ticked = all.add({ ticking, everyMs: ownMs });
      if (!runs || ownMs < tickMs) start(ownMs);
    },
    delete(ticking) {
      take(ticking);
      if (isClosed && all.size === 0) stop();
    },
    close() {
      isClosed = true;
      if (all.size === 0) stop();
    },
  };
}

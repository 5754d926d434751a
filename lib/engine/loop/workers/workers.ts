/**
 * The threads that carry tunnels. The first is started once the program listens, each further one when all that there are have something to carry; a tunnel goes to
 * the one that has the fewest. Until one is there, and where tunnels are brief, the main thread carries it at first (`young.ts`).
 *
 * @module
 */
import { type Emit } from "../../../events/events.ts";
import { hasSpare } from "../../../sys/open_descriptors.ts";
import type { Libc } from "../../../sys/libc.ts";
import type { Sweep } from "../../sweep.ts";
import { createTrimmer } from "../../trimmer.ts";
import type { Loop } from "../loop.ts";
import { ASK_MS, Thread } from "./thread.ts";

export interface Workers {
  /** Who is to carry a tunnel; null: nobody is there to. */
  choose(): Thread | null;
  /** How many tunnels each carries. */
  loads(): number[];
  /** Ends them; to be called once there is no tunnel left. */
  close(): Promise<void>;
}

export interface WorkersOptions {
  readonly libc: Libc;
  /** The main thread's. */
  readonly loop: Loop;
  /** How many there may be. */
  readonly most: number;
  readonly createSweep: (tickMs: number) => Sweep;
  readonly emit: Emit;
}

/** For so long behind the last tunnel a worker's garbage is collected, and what it held is to go back to the system. */
const TIDY_MS = 60_000;

/** The first one is started so long after the loop, unless a tunnel comes before: a start that waits for a processor is to wait for none of ours. */
const FIRST_MS = 100;

/** So many may end by themselves; then what ends them is taken to be something that would end all. */
const MOST_FAILURES = 3;

/**
 * A thread of the runtime's takes ten descriptors as it starts, and three are ours, the ring of its batches once there is one. Where it gets none the runtime aborts, and all of us with it (2.9.6); it has
 * them before the call that starts it returns, and the main thread opens none meanwhile.
 */
const THREAD_DESCRIPTORS = 16;

/** How often these are looked for, where there are too few: that costs two calls for each. */
const SHORT_MS = 1_000;

export function createWorkers({ most, createSweep, ...options }: WorkersOptions): Workers {
  let threads: Thread[] = [];
  let started = 0;
  let failures = 0;
  let closed = false;
  let shortAtMs = -Infinity;
  const sweep = createSweep(ASK_MS);
  const trimHeap = createTrimmer();
  let busyAtMs = -Infinity;
  const watch = {
    tick(nowMs: number) {
      for (const thread of threads) thread.look();
      if (threads.some(({ tunnels }) => tunnels > 0)) busyAtMs = nowMs;
      if (nowMs - busyAtMs < TIDY_MS) trimHeap(nowMs);
    },
  };

  /** Whether there are too few descriptors for one more. */
  function isShort(): boolean {
    const nowMs = performance.now();
    if (nowMs - shortAtMs < SHORT_MS) return true;
    if (hasSpare(options.libc, THREAD_DESCRIPTORS)) return false;
    shortAtMs = nowMs;
    return true;
  }

  function start(): void {
    if (closed || threads.length >= most || failures >= MOST_FAILURES) return;
    if (isShort()) return;
    const onFailed = (thread: Thread) => {
      failures++;
      threads = threads.filter((one) => one !== thread);
      if (threads.length === 0) start();
    };
    const number = ++started;
    try {
      threads.push(new Thread({ ...options, number, onFailed }));
    } catch (error) {
      // There may be no descriptor left; who is there carries on.
      failures++;
      const { message: reason } = error as Error;
      options.emit({ kind: "worker-failed", worker: number, tunnels: 0, reason });
    }
  }

  options.loop.atTurn = () => {
    for (const thread of threads) thread.read();
  };
  const first = setTimeout(() => {
    if (threads.length === 0) start();
  }, FIRST_MS);
  sweep.add(watch, ASK_MS);
  return {
    choose() {
      const ready = threads.filter(({ state }) => state === "ready");
      const isStarting = threads.some(({ state }) => state === "starting");
      if (!isStarting && ready.every(({ tunnels }) => tunnels > 0)) start();
      let least: Thread | null = null;
      for (const thread of ready) {
        if (least === null || thread.tunnels < least.tunnels) least = thread;
      }
      return least;
    },
    loads: () => threads.map(({ tunnels }) => tunnels),
    async close() {
      closed = true;
      clearTimeout(first);
      sweep.delete(watch);
      sweep.close();
      await Promise.all(threads.map((thread) => thread.stop()));
    },
  };
}

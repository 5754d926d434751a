/**
 * What systemd is told, or any manager that speaks sd_notify(3): a sink of events.
 *
 * @module
 */
import { escapeControls } from "../base/escape.ts";
import { shorten } from "../base/shorten.ts";
import type { Config } from "../config/config.ts";
import type { Event } from "../events/event.ts";
import type { Sink } from "../events/events.ts";
import { type Notifier, openNotifier } from "../sys/notify.ts";
import type { ServiceManager } from "../sys/service.ts";

/** The longest status, in characters, and how soon another one follows. */
const MAX_STATUS = 400;
const STATUS_MS = 1_000;

/** What ending takes besides `drain-time` and `grace-time`. */
const SPARE_MS = 5_000;

/** Makes the sink, or says why the manager can't be told. */
export function createServiceSink(
  { socket, watchdogMs }: ServiceManager,
  config: () => Pick<Config, "drainMs" | "graceMs">,
): Sink | { readonly problem: string } {
  const notifier = openNotifier(socket);
  if ("problem" in notifier) return notifier;
  const status = createStatus(notifier);
  let tunnels = 0;
  let phase: "serving" | "leaving" | "ending" = "serving";
  let problem: string | null = null;
  let refused: string | null = null;
  let watchdog: ReturnType<typeof setInterval> | undefined;
  const words = () => {
    const open = `${tunnels} tunnel${tunnels === 1 ? "" : "s"}`;
    if (phase !== "serving") return `ending, ${open} left`;
    return refused === null ? open : `${open}; the last reload was refused: ${refused}`;
  };

  const take = (event: Event): void => {
    switch (event.kind) {
      case "ready":
        notifier.send("READY=1", `STATUS=${status.now(words())}`);
        watchdog = startWatchdog(notifier, watchdogMs);
        break;
      case "tunnel-opened":
        tunnels++;
        status.soon(words);
        break;
      case "tunnel-closed":
        tunnels--;
        status.soon(words);
        break;
      case "reload-begun":
        problem = null;
        // What ends is neither reloading nor ready any more.
        if (phase === "ending") break;
        notifier.send("RELOADING=1", `MONOTONIC_USEC=${notifier.monotonicUsec()}`);
        break;
      case "reload-problem":
        problem ??= event.problem;
        break;
      case "reloaded":
      case "reload-refused":
        refused = event.kind === "reloaded" ? null : problem ?? "see the log";
        if (phase === "ending") break;
        notifier.send("READY=1", `STATUS=${status.now(words())}`);
        break;
      case "last-call":
        // They may go on for hours: to be STOPPING, it would have TimeoutStopSec= for them.
        phase = "leaving";
        notifier.send(`STATUS=${status.now(words())}`);
        break;
      case "signal": {
        if (phase === "ending") break;
        phase = "ending";
        const { drainMs, graceMs } = config();
        const mostUsec = ((drainMs ?? 0) + graceMs + SPARE_MS) * 1000;
        notifier.send(
          "STOPPING=1",
          `STATUS=${status.now(words())}`,
          `EXTEND_TIMEOUT_USEC=${mostUsec}`,
        );
        break;
      }
    }
  };
  return {
    take,
    wants: () => false,
    close() {
      clearInterval(watchdog);
      status.close();
      notifier.close();
    },
  };
}

/** Half of the time that the manager waits for it, from the event loop: where that stands still, nothing is sent. */
function startWatchdog(notifier: Notifier, watchdogMs: number | null) {
  if (watchdogMs === null) return undefined;
  const timer = setInterval(() => notifier.send("WATCHDOG=1"), watchdogMs / 2);
  Deno.unrefTimer(timer);
  return timer;
}

/** The status as one line, sent where it has changed, once a second at most; an idle program is not woken for it. */
function createStatus(notifier: Notifier) {
  let sent = "";
  let sentAtMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (words: string) => {
    clearTimeout(timer);
    timer = undefined;
    sentAtMs = performance.now();
    return sent = shorten(escapeControls(words), MAX_STATUS);
  };
  return {
    /** The line, which is sent by the caller. */
    now,
    /** Sends what the words are then. */
    soon(words: () => string) {
      if (timer !== undefined) return;
      const waitMs = Math.max(sentAtMs + STATUS_MS - performance.now(), 0);
      timer = setTimeout(() => {
        const before = sent;
        const line = now(words());
        if (line !== before) notifier.send(`STATUS=${line}`);
      }, waitMs);
      Deno.unrefTimer(timer);
    },
    close: () => clearTimeout(timer),
  };
}

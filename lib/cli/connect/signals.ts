/**
 * Signals that ask for the end.
 *
 * @module
 */

/** A second one is the system's to deal with. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Asked {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Nobody listens to them any more. */
  stop(): void;
}

export function untilSignal(): Asked {
  const ending = new AbortController();
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  };
  const onSignal = () => {
    stop();
    ending.abort();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return { signal: ending.signal, stop };
}

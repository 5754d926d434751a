/**
 * The signals that the program listens to.
 *
 * @module
 */

const ENDING: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** SIGUSR1 is not among them: `lib/sys/debugger.ts` keeps it from opening the runtime's debugger. */
const REPORTING: readonly Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGUSR2"];

const HANGING_UP: readonly Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGHUP"];

/** What is done at a signal. */
export interface SignalActions {
  /** A signal asks the program to end. */
  readonly end: (signal: Deno.Signal) => void;
  /** SIGHUP: the terminal is gone, or the configuration is to be read again. */
  readonly hangUp: () => void;
  /** SIGUSR2 asks for the table of backends. */
  readonly report: () => void;
}

/** Listens for signals; gives what stops listening. */
export function onSignals({ end, hangUp, report }: SignalActions): () => void {
  const listeners = [
    ...ENDING.map((signal) => [signal, () => end(signal)] as const),
    ...HANGING_UP.map((signal) => [signal, hangUp] as const),
    ...REPORTING.map((signal) => [signal, report] as const),
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  };
}

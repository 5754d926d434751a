/**
 * A defect of ours ends one tunnel at most, never the program and every tunnel with it.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";

/** Logs what nobody handled, and goes on; gives what undoes it. */
export function surviveDefects(log: Logger): () => void {
  const survive = (event: Event, reason: unknown) => {
    event.preventDefault();
    log.error("a defect in wstunnel, please report it", { reason: stackOf(reason) });
  };
  const onRejection = (event: PromiseRejectionEvent) => survive(event, event.reason);
  // What is thrown in a timer or in a listener for events.
  const onError = (event: ErrorEvent) => survive(event, event.error ?? event.message);
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return () => {
    globalThis.removeEventListener("unhandledrejection", onRejection);
    globalThis.removeEventListener("error", onError);
  };
}

function stackOf(reason: unknown): string {
  return reason instanceof Error ? reason.stack ?? reason.message : String(reason);
}

/**
 * A defect of ours ends one tunnel at most, never the program and every tunnel with it.
 *
 * @module
 */
import type { Logger } from "../base/logger.ts";

/** Logs what nobody handled, and goes on; gives what undoes it. */
export function surviveDefects(log: Logger): () => void {
  const survive = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    log.error("a defect in wstunnel, please report it", { reason: stackOf(event.reason) });
  };
  globalThis.addEventListener("unhandledrejection", survive);
  return () => globalThis.removeEventListener("unhandledrejection", survive);
}

function stackOf(reason: unknown): string {
  return reason instanceof Error ? reason.stack ?? reason.message : String(reason);
}

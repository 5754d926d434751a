/**
 * A defect of ours ends one tunnel at most, never the program and every tunnel with it.
 *
 * @module
 */
import type { Emit } from "../events/events.ts";

/** Tells of what nobody handled, and goes on; gives what undoes it. */
export function surviveDefects(emit: Emit): () => void {
  const survive = (event: Event, error: unknown) => {
    event.preventDefault();
    emit({ kind: "defect", error });
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

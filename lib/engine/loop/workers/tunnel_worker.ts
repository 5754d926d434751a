/**
 * The file that a worker's thread runs: {@linkcode carry}, for ever.
 *
 * @module
 */
import { sharedLibc } from "../../../sys/libc.ts";
import { carry, type Post, stackOf } from "./carrier.ts";

/** It takes commands from now on, it has ended as it was asked to, or the stack of what it has ended by; behind the last two it uses nothing any more. */
export type WorkerNews = "ready" | "stopped" | { readonly failed: string };

/** What a worker has of the global scope, which no type of this project says. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<Post>) => void;
  postMessage: (news: WorkerNews) => void;
  close: () => void;
};

scope.onmessage = async ({ data }) => {
  try {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    await carry(sharedLibc.libc, data, () => scope.postMessage("ready"));
    scope.postMessage("stopped");
  } catch (error) {
    scope.postMessage({ failed: stackOf(error) });
  }
  scope.close();
};

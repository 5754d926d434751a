/**
 * The file that a worker's thread runs: {@linkcode carry}, for ever.
 *
 * @module
 */
import { sharedLibc } from "../../../sys/libc.ts";
import { carry, type Post, stackOf } from "./carrier.ts";

/** True: it takes commands from now on; else the stack of what it has ended by. */
export type WorkerNews = true | string;

/** What a worker has of the global scope, which no type of this project says. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<Post>) => void;
  postMessage: (news: WorkerNews) => void;
  close: () => void;
};

scope.onmessage = async ({ data }) => {
  try {
    if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
    await carry(sharedLibc.libc, data, () => scope.postMessage(true));
  } catch (error) {
    scope.postMessage(stackOf(error));
  }
  scope.close();
};

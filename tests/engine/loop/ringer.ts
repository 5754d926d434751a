/** A thread that rings a bell every so often, until it is ended: what comes to a loop from elsewhere. */
import { bellAt } from "../../../lib/sys/bell.ts";
import { sharedLibc } from "../../../lib/sys/libc.ts";

export interface Ringing {
  readonly descriptor: number;
  readonly everyMs: number;
  readonly times: number;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Ringing>) => void;
  postMessage: (news: "over") => void;
};

scope.onmessage = ({ data: { descriptor, everyMs, times } }) => {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  const bell = bellAt(sharedLibc.libc, descriptor);
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < times; i++) {
    Atomics.wait(nap, 0, 0, everyMs);
    bell.ring();
  }
  scope.postMessage("over");
};

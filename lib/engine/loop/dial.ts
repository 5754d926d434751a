/**
 * Connecting to backends by a loop.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import { connectError, connectTo, type Dialler, NobodyButItself } from "../../backend/connect.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import type { Connecting } from "../../sys/sockets.ts";
import type { Loop } from "./loop.ts";
import { LoopConnection } from "./loop_connection.ts";
import { SENDS_TOO } from "./loop_transport.ts";
import type { Watch, Watcher } from "./watch.ts";

/** Who connects by a loop; a name, which is to be looked up, is left to the runtime. */
export function loopDialler(loop: Loop): Dialler {
  return {
    async tcp(hostname, port, cancel) {
      const address: Address = { transport: "tcp", hostname, port };
      try {
        const connecting = loop.sockets.connect(address);
        if (connecting === null) return await connectTo(hostname, port, cancel);
        const watch = await connected(loop, connecting, cancel);
        return notToItself(loop, watch, address);
      } catch (error) {
        throw connectError(error, hostname);
      }
    },
    async unix(address) {
      const connecting = loop.sockets.connect(address)!;
      return new LoopConnection(loop, await connected(loop, connecting, null));
    },
  };
}

function notToItself(loop: Loop, watch: Watch, remote: Address): BackendConnection {
  if (!loop.sockets.isItself(watch.descriptor, remote)) return new LoopConnection(loop, watch);
  watch.close();
  throw new NobodyButItself();
}

/** Waits for a connect that was begun. `cancel` ends it, and frees its descriptor at once. */
function connected(
  loop: Loop,
  { descriptor, pending }: Connecting,
  cancel: AbortSignal | null,
): Promise<Watch> {
  const { promise, resolve, reject } = Promise.withResolvers<Watch>();
  let waits = pending;
  const settle = (error: unknown) => {
    if (!waits) return;
    waits = false;
    cancel?.removeEventListener("abort", abort);
    loop.owesRuntime = true;
    if (error === null) return resolve(watch);
    watch.close();
    reject(error);
  };
  const abort = () => settle(cancel!.reason);
  const watcher: Watcher = {
    onEvent: () => waits && settle(loop.sockets.errorOf(descriptor)),
    onTurn() {},
    onDefect: () => settle(new Error("the connect met a defect")),
  };
  const watch = loop.watch(descriptor, SENDS_TOO, watcher);
  if (waits) cancel?.addEventListener("abort", abort);
  else resolve(watch);
  return promise;
}

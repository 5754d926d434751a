/**
 * A socket of the admin listener, served by the runtime's own HTTP server, which bounds neither how many connect nor how long they are silent
 * (2.9.6): it is for addresses that no stranger reaches.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import { within } from "../../base/within.ts";
import type { ListenConfig } from "../../config/config.ts";
import { tellAcceptFailed } from "../../engine/accept.ts";
import type { Listener } from "../../engine/engine.ts";
import { fromRuntime } from "../../engine/peer.ts";
import { openSocketFile, removeStaleSocket } from "../../engine/unix_socket.ts";
import type { Emit } from "../../events/events.ts";
import { failure } from "./answers.ts";

export type Respond = (
  request: Request,
  sender: Deno.Addr,
) => Response | Promise<Response>;

/** How long answers under way have once it is closed. */
const SHUTDOWN_MS = 1_000;

/** How long to wait before another try to listen. */
const RETRY_MS = 100;

/** Listens; throws where it can't. */
export function openListener(
  { address, file }: ListenConfig,
  respond: Respond,
  emit: Emit,
): Pick<Listener, "address" | "close"> {
  const cutting = new AbortController();
  let closing = false;
  const options = {
    signal: cutting.signal,
    onListen() {},
    onError(error: unknown) {
      emit({ kind: "defect", error });
      return failure(500, "a defect in wstunnel");
    },
  };
  const handle = (request: Request, { remoteAddr }: Deno.ServeHandlerInfo) =>
    respond(request, remoteAddr);

  function listen(at: Address): Deno.HttpServer<Deno.Addr> {
    if (at.transport === "tcp") {
      return Deno.serve({ ...options, hostname: at.hostname, port: at.port }, handle);
    }
    const open = () => Deno.serve({ ...options, path: at.path }, handle);
    return openSocketFile(at.path, file!, open, (server) => void server.shutdown());
  }

  let server = listen(address);
  const real = fromRuntime(server.addr);
  let ours = fileAt(real);

  /** The runtime gives its listener up at the first connection that it can't accept, as with no descriptor left. */
  const listenAgain = async (error: unknown) => {
    if (closing) return;
    tellAcceptFailed(emit, real, error);
    while (!closing) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      try {
        if (real.transport === "unix") await removeStaleSocket(real.path);
        if (closing) return;
        server = listen(real);
        ours = fileAt(real);
        server.finished.catch(listenAgain);
        return;
      } catch {
        // The shortage goes on.
      }
    }
  };
  server.finished.catch(listenAgain);
  return {
    address: real,
    async close() {
      closing = true;
      if (!await within(server.shutdown(), SHUTDOWN_MS)) cutting.abort();
      // 2.4.2 leaves it; by now it may be another program's.
      if (ours !== null && fileAt(real) === ours) removeQuietly(real);
    },
  };
}

/** Says of a socket's file which it is; null: there is none. */
function fileAt(address: Address): string | null {
  if (address.transport === "tcp") return null;
  try {
    const { dev, ino } = Deno.lstatSync(address.path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function removeQuietly(address: Address): void {
  try {
    if (address.transport === "unix") Deno.removeSync(address.path);
  } catch {
    // Somebody else has.
  }
}

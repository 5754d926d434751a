/**
 * A socket of the admin listener: as many connections as may be there at once, so that nobody there takes the descriptors of tunnels.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { Address } from "../../base/address.ts";
import { closeQuietly } from "../../base/close_quietly.ts";
import { within } from "../../base/within.ts";
import type { ListenConfig } from "../../config/config.ts";
import { acceptAll, tellAcceptFailed } from "../../engine/accept.ts";
import type { Listener } from "../../engine/engine.ts";
import { fromRuntime } from "../../engine/peer.ts";
import { fileAt, openSocketFile } from "../../engine/unix_socket.ts";
import type { Emit } from "../../events/events.ts";
import { failure } from "./answers.ts";
import { type Asked, exchange } from "./exchange.ts";

export type Respond = (asked: Asked, sender: Deno.Addr) => Promise<Response>;

export interface AdminListenerOptions {
  readonly respond: Respond;
  readonly emit: Emit;
  /** Shared by all that are opened, and closed, together. */
  readonly room: Room;
}

/** The connections that are there. */
export interface Room {
  /** Requests that are answered at once, and connections whose request has yet to come: of these the oldest goes for another. */
  readonly most: number;
  /** Also those that are told that there are too many. In the order in which they came. */
  readonly pending: Set<Connection>;
  /** With what resolves at their end. */
  readonly answering: Map<Connection, Promise<void>>;
}

export function createRoom(most: number): Room {
  return { most, pending: new Set(), answering: new Map() };
}

/** How long answers under way have once it is closed. */
const SHUTDOWN_MS = 1_000;

export interface AdminListener extends Pick<Listener, "address" | "close"> {
  /** Whether who looks for it finds it: somebody may have removed a socket's file. */
  isThere(): boolean;
}

type Connection = Deno.TcpConn | Deno.UnixConn;

/** Listens; throws where it can't. */
export function openListener(
  { address, file }: ListenConfig,
  { respond, emit, room }: AdminListenerOptions,
): AdminListener {
  const listen = (): Deno.Listener<Connection> =>
    address.transport === "tcp"
      ? Deno.listen({ hostname: address.hostname, port: address.port })
      : Deno.listen({ transport: "unix", path: address.path });
  const listener = address.transport === "tcp"
    ? listen()
    : openSocketFile(address.path, file!, listen, (opened) => opened.close());
  const real = fromRuntime(listener.addr);
  const ours = fileAt(real);
  const { most, pending, answering } = room;
  let closed = false;

  async function answer(asked: Asked, sender: Deno.Addr): Promise<Response> {
    try {
      return await respond(asked, sender);
    } catch (error) {
      emit({ kind: "defect", error });
      return failure(500, "a defect in wstunnel");
    }
  }

  async function serve(connection: Connection): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    pending.add(connection);
    try {
      await exchange(connection, async (asked) => {
        if (answering.size >= most) return failure(503, "too much is asked for at once");
        pending.delete(connection);
        answering.set(connection, over);
        return await answer(asked, connection.remoteAddr);
      });
    } catch {
      // The client has left, or takes nothing.
    }
    pending.delete(connection);
    answering.delete(connection);
    closeQuietly(connection);
    resolve();
  }

  function take(connection: Connection): Promise<void> | void {
    if (closed) return closeQuietly(connection);
    const isFull = pending.size >= most;
    if (isFull) {
      const [oldest] = pending;
      pending.delete(oldest!);
      closeQuietly(oldest!);
    }
    void serve(connection);
    // The runtime lets go of a descriptor that is read from in its next turn, and would accept all who wait before that.
    if (isFull) return setImmediate();
  }

  const onFailing = (error: unknown) => tellAcceptFailed(emit, real, error);
  const accepting = acceptAll<Connection>(listener, () => closed, onFailing, take);
  return {
    address: real,
    isThere: () => fileAt(real) === ours,
    async close() {
      if (closed) return;
      closed = true;
      const found = fileAt(real);
      // Nobody finds a socket whose file is another's.
      if (found === ours || found === null) {
        listener.close();
        await accepting;
        // 2.4.2 leaves it.
        if (found !== null) removeQuietly(real);
      }
      pending.forEach(closeQuietly);
      await within(Promise.all(answering.values()), SHUTDOWN_MS);
      [...answering.keys()].forEach(closeQuietly);
    },
  };
}

function removeQuietly(address: Address): void {
  try {
    if (address.transport === "unix") Deno.removeSync(address.path);
  } catch {
    // Somebody else has.
  }
}

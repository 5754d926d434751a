/**
 * The tunnels that are open, so that shutdown can end them and somebody can count them.
 *
 * @module
 */
import { Chain, type Link } from "../base/chain.ts";
import type { TunnelIdentity } from "../events/event.ts";
import type { Cause } from "../tunnel/cause.ts";

/** What flows through a tunnel. */
export interface Flow {
  /** Payload bytes given to the backend. */
  readonly upBytes: number;
  /** Bytes of the backend given to the client, before they are encoded. */
  readonly downBytes: number;
  /** The backend, or the client, has yet to take what the other one sent. */
  readonly upWaits: boolean;
  readonly downWaits: boolean;
}

/** An open tunnel. */
export interface OpenTunnel extends TunnelIdentity {
  /** The registry's own, which it is in. */
  listed?: Link<OpenTunnel> | null;
  /** On the clock of `performance.now()`. */
  readonly openedAtMs: number;
  readonly flow: Flow;
  /** Bytes that are held until the backend takes them, and the client. */
  readonly upResidue: number;
  readonly downResidue: number;
  /** Ends it; a no-op when it is ending already. */
  end(cause: Cause): void;
  /** Closes both its sides at once, whatever they still wait for. */
  cut(): void;
}

export interface Registry {
  readonly size: number;
  nextId(): number;
  /** The one given last, 0 before the first. */
  readonly lastId: number;
  add(tunnel: OpenTunnel): void;
  delete(tunnel: OpenTunnel): void;
  /** In the order of their ids. */
  [Symbol.iterator](): Iterator<OpenTunnel>;
  /** Resolves when no more than so many are open. @default none */
  emptied(most?: number): Promise<void>;
  /** Why every tunnel is to end, those too that open from now on; null: they are not. */
  readonly ending: Cause | null;
  /** Ends every tunnel and resolves when the last one is gone. */
  endAll(cause: Cause): Promise<void>;
}

export function createRegistry(): Registry {
  const open = new Chain<OpenTunnel>();
  let lastId = 0;
  let ending: Cause | null = null;
  let waiting: { readonly most: number; readonly resolve: () => void }[] = [];
  const emptied = (most = 0) =>
    new Promise<void>((resolve) => {
      if (open.size <= most) resolve();
      else waiting.push({ most, resolve });
    });
  return {
    get size() {
      return open.size;
    },
    nextId: () => ++lastId,
    get lastId() {
      return lastId;
    },
    add: (tunnel) => void (tunnel.listed = open.add(tunnel)),
    delete(tunnel) {
      if (tunnel.listed) open.delete(tunnel.listed);
      tunnel.listed = null;
      if (waiting.every(({ most }) => open.size > most)) return;
      for (const { most, resolve } of waiting) if (open.size <= most) resolve();
      waiting = waiting.filter(({ most }) => open.size > most);
    },
    [Symbol.iterator]: () => open[Symbol.iterator](),
    emptied,
    get ending() {
      return ending;
    },
    endAll(cause) {
      ending = cause;
      const gone = emptied();
      for (const tunnel of open) tunnel.end(cause);
      return gone;
    },
  };
}

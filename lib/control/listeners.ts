/**
 * The listeners that are open, as the configuration has them. A reload leaves those alone that stay as they are.
 *
 * @module
 */
import type { Config, EngineName, ListenConfig } from "../config/config.ts";
import type { Door } from "../engine/door.ts";
import type { EngineOptions, Listener } from "../engine/engine.ts";
import { closeAll, type Held, listenAll, type Listening, without } from "../engine/listen.ts";
import { listenNative } from "../engine/native.ts";
import { listenStream } from "../engine/stream.ts";
import type { TlsListeners } from "../engine/tls.ts";
import type { Changeable } from "./change.ts";

/** A listener, and what it was opened with. */
interface Open extends Listener {
  readonly settings: string;
}

export interface Listeners extends Changeable {
  /** With the real ports. */
  readonly all: readonly Listener[];
  /** Opens all or none; gives why one of them can't be had, null when all are open. */
  open(config: Config): Promise<string | null>;
  /** Takes renewed certificates at once, and tells of what is wrong with them; they are looked at every second anyway. */
  lookAtCertificates(): void;
  /** Closes all, also those that a reload is about to open; resolves when no request waits in their hands. */
  close(): Promise<void>;
}

export function createListeners(door: Door, options: EngineOptions): Listeners {
  const { emit } = options;
  let held: readonly Held<Open>[] = [];
  let tls: TlsListeners | null = null;
  let closed = false;

  async function openAt(config: Config, place: ListenConfig, holder: Open | null): Promise<Open> {
    const engine = engineOf(config, place);
    const { address: _, ...others } = place;
    const settings = JSON.stringify([engine, others]);
    if (holder?.settings === settings) return holder;
    if (holder !== null) {
      throw new Error("it is open with other settings, and to change them takes a restart");
    }
    const listener = place.tls === undefined
      ? ENGINES[engine](place, door, options)
      : await tls!.listen(place, place.tls);
    return { ...listener, settings };
  }

  /** Those of a configuration: the ones that stay as they are, and new ones for the rest. */
  async function listenFor(config: Config): Promise<Listening<Open>> {
    if (tls === null && config.listen.some(({ tls }) => tls !== undefined)) {
      // What it takes is loaded where it is asked for alone.
      const { createTlsListeners } = await import("../engine/tls.ts");
      tls = await createTlsListeners(door, options);
    }
    return await listenAll(config.listen, (place, holder) => openAt(config, place, holder), held);
  }

  const tellListening = ({ address, engine, tls }: Listener) =>
    emit({ kind: "listening", address, engine, tls });
  const tellClosed = ({ address }: Listener) => emit({ kind: "listener-closed", address });

  return {
    get all() {
      return held.map(({ listener }) => listener);
    },
    async open(config) {
      const listening = await listenFor(config);
      if ("problem" in listening) return listening.problem;
      held = listening.held;
      for (const { listener } of held) tellListening(listener);
      return null;
    },
    async prepare(next) {
      const listening = await listenFor(next);
      if ("problem" in listening) return listening;
      const added = without(listening.held, held);
      const removed = without(held, listening.held);
      const abandon = () => void closeAll(added);
      return {
        commit() {
          if (closed) return abandon();
          held = listening.held;
          added.forEach(tellListening);
          void closeAll(removed);
          removed.forEach(tellClosed);
        },
        abandon,
      };
    },
    lookAtCertificates: () => tls?.look(),
    async close() {
      closed = true;
      await closeAll(held.map(({ listener }) => listener));
      tls?.close();
    },
  };
}

const ENGINES = { native: listenNative, stream: listenStream };

/** What carries the tunnels of a listener: where the runtime's own server can't do what it asks for, `stream` does. */
function engineOf({ engine }: Config, { proxyProtocol = "off" }: ListenConfig): EngineName {
  // The runtime shows us no connection before its request.
  return proxyProtocol === "off" ? engine : "stream";
}

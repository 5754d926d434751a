/**
 * The listeners that are open, as the configuration has them. A reload leaves those alone that stay as they are, and refuses nobody at one whose
 * settings it changes: another listener takes its socket over, with all who wait there to be accepted.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Door } from "../engine/door.ts";
import type { EngineOptions, Listener } from "../engine/engine.ts";
import { closeAll, type Held, listenAll, type Listening, without } from "../engine/listen.ts";
import { takeHanded } from "../sys/handed.ts";
import type { Changeable } from "./change.ts";
import { placesOf, unusedProblem } from "./handed_places.ts";
import { createOpener, leave, type Open, whyNotClosed } from "./open_listener.ts";

export interface Listeners extends Changeable {
  /** With the real ports. */
  readonly all: readonly Listener[];
  /** Opens all or none; gives why one of them can't be had, null when all are open. */
  open(config: Config): Promise<string | null>;
  /** Takes renewed certificates at once, and tells of what is wrong with them; they are looked at every second anyway. */
  lookAtCertificates(): void;
  /**
   * Takes no more connections from sockets that were handed to us: whoever connects waits for who is handed them next. Resolves when no request waits in the
   * hands of their listeners; at once where there are none.
   */
  leaveHanded(): Promise<void>;
  /** Closes all, also those that a reload is about to open; resolves when no request waits in their hands. */
  close(): Promise<void>;
  /** How many tunnels each worker carries, where there are some. */
  workerLoads(): readonly number[];
  /** Lets go of what moved the tunnels, of which none is left. */
  end(): Promise<void>;
}

export function createListeners(door: Door, options: EngineOptions): Listeners {
  const { emit } = options;
  const handed = takeHanded();
  const opener = createOpener(door, options, handed.sockets);
  let held: readonly Held<Open>[] = [];
  let closed = false;

  /** Those of a configuration: the ones that stay as they are, and for the rest new ones, which have yet to begin. */
  async function listenFor(config: Config): Promise<Listening<Open>> {
    const problem = await opener.load(config);
    if (problem !== null) return { problem };
    const found = placesOf(config.listen, handed);
    if ("problem" in found) return found;
    return await listenAll(found.places, opener.openFor(config), held);
  }

  /** Who has forgotten a socket in the configuration finds its port taken: by that socket. */
  function withUnused(problem: string, { listen }: Config): string {
    const found = placesOf(listen, handed);
    if ("problem" in found) return problem;
    const unused = unusedProblem(handed, found.places.map(({ address }) => address));
    return unused === null ? problem : `${problem}; ${unused}`;
  }

  function removedBy(next: readonly Held<Open>[]): Open[] {
    const replaced = new Set(next.map(({ listener }) => listener.holder));
    return without(held, next).filter((one) => !replaced.has(one));
  }

  function take(next: readonly Held<Open>[]): void {
    const added = without(next, held);
    const removed = removedBy(next);
    held = next;
    for (const one of added) {
      const { holder, listener: { address, engine, tls } } = one;
      const isNew = one.listener !== holder?.listener;
      one.holder = null;
      try {
        one.begin();
      } catch (error) {
        emit({ kind: "defect", error });
      }
      if (isNew) emit({ kind: "listening", address, engine, tls });
    }
    void closeAll(removed);
    for (const { address } of removed) emit({ kind: "listener-closed", address });
  }

  return {
    get all() {
      return held.map(({ listener: { listener } }) => listener);
    },
    async open(config) {
      const listening = await listenFor(config);
      if ("problem" in listening) return withUnused(listening.problem, config);
      const problem = unusedProblem(handed, listening.held.map(({ listener }) => listener.address));
      if (problem !== null) {
        await closeAll(without(listening.held, held));
        return problem;
      }
      take(listening.held);
      return null;
    },
    async prepare(next) {
      const listening = await listenFor(next);
      if ("problem" in listening) return listening;
      const abandon = () => void closeAll(without(listening.held, held));
      const problem = removedBy(listening.held).map(whyNotClosed).find((why) => why !== null);
      if (problem !== undefined) {
        abandon();
        return { problem };
      }
      return { commit: () => closed ? abandon() : take(listening.held), abandon };
    },
    lookAtCertificates: opener.lookAtCertificates,
    async leaveHanded() {
      closed = true;
      await Promise.all(held.map(({ listener }) => listener.handed !== null && leave(listener)));
    },
    async close() {
      closed = true;
      await closeAll(held.map(({ listener }) => listener));
    },
    workerLoads: opener.workerLoads,
    end: opener.close,
  };
}

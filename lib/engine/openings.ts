/**
 * Those who have come to a listener and have no tunnel yet.
 *
 * @module
 */
import { Chain, type Link } from "../base/chain.ts";
import type { Peer } from "../base/peer.ts";
import type { ProxyProtocol } from "../config/config.ts";
import type { Acceptance, Door } from "./door.ts";
import type { DrivenTransport } from "./driven_transport.ts";
import type { EngineOptions } from "./engine.ts";
import { Opening, type OpeningOptions } from "./opening.ts";
import { type Beginning, beginningOf } from "./proxy_header.ts";
import { type Sweep, tickFor, type Ticking } from "./sweep.ts";

/** How often refused clients are looked at, which have a second to leave. */
const REFUSED_TICK_MS = 1_000;

/** Has a place among those of its listener. */
export interface Listed extends Ticking {
  listed?: Link<Listed> | null;
}

export interface Openings<T extends Listed> extends Iterable<T> {
  /** What looks at them. */
  readonly sweep: Sweep;
  add(opening: T): void;
  remove(opening: T): void;
  /** Nobody new is let in any more: resolves once there is none. */
  settled(): Promise<void>;
}

export function createOpenings<T extends Listed>(
  door: Door,
  { createSweep }: Pick<EngineOptions, "createSweep">,
): Openings<T> {
  const all = new Chain<T>();
  const sweep = createSweep(tickFor([REFUSED_TICK_MS]));
  const onSettled: (() => void)[] = [];
  return {
    sweep,
    [Symbol.iterator]: () => all[Symbol.iterator](),
    add(opening) {
      opening.listed = all.add(opening);
      sweep.add(opening, tickFor([door.limits.handshakeTimeoutMs]));
    },
    remove(opening) {
      if (opening.listed) all.delete(opening.listed as Link<T>);
      opening.listed = null;
      sweep.delete(opening);
      if (all.size === 0) { for (const resolve of onSettled.splice(0)) resolve(); }
    },
    async settled() {
      if (all.size > 0) await new Promise<void>((resolve) => onSettled.push(resolve));
      sweep.close();
    },
  };
}

/** A connection that is taken, and how it begins. */
type TakenIn = Exclude<Acceptance, "dropped"> & { readonly beginning: Beginning };

/** Whether a connection is taken; null: it is to be closed without a word, and has been told of. */
export function takeIn(door: Door, asked: ProxyProtocol | undefined, peer: Peer): TakenIn | null {
  const beginning = beginningOf(asked, door.trusts(peer));
  if (beginning !== null && typeof beginning === "object") {
    door.unproxied(peer, beginning.problem);
    return null;
  }
  const acceptance = door.accepts(peer);
  if (acceptance === "dropped") return null;
  const { pass, answer } = acceptance;
  return { pass, answer, beginning };
}

/** Begins with a connection that was taken. Where that throws, neither it nor its pass is left. */
export function begin(
  openings: Openings<Opening>,
  transport: DrivenTransport,
  peer: Peer,
  { pass, answer, beginning }: TakenIn,
  options: OpeningOptions,
): Opening {
  let drop = () => {
    transport.close();
    pass.release();
  };
  try {
    const opening = new Opening(transport, peer, pass, options, beginning);
    drop = () => opening.drop();
    openings.add(opening);
    if (answer !== null) opening.refuse(answer);
    return opening;
  } catch (error) {
    drop();
    throw error;
  }
}

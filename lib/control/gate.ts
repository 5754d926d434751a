/**
 * Who may connect, by how many have: the connections that are there, counted for whom they are, by the bounds that hold now.
 *
 * @module
 */
import { clientNetwork, isLocal, UNIX } from "../base/network.ts";
import type { Peer } from "../base/peer.ts";
import type { Sweep } from "../engine/sweep.ts";
import type { Emit } from "../events/events.ts";
import { type Answer, answer } from "../http/answer.ts";
import { isTrusted } from "../http/forwarded.ts";
import { UNBOUNDED } from "../limits/bounds.ts";
import { type Client, Connections, type Limit, type Pass } from "../limits/connections.ts";
import type { Generations } from "./generation.ts";

export interface GateOptions {
  readonly generations: Pick<Generations, "current">;
  readonly sweep: Pick<Sweep, "nowMs">;
  readonly emit: Emit;
}

/** Connections of clients that are there; those whose request has yet to be let in are among them. */
export interface ConnectionCounts {
  readonly open: number;
  readonly pending: number;
  /** For how long there has been none; null: there is one. */
  readonly idleForMs: number | null;
}

export interface Gate {
  readonly counts: ConnectionCounts;
  /** A pass for a connection, or the limit that it meets. */
  enter(peer: Peer): Pass | Limit;
  /** A pass for one more than there may be, whose request is refused unless it asks whether we are well; null: closed without a word. */
  extra(peer: Peer): Pass | null;
  /** A pass for one that is to be answered and closed; null: there are many of these, it is closed without a word. */
  turnAway(): Pass | null;
  /** Whoever has the pass speaks for somebody else; the limit that this one meets, null where there is none. */
  move(pass: Pass, peer: Peer): Limit | null;
}

export function createGate({ generations, sweep, emit }: GateOptions): Gate {
  const connections = new Connections(
    () => sweep.nowMs(),
    (client, limit) => emit({ kind: "connection-dropped", client, limit, pending: true }),
  );
  const clientOf = ({ address, name }: Peer): Client => {
    const { trust, bounds: { client, local } } = generations.current;
    const own = isLocal(address) ? local : client;
    // Who comes by a unix-domain socket has no address of his own, and a proxy speaks for others.
    const bounds = address === UNIX || isTrusted(trust, address) ? UNBOUNDED : own;
    return { network: clientNetwork(address), name, bounds };
  };
  return {
    counts: connections,
    enter: (peer) => connections.enter(clientOf(peer), generations.current.bounds),
    extra: ({ name }) => connections.extra(name),
    turnAway: () => connections.turnAway(),
    move: (pass, peer) => pass.become(clientOf(peer)),
  };
}

/** What a client is answered that meets a limit. */
export function answerFor(limit: Limit): Answer {
  const [status, reason] = ANSWERS[limit];
  return answer(status, reason, { "retry-after": "1" });
}

/** 429 where it is the client's own doing (RFC 6585 section 4), 503 where it is everybody's. */
const ANSWERS: Readonly<Record<Limit, readonly [status: number, reason: string]>> = {
  "max-connections": [503, "there are as many connections as there may be"],
  "max-pending": [503, "there are as many connections as there may be"],
  "max-connections-per-client": [429, "this address has as many connections as it may"],
  "connection-rate": [429, "this address connects more often than it may"],
};

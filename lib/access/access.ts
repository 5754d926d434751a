/**
 * Who may come in: asked of a request that a route serves, before a backend is connected.
 *
 * @module
 */
import type { Peer } from "../base/peer.ts";
import type { RefusalCause } from "../events/event.ts";
import type { Answer } from "../http/answer.ts";
import type { RequestHead } from "../http/request.ts";

/** A request that wants to come in. */
export interface Visit {
  readonly head: RequestHead;
  readonly peer: Peer;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** The claims of a token, by their names. */
export type Claims = Readonly<Record<string, unknown>>;

/** Whose request it is, or the answer that it gets. */
export type Entry =
  | {
    readonly user: string | null;
    /** What its JSON Web Token says, which is for the visit alone: no tunnel keeps it. */
    readonly claims?: Claims;
  }
  | {
    readonly answer: Answer;
    readonly cause: RefusalCause;
    /** What the client is not told; never a secret. */
    readonly why?: string;
  };

/** What a route asks of whoever wants to come in; what it watches and keeps open is held for its generation. */
export interface Access {
  /** Never rejects. */
  enter(visit: Visit): Promise<Entry>;
}

/**
 * From a request that may become a tunnel to its backend: who is it, where does it lead, is there room, who takes it.
 *
 * @module
 */
import type { Entry } from "../access/access.ts";
import type { Choice } from "../access/targets/targets.ts";
import type { ConnectFailure, ConnectRequest } from "../backend/backend.ts";
import type { Dialler } from "../backend/connect.ts";
import type { Peer } from "../base/peer.ts";
import type { Admitted, Taken } from "../engine/door.ts";
import { Later } from "../base/later.ts";
import { answer } from "../http/answer.ts";
import type { RequestHead } from "../http/request.ts";
import type { Tally } from "../limits/tally.ts";

/** A request on its way. */
export interface Seeking {
  readonly accept: Admitted;
  readonly head: RequestHead;
  readonly peer: Peer;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Who connects to a backend's address; undefined: the runtime. */
  readonly dialler: Dialler | undefined;
}

/** How many tunnels there are of each route, and how many have been opened in all; those being connected are among both. */
export interface Counts {
  readonly tunnels: Tally;
  readonly served: Tally;
}

/** The one name in {@linkcode Counts.served}. */
const ALL = "";

type Refused = Extract<Entry, { readonly answer: unknown }>;

/** A backend, no backend, or a client that may not come in. */
export type Sought = Taken | { readonly failure: ConnectFailure } | Refused;

/** Who came in, and the target that was chosen for it; null where the route has hosts to choose among. */
interface LetIn {
  readonly user: string | null;
  readonly target: ConnectRequest["target"];
}

/** Where nobody is asked who it is, nor where it leads. */
const ANYBODY: LetIn = { user: null, target: null };

/** Gives what `conclude` makes of it: where nobody is asked, that costs no promise. */
export function seekBackend<T>(
  counts: Counts,
  seeking: Seeking,
  conclude: (sought: Sought) => T,
): PromiseLike<T> {
  const { access, targets, instead } = seeking.accept;
  if (access === null && targets === null && instead === null) {
    return lease(counts, seeking, ANYBODY, conclude);
  }
  seeking.dialler?.onRuntime?.();
  return ask(seeking).then((asked) =>
    "answer" in asked ? conclude(asked) : lease(counts, seeking, asked, conclude)
  );
}

async function ask({ accept, head, peer, signal }: Seeking): Promise<LetIn | Refused> {
  const { access, targets, instead } = accept;
  const visit = { head, peer, signal };
  const entry: Entry = access === null ? ANYBODY : await access.enter(visit);
  if ("answer" in entry) return entry;
  if (instead !== null) return { answer: instead, cause: "rules" };
  const { user } = entry;
  if (targets === null) return { user, target: null };
  const choice: Choice = await targets.choose(visit, entry.claims ?? null);
  return "answer" in choice ? choice : { user, target: choice.target };
}

function lease<T>(
  counts: Counts,
  { accept, head, peer, signal, dialler }: Seeking,
  letIn: LetIn,
  conclude: (sought: Sought) => T,
): PromiseLike<T> {
  const { key, authority, path, origin, secrets, pool, pass, limits: { maxTunnels } } = accept;
  pass.letIn();
  const { tunnels, served } = counts;
  if (!tunnels.take(key, maxTunnels)) return Later.of(conclude(tooMany(maxTunnels)));
  const { exitAfterTunnels } = accept;
  if (!served.take(ALL, exitAfterTunnels)) {
    tunnels.give(key);
    return Later.of(conclude(noMore(exitAfterTunnels)));
  }
  // Who has proved by a password or a token who it is, is that.
  const user = letIn.user ?? peer.user ?? null;
  const { target } = letIn;
  const request = { peer, user, head, secrets, authority, path, origin, target, signal, dialler };
  return pool.connect(request).then((result) => {
    if (result.ok) return conclude({ lease: result.lease, user });
    giveUp(counts, key);
    return conclude(result);
  });
}

/** What was counted for a request becomes no tunnel. */
export function giveUp({ tunnels, served }: Counts, key: string): void {
  tunnels.give(key);
  served.give(ALL);
}

function tooMany(maxTunnels: number): Refused {
  const reason = "there are as many tunnels of this path as there may be";
  const refusal = answer(503, reason, { "retry-after": "1" });
  return { answer: refusal, cause: "limit", why: `max-tunnels is ${maxTunnels}` };
}

function noMore(most: number): Refused {
  const refusal = answer(503, "no more tunnels are opened here", { "retry-after": "1" });
  return { answer: refusal, cause: "limit", why: `exit-after-tunnels is ${most}` };
}

/**
 * A way to prove who one is.
 *
 * @module
 */
import type { Claims, Visit } from "./access.ts";

/** Who it is, or why nobody knows. What is told is never a part of what was shown. */
export type Proof =
  | { readonly user: string | null; readonly claims?: Claims }
  /** What was shown proves nothing. */
  | { readonly wrong: string }
  /** Whether it does can't be told: `status` and `reason` are for the client, `why` is for the log. */
  | { readonly unable: Unable };

export interface Unable {
  readonly status: 429 | 503;
  readonly reason: string;
  readonly why: string;
}

/** One of the ways that a route knows. */
export interface Way {
  /** What is shown for it, as a client is told. */
  readonly asksFor: "password" | "token" | "certificate";
  /** Looks at what a request shows; null: nothing of this kind. Never rejects. */
  prove(visit: Visit): Promise<Proof> | null;
}

/** What a way needs isn't there. */
export function unable(why: string): { readonly unable: Unable } {
  return { unable: { status: 503, reason: "nobody can be let in at the moment", why } };
}

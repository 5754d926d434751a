/**
 * The token of a request that says where it leads.
 *
 * @module
 */
import type { TargetPlace } from "../../config/target_keys.ts";
import { findToken } from "../../http/credentials.ts";
import type { RequestHead } from "../../http/request.ts";

/** A token, or why there is none, in words that hold nothing of it. */
export type TargetToken = { readonly token: string } | { readonly problem: string };

/** The token in the first place that has one. */
export function findTargetToken(head: RequestHead, places: readonly TargetPlace[]): TargetToken {
  for (const place of places) {
    const found = place.kind === "host" ? hostOf(head) : findToken(head, [place]);
    if (found !== null) return found;
  }
  return { problem: "there is no token" };
}

/** The name of the host that is asked for, without its port, in lower case: names have none. */
function hostOf({ headers }: RequestHead): TargetToken | null {
  const token = (headers.get("host") ?? "").replace(/:\d*$/, "").toLowerCase();
  return token === "" ? null : { token };
}

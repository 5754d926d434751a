/**
 * Which host a tunnel goes to: pure choices among the hosts that are up.
 *
 * @module
 */
import type { PolicyName } from "../config/config.ts";

/** A host that is up, as a policy sees it. */
export interface Candidate {
  /** Its place among all hosts of the route, up or not. */
  readonly index: number;
  /** What `hash` and `sticky` tell it from others by. */
  readonly identity: string;
  /** Open tunnels, and those being connected. */
  readonly load: number;
}

/** What a choice may depend on besides the hosts. */
export interface Selection {
  readonly clientAddress: string;
  readonly authority: string;
  readonly path: string;
  /** The index of the host chosen last, -1 at first. */
  readonly lastIndex: number;
}

/** Chooses one of `up`, which is in the order of the configuration; null when it is empty. */
export function choose<C extends Candidate>(
  policy: PolicyName,
  up: readonly C[],
  selection: Selection,
): C | null {
  switch (policy) {
    case "fair":
    case "least-connection":
      return leastLoaded(up);
    case "round-robin":
      return nextAfter(up, selection.lastIndex);
    case "hash":
      return rendezvous(up, `${selection.authority}${selection.path}`);
    case "sticky":
      return rendezvous(up, selection.clientAddress);
  }
}

/** The candidate with the smallest load, the first among equals. */
export function leastLoaded<C extends { readonly load: number }>(up: readonly C[]): C | null {
  let best: C | null = null;
  for (const candidate of up) {
    if (best === null || candidate.load < best.load) best = candidate;
  }
  return best;
}

/** The first candidate behind `lastIndex`, around the end. */
function nextAfter<C extends Candidate>(up: readonly C[], lastIndex: number): C | null {
  return up.find((candidate) => candidate.index > lastIndex) ?? up[0] ?? null;
}

/**
 * The candidate whose identity scores highest together with `key` (highest random weight hashing): when one goes, only the
 * keys that it held move, and they return with it.
 */
export function rendezvous<C extends Candidate>(up: readonly C[], key: string): C | null {
  let best: C | null = null;
  let bestScore = -1;
  for (const candidate of up) {
    const score = hash32(`${candidate.identity}\0${key}`);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** FNV-1a over UTF-16 units, then MurmurHash3's finalizer: without it, identities that differ in one digit score alike. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

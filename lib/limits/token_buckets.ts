/**
 * Lets each name have so many a second, and a burst of what some seconds allow. The time is handed in.
 *
 * A bucket that is full again is forgotten. Of names made up faster than that, such as networks of IPv6, so many are remembered, and the
 * one that was used last the longest time ago is forgotten, full or not: nobody is refused for what others do.
 *
 * @module
 */

/** At once, what so many seconds allow. */
const BURST_SECONDS = 5;

const MAX_NAMES = 16_384;

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export class TokenBuckets {
  /** The one that was used last is the last. */
  readonly #buckets = new Map<string, Bucket>();

  get size(): number {
    return this.#buckets.size;
  }

  /** Whether one more may have it; 0 a second: everybody. */
  take(name: string, perSecond: number, nowMs: number): boolean {
    if (perSecond === 0) return true;
    this.#forget(perSecond, nowMs);
    const tokens = refilled(this.#buckets.get(name), perSecond, nowMs);
    if (tokens < 1) return false;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: tokens - 1, atMs: nowMs });
    return true;
  }

  /** Each that comes looks at two, so that more are forgotten than come. */
  #forget(perSecond: number, nowMs: number): void {
    let looks = 0;
    for (const [name, bucket] of this.#buckets) {
      if (looks++ === 2) return;
      const isFull = refilled(bucket, perSecond, nowMs) >= burstOf(perSecond);
      if (!isFull && this.#buckets.size < MAX_NAMES) return;
      this.#buckets.delete(name);
    }
  }
}

function refilled(bucket: Bucket | undefined, perSecond: number, nowMs: number): number {
  const burst = burstOf(perSecond);
  if (bucket === undefined) return burst;
  // A clock that goes back gives nothing, and takes nothing.
  const gained = Math.max(0, nowMs - bucket.atMs) * perSecond / 1000;
  return Math.min(burst, bucket.tokens + gained);
}

function burstOf(perSecond: number): number {
  return perSecond * BURST_SECONDS;
}

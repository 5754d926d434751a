/**
 * Lets a burst of each kind through, and after that so many a second; what it holds back it counts. Decisions over a clock that is
 * handed in.
 *
 * @module
 */

export interface RateGateOptions {
  /** How many of a kind pass at once. */
  readonly burst: number;
  /** How many of a kind pass in a second once the burst is used up. */
  readonly perSecond: number;
  /** Kinds that are told apart at once; further ones share the kind `""`. */
  readonly maxKinds: number;
}

export interface RateGate {
  /** Whether one more of a kind passes. Times in milliseconds, on any one clock. */
  admits(kind: string, nowMs: number): boolean;
  /** How many of each kind were held back since the last call. Kinds whose burst is whole again are forgotten. */
  takeHeld(nowMs: number): ReadonlyMap<string, number>;
}

interface Bucket {
  tokens: number;
  atMs: number;
  held: number;
}

export function createRateGate({ burst, perSecond, maxKinds }: RateGateOptions): RateGate {
  const buckets = new Map<string, Bucket>();
  const refill = (bucket: Bucket, nowMs: number) => {
    const gained = (nowMs - bucket.atMs) * perSecond / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + gained);
    bucket.atMs = nowMs;
  };
  const bucketOf = (kind: string, nowMs: number): Bucket => {
    const name = buckets.has(kind) || buckets.size < maxKinds ? kind : "";
    const known = buckets.get(name);
    if (known !== undefined) return known;
    const bucket = { tokens: burst, atMs: nowMs, held: 0 };
    buckets.set(name, bucket);
    return bucket;
  };
  return {
    admits(kind, nowMs) {
      const bucket = bucketOf(kind, nowMs);
      refill(bucket, nowMs);
      if (bucket.tokens < 1) {
        bucket.held++;
        return false;
      }
      bucket.tokens--;
      return true;
    },
    takeHeld(nowMs) {
      const held = new Map<string, number>();
      for (const [kind, bucket] of buckets) {
        refill(bucket, nowMs);
        if (bucket.held > 0) held.set(kind, bucket.held);
        else if (bucket.tokens === burst) buckets.delete(kind);
        bucket.held = 0;
      }
      return held;
    },
  };
}

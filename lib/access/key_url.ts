/**
 * A JSON Web Key Set behind a URL: asked for at the start, again when it has become old or a token names a key that is not in it, and kept while
 * its server can't be reached.
 *
 * @module
 */
import { fetchFailure, readBody } from "../base/fetching.ts";
import { type KeySet, readKeySet } from "../config/auth_files.ts";
import type { Emit } from "../events/events.ts";
import { withoutQuery } from "../http/request.ts";

export interface KeyUrl {
  /** The keys; null: there are none, or none that are young enough. Rejects never. */
  keys(): Promise<KeySet | null>;
  /** Newer keys than these; null: there are none, or it is too soon to ask for them. */
  newer(keys: KeySet): Promise<KeySet | null>;
  /** Asks no more. */
  close(): void;
}

/** Times in milliseconds. */
export interface KeyTimes {
  /** How long keys are young where their server doesn't say, and the least and the most that it may say. */
  readonly age: number;
  readonly leastAge: number;
  readonly mostAge: number;
  /** How long old keys hold that can't be renewed: one that was withdrawn must not hold for ever. */
  readonly stale: number;
  /** Between two questions, whatever clients send. */
  readonly cooldown: number;
  /** How long a server may take. */
  readonly timeout: number;
}

const TIMES: KeyTimes = {
  age: 600_000,
  leastAge: 60_000,
  mostAge: 24 * 3600_000,
  stale: 24 * 3600_000,
  cooldown: 10_000,
  timeout: 5_000,
};

const MAX_BYTES = 1024 * 1024;

/** What a server has answered. */
type Fetched = { readonly keys: KeySet; readonly maxAgeMs: number } | { readonly problem: string };

export function createKeyUrl(url: string, emit: Emit, times: KeyTimes = TIMES): KeyUrl {
  const closing = new AbortController();
  let held: KeySet | null = null;
  /** Of what is held; times by the clock that never goes back. */
  let [freshUntilMs, staleUntilMs] = [-Infinity, -Infinity];
  let askedAtMs = -Infinity;
  let asking: Promise<void> | null = null;
  let failed = false;

  async function ask(): Promise<void> {
    askedAtMs = performance.now();
    const fetched = await fetchKeys(url, times, closing.signal);
    if (closing.signal.aborted) return;
    const shown = withoutQuery(url);
    if ("problem" in fetched) {
      const { problem: reason } = fetched;
      if (!failed) emit({ kind: "keys-failed", url: shown, reason, held: current() !== null });
      failed = true;
      return;
    }
    const { keys, maxAgeMs } = fetched;
    const isNew = JSON.stringify(keys) !== JSON.stringify(held);
    if (isNew) held = keys;
    if (isNew || failed) emit({ kind: "keys-renewed", url: shown, keys: keys.keys.length });
    failed = false;
    freshUntilMs = performance.now() + maxAgeMs;
    staleUntilMs = freshUntilMs + times.stale;
  }

  /** One question at a time, for all who wait for it; none during the cooldown. */
  function askOnce(): Promise<void> | null {
    if (asking !== null || closing.signal.aborted) return asking;
    if (performance.now() < askedAtMs + times.cooldown) return null;
    return asking = ask().finally(() => asking = null);
  }

  function current(): KeySet | null {
    return performance.now() < staleUntilMs ? held : null;
  }

  void askOnce();
  return {
    async keys() {
      const now = performance.now();
      if (now < freshUntilMs) return held;
      const asked = askOnce();
      // Old ones hold until there are new ones.
      if (now >= staleUntilMs) await asked;
      return current();
    },
    async newer(keys) {
      await askOnce();
      return current() === keys ? null : current();
    },
    close: () => closing.abort(),
  };
}

async function fetchKeys(url: string, times: KeyTimes, closing: AbortSignal): Promise<Fetched> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), times.timeout);
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.any([timeout.signal, closing]),
    });
    const bytes = await readBody(response.body, MAX_BYTES);
    if (response.status !== 200) return { problem: `answers with status ${response.status}` };
    if (bytes === null) return { problem: `has more than ${MAX_BYTES} bytes` };
    const read = readKeySet(bytes);
    if ("problem" in read) return read;
    return { keys: read.value, maxAgeMs: maxAgeOf(response.headers.get("cache-control"), times) };
  } catch (error) {
    if (timeout.signal.aborted) {
      return { problem: `has no answer within ${times.timeout / 1000} s` };
    }
    return { problem: `can't be asked: ${fetchFailure(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 9111 section 5.2.2.1. */
function maxAgeOf(cacheControl: string | null, { age, leastAge, mostAge }: KeyTimes): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/.exec(cacheControl ?? "")?.[1];
  if (seconds === undefined) return age;
  return Math.min(mostAge, Math.max(leastAge, Number(seconds) * 1000));
}

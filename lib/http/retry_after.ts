/**
 * How long a server asks to be left alone, RFC 9110 section 10.2.3.
 *
 * @module
 */

/** No server is believed more than that, in milliseconds. */
const MOST_RETRY_AFTER_MS = 3_600_000;

/** In milliseconds; null: nothing is asked for that can be read. `wallMs` is the time since 1970, for a date. */
export function readRetryAfter(value: string | null, wallMs: number): number | null {
  const askedMs = askedFor(value ?? "", wallMs);
  return Number.isNaN(askedMs) ? null : Math.min(Math.max(askedMs, 0), MOST_RETRY_AFTER_MS);
}

function askedFor(value: string, wallMs: number): number {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  return /^[A-Z][a-z]{2}, .* GMT$/.test(value) ? Date.parse(value) - wallMs : NaN;
}

/**
 * Sizes and times, short, for people.
 *
 * @module
 */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Three digits at least: `512 B`, `1.5 KiB`, `12.3 KiB`, `123 MiB`. */
export function shortBytes(bytes: number): string {
  let [value, at] = [Math.max(0, bytes), 0];
  // What would be shown as 1024 is 1 of the next.
  while (value >= 1023.5 && at < SIZES.length - 1) [value, at] = [value / 1024, at + 1];
  const digits = at === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${digits} ${SIZES[at]}`;
}

/** Bytes a second; nothing is `0`, so that what moves is seen. */
export function shortRate(bytes: number): string {
  return bytes === 0 ? "0" : `${shortBytes(bytes)}/s`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The two largest units: `7 s`, `12 m 03 s`, `3 h 20 m`, `5 d 04 h`. */
export function shortTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (amount: number) => String(amount).padStart(2, "0");
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${two(whole % MINUTE)} s`;
  if (whole < DAY) {
    return `${Math.floor(whole / HOUR)} h ${two(Math.floor(whole % HOUR / MINUTE))} m`;
  }
  return `${Math.floor(whole / DAY)} d ${two(Math.floor(whole % DAY / HOUR))} h`;
}

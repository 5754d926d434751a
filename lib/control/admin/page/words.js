/**
 * Figures in words, as short as they can be read.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

const COUNT = new Intl.NumberFormat("en");

/** A whole number with its thousands apart. @param {number} count */
export function countInWords(count) {
  return COUNT.format(count);
}

/** Three digits and a unit: `812 B`, `1.20 KiB`, `98.3 MiB`. @param {number} bytes */
export function bytesInWords(bytes) {
  let value = bytes;
  let unit = 0;
  // What would be rounded up to four digits has the next unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${UNITS[unit]}`;
}

/** @param {number} bytes a second */
export function rateInWords(bytes) {
  return `${bytesInWords(bytes)}/s`;
}

/** @param {number} value */
function threeDigits(value) {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** The two largest units: `8 s`, `3 min 12 s`, `2 h 05 min`, `4 d 03 h`. @param {number} seconds */
export function timeInWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${twoDigits(whole / 60 % 60)} min`;
  return `${countInWords(Math.floor(whole / 86400))} d ${twoDigits(whole / 3600 % 24)} h`;
}

/** @param {number} value */
function twoDigits(value) {
  return String(Math.floor(value)).padStart(2, "0");
}

/** @param {number} ms */
export function lagInWords(ms) {
  return ms >= 1000
    ? `${threeDigits(ms / 1000)} s`
    : `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** `1 tunnel`, `1,000 tunnels`. @param {number} count @param {string} noun */
export function countOf(count, noun) {
  return `${countInWords(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * A state in words, and the mark that shows it by its form.
 *
 * @typedef {{ readonly mark: "good" | "bad" | "off" | "leaving" | "busy", readonly words: string }} State
 */

/** @type {Readonly<Record<string, State>>} */
const STATES = {
  up: { mark: "good", words: "up" },
  foreign: { mark: "good", words: "up, started by somebody else" },
  full: { mark: "busy", words: "full" },
  starting: { mark: "busy", words: "starting" },
  failed: { mark: "bad", words: "failed" },
  dead: { mark: "bad", words: "ended, its tunnels have not" },
  backoff: { mark: "bad", words: "failed, waits for its next start" },
  disabled: { mark: "bad", words: "out of use after failures" },
  stopped: { mark: "off", words: "stopped, started when needed" },
  stopping: { mark: "off", words: "stopping" },
  draining: { mark: "leaving", words: "draining: configured no more" },
};

/**
 * @param {Pick<import("../shapes.ts").BackendRow, "state" | "drained" | "disabledUntil">} row
 * @param {number} now Unix time in milliseconds
 * @returns {State}
 */
export function stateInWords({ state, drained, disabledUntil }, now) {
  const { mark, words } = STATES[state] ?? { mark: "off", words: state };
  if (drained) {
    const also = state === "up" ? "" : ` (${words})`;
    return { mark: "leaving", words: `drained: no new tunnels${also}` };
  }
  if (disabledUntil === undefined || disabledUntil <= now) return { mark, words };
  return {
    mark,
    words: `${words}, for ${timeInWords(Math.ceil((disabledUntil - now) / 1000))} more`,
  };
}

/**
 * How high a plot is.
 *
 * @module
 */

/** The halves of a plot's height whose labels are short. */
const HALVES = [1, 1.5, 2, 2.5, 3, 4, 5, 7.5];

/** Of those below 10, so that no label of a count has a fraction. */
const WHOLE_HALVES = [1, 2, 3, 4, 5];

/** The least round height that holds `most`, in whole numbers even at its half. @param {number} most @param {number} least */
export function countHeight(most, least = 2) {
  const half = Math.max(most, least) / 2;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(half)));
  const halves = power === 1 ? WHOLE_HALVES : HALVES;
  return 2 * power * (halves.find((value) => value * power >= half) ?? 10);
}

/** The same for bytes, in powers of two and their one and a half. @param {number} most */
export function bytesHeight(most) {
  const half = Math.max(most, 1024) / 2;
  const power = 2 ** Math.floor(Math.log2(half));
  return 2 * power * (half <= power ? 1 : half <= 1.5 * power ? 1.5 : 2);
}

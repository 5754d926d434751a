/**
 * How wide a text is in the cells of a terminal. It is about what terminals agree on: wide characters of East Asia and
 * emoji take two cells, marks on other characters none.
 *
 * @module
 */

/** First and last of ranges that are Wide or Fullwidth in Unicode 16's EastAsianWidth.txt, those that lie close together as one. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x2753, 0x2757],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f19a],
  [0x1f1e6, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f7e0, 0x1f7f0],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];

const PLAIN = /^[\x20-\x7e]*$/;
const MARK = /^\p{M}$/u;

function widthOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (MARK.test(character)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** The cells that a text takes, in which nothing is a control character. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Cuts what is too wide, with a mark at its end, and fills up what is too narrow: in front where it is to stand on the right. */
export function fitted(text: string, width: number, isRight = false, mark = "…"): string {
  const space = width - textWidth(text);
  if (space >= 0) return isRight ? " ".repeat(space) + text : text + " ".repeat(space);
  if (width <= 0) return "";
  let [cut, taken] = ["", 0];
  for (const character of text) {
    const next = taken + widthOf(character);
    if (next > width - 1) break;
    [cut, taken] = [cut + character, next];
  }
  return cut + mark + " ".repeat(width - 1 - taken);
}

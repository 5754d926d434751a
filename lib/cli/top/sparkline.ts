/**
 * Plots of one line: a column of blocks for each span of time.
 *
 * @module
 */

const BLOCKS = [..." ▁▂▃▄▅▆▇█"];

/** Where the terminal has no others. */
const ASCII_BLOCKS = [..." .:-=+*#%"];

/** What a plot reaches back at least, in seconds. */
export const SPAN_SECONDS = 180;

/** A figure and when it was, as Unix time in milliseconds. */
export type Point = readonly [timeMs: number, value: number];

/**
 * So many cells with the highest figure of each span of time, the newest on the right. A span begins at a multiple of its
 * length, so that the columns move on and don't change. What is above 0 is seen; a span in which nothing was said is empty. The highest is as high as
 * a line, unless it is below `full`.
 */
export function sparkline(
  points: readonly Point[],
  cells: number,
  isUnicode = true,
  full = 0,
): string {
  const blocks = isUnicode ? BLOCKS : ASCII_BLOCKS;
  const last = points.at(-1);
  if (last === undefined || cells <= 0) return " ".repeat(Math.max(0, cells));
  const spanMs = Math.ceil(SPAN_SECONDS / cells) * 1000;
  const newest = Math.floor(last[0] / spanMs);
  const heights = Array<number>(cells).fill(0);
  for (const [timeMs, value] of points) {
    const at = cells - 1 - (newest - Math.floor(timeMs / spanMs));
    if (at >= 0 && at < cells) heights[at] = Math.max(heights[at]!, value);
  }
  const most = Math.max(full, ...heights);
  return heights.map((height) => {
    if (!(height > 0)) return blocks[0];
    return blocks[Math.max(1, Math.round(height / most * (blocks.length - 1)))];
  }).join("");
}

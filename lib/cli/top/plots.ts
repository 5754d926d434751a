/**
 * The figures of the last second and their plots.
 *
 * @module
 */
import type { Sample } from "../../control/admin/shapes.ts";
import { fitted } from "../text_width.ts";
import { shortRate } from "../units.ts";
import type { Ink } from "./ink.ts";
import { sparkline } from "./sparkline.ts";

interface Figure {
  readonly name: string;
  readonly of: (sample: Sample) => number;
  readonly text: (value: number) => string;
  /** What fills a line at least: less is no sight. */
  readonly full?: number;
}

export const FIGURES: readonly Figure[] = [
  { name: "tunnels", of: ({ tunnels }) => tunnels, text: String },
  { name: "up", of: ({ up }) => up, text: shortRate },
  { name: "down", of: ({ down }) => down, text: shortRate },
  { name: "refused", of: ({ refused }) => refused, text: (value) => `${value}/s` },
  {
    name: "loop lag",
    of: ({ lagMs }) => lagMs,
    text: (value) => `${Math.round(value)} ms`,
    full: 50,
  },
];

const NAME_CELLS = 8;
const VALUE_CELLS = 11;
const GAP = 2;

/** So many figures a line, each with its plot, on `columns` cells. */
export function plotLines(
  samples: readonly Sample[],
  across: number,
  columns: number,
  ink: Ink,
): string[] {
  const cells = Math.floor((columns - GAP * (across - 1)) / across);
  const plots = FIGURES.map(({ name, of, text, full }) => {
    const points = samples.map((sample) => [sample.time, of(sample)] as const);
    const value = points.length === 0 ? "-" : text(points.at(-1)![1]);
    const label = `${fitted(name, NAME_CELLS)} ${fitted(value, VALUE_CELLS, true)} `;
    const plot = sparkline(points, Math.max(0, cells - label.length), ink.isUnicode, full);
    return label + ink.colour(plot, "cyan");
  });
  const lines: string[] = [];
  for (let at = 0; at < plots.length; at += across) {
    lines.push(plots.slice(at, at + across).join(" ".repeat(GAP)));
  }
  return lines;
}

/** The same in one line, where there is no room for plots: as many as go into it. */
export function figureLine(samples: readonly Sample[], columns: number): string {
  const last = samples.at(-1);
  return FIGURES.map(({ name, of, text }) => `${name} ${last === undefined ? "-" : text(of(last))}`)
    .reduce((line, words) => {
      const longer = line === "" ? words : `${line}${" ".repeat(GAP)}${words}`;
      return longer.length <= columns ? longer : line;
    }, "");
}

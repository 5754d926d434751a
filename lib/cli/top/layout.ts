/**
 * How the lines of a window are shared out.
 *
 * @module
 */
import type { List, Size, TopState } from "./state.ts";

/** The least window that is drawn into. */
export const LEAST = { columns: 40, rows: 10 } as const;

export function isTooSmall({ columns, rows }: Size): boolean {
  return columns < LEAST.columns || rows < LEAST.rows;
}

/** Fewer lines have room for one list. */
const BOTH_LISTS_ROWS = 16;

/** What a window shows. */
export interface Layout {
  /** How many plots stand beside one another; 0: there is one line of figures in their place. */
  readonly plotsAcross: number;
  readonly plotLines: number;
  /** The rows of each list without its titles; a list with 0 isn't shown. */
  readonly rows: Readonly<Record<List, number>>;
}

/** Some room for those that come. */
const LEAST_TUNNELS = 3;

const PLOTS = 5;

/** A plot with its name and figure takes so many cells. */
const PLOT_COLUMNS = 32;

export function layoutOf({ size, list, seen }: TopState): Layout {
  const columns = Math.max(size.columns, LEAST.columns);
  const lines = Math.max(size.rows, LEAST.rows);
  const across = Math.min(3, Math.floor(columns / PLOT_COLUMNS));
  const isPlotted = Math.ceil(PLOTS / across) <= lines / 4;
  const plotLines = isPlotted ? Math.ceil(PLOTS / across) : 1;
  const plotsAcross = isPlotted ? across : 0;
  // The head, and the line at the bottom.
  const left = lines - 2 - plotLines;
  if (lines < BOTH_LISTS_ROWS) {
    const rows = left - 1;
    return {
      plotsAcross,
      plotLines,
      rows: list === "tunnels" ? { tunnels: rows, backends: 0 } : { tunnels: 0, backends: rows },
    };
  }
  // An empty line and titles stand above each. Tunnels have two thirds, where they need them.
  const tunnels = Math.min(
    Math.max(LEAST_TUNNELS, seen.tunnels.length),
    Math.ceil((left - 4) * 2 / 3),
  );
  const backends = Math.min(Math.max(1, seen.backends.length), left - 4 - tunnels);
  return { plotsAcross, plotLines, rows: { backends, tunnels: left - 4 - backends } };
}

/** How many rows of each list are in sight. */
export function listRows(state: TopState): Layout["rows"] {
  return layoutOf(state).rows;
}

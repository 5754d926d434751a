/**
 * Tables for people: columns of text, numbers on the right.
 *
 * @module
 */
import { escapeControls } from "../base/escape.ts";
import { fitted, textWidth } from "./text_width.ts";

/** A column of a table of `Row`s. */
export interface Column<Row> {
  readonly title: string;
  /** What a person reads; a peer's words are escaped here. */
  readonly text: (row: Row) => string;
  /** What it is sorted by. */
  readonly by: (row: Row) => number | string;
  /** Whether it stands on the right, as numbers do. */
  readonly right?: true;
  /** Where there is no room for all, those with the highest go. */
  readonly rank: number;
  /** Down to how many cells it may be cut; absent: it never is. */
  readonly least?: number;
  /** How many it mostly takes: a window has these for it, so that its columns stand still. */
  readonly usual?: number;
}

/** Between two columns. */
const GAP = "  ";

/** The lines of a whole table, its titles first; columns in which nothing stands are left out. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const texts = rows.map((row) => columns.map((column) => cell(column, row)));
  const shown = columns.map((_, at) => at)
    .filter((at) => rows.length === 0 || texts.some((cells) => cells[at] !== ""));
  const widths = columns.map(({ title }, at) =>
    Math.max(textWidth(title), ...texts.map((cells) => textWidth(cells[at]!)))
  );
  const line = (cells: readonly string[]) =>
    shown.map((at) => fitted(cells[at]!, widths[at]!, columns[at]!.right)).join(GAP).trimEnd();
  return [columns.map(({ title }) => title), ...texts].map(line);
}

/** A cell's text, fit for a terminal. */
export function cell<Row>({ text }: Column<Row>, row: Row): string {
  // Another version's server may leave out what this one has.
  return escapeControls(String(text(row)));
}

/** A column as it is shown in a window. */
export interface Placed<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/**
 * The columns that go into so many cells, for these rows: those in which nothing stands are left out, then those of the highest rank, and
 * then those that may be cut are. `titleOf` gives what stands above a column.
 */
export function placeColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  titleOf: (column: Column<Row>) => string,
): Placed<Row>[] {
  const sized = columns.flatMap((column) => {
    const most = Math.max(0, ...rows.map((row) => textWidth(cell(column, row))));
    if (most === 0 && rows.length > 0) return [];
    const full = Math.max(textWidth(titleOf(column)), most, column.usual ?? 0);
    return [{ column, full, least: Math.min(full, column.least ?? full) }];
  });
  const kept = new Set(sized);
  const needed = () =>
    [...kept].reduce((sum, { least }) => sum + least, (kept.size - 1) * GAP.length);
  for (const one of sized.toSorted((a, b) => b.column.rank - a.column.rank)) {
    if (needed() <= width || kept.size === 1) break;
    kept.delete(one);
  }
  let spare = Math.max(0, width - needed());
  return [...kept].map(({ column, full, least }) => {
    const more = Math.min(spare, full - least);
    spare -= more;
    return { column, width: Math.min(least + more, width) };
  });
}

/** A line of such a table: `text` gives what stands in a column, `mark` stands where it was cut. */
export function placedLine<Row>(
  placed: readonly Placed<Row>[],
  text: (column: Column<Row>) => string,
  mark: string,
): string {
  return placed.map(({ column, width }) => fitted(text(column), width, column.right, mark))
    .join(GAP);
}

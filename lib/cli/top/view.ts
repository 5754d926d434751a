/**
 * What `top` looks like: its state as the lines of a window.
 *
 * @module
 */
import { escapeControls } from "../../base/escape.ts";
import type { BackendRow, TunnelRow } from "../../control/admin/shapes.ts";
import { BACKEND_COLUMNS, TUNNEL_COLUMNS } from "../columns.ts";
import { cell, type Column, placeColumns, placedLine } from "../table.ts";
import { fitted } from "../text_width.ts";
import { shortTime } from "../units.ts";
import type { Colour, Ink } from "./ink.ts";
import { isTooSmall, layoutOf, LEAST } from "./layout.ts";
import { figureLine, plotLines } from "./plots.ts";
import { backendKey, chosenAt, shownTunnels, tunnelKey } from "./rows.ts";
import type { List, Seen, TopState } from "./state.ts";

/** As many lines as the window has rows, none wider than it. */
export function view(state: TopState, ink: Ink): string[] {
  const { columns, rows } = state.size;
  if (isTooSmall(state.size)) return tooSmall(state.size);
  const layout = layoutOf(state);
  const body = state.mode.kind === "help" ? helpLines(columns, ink) : [
    ...(layout.plotsAcross === 0
      ? [figureLine(state.samples, columns)]
      : plotLines(state.samples, layout.plotsAcross, columns, ink)),
    ...lists(state, layout.rows, ink),
  ];
  const lines = [head(state, ink), ...body].slice(0, rows - 1);
  while (lines.length < rows - 1) lines.push("");
  return [...lines, bottom(state, ink)];
}

function tooSmall({ columns, rows }: TopState["size"]): string[] {
  const words = `at least ${LEAST.columns}x${LEAST.rows}, q quits`;
  const text = fitted(words, columns, false, "").trimEnd();
  return Array.from({ length: rows }, (_, at) => at === 0 ? text : "");
}

function head({ seen, nowMs, lost, size: { columns } }: TopState, ink: Ink): string {
  if (lost !== null) {
    const since = shortTime((nowMs - lost.sinceMs) / 1000);
    const text = `no answer for ${since}, trying again: ${lost.why}`;
    return ink.colour(ink.reverse(whole(text, columns, ink)), "red");
  }
  return ink.bold(whole(headText(seen, nowMs), columns, ink));
}

/** What server it is, in a line. */
export function headText({ status }: Seen, nowMs: number): string {
  const { version, phase, started, pid, listeners } = status;
  const words = [
    `wstunnel ${version}`,
    phase,
    `up ${shortTime((nowMs - started) / 1000)}`,
    `pid ${pid}`,
    listeners.map(({ address }) => address).join(" "),
  ];
  return escapeControls(words.join("  "));
}

/** A line from edge to edge, in which a peer's words may be. */
function whole(text: string, columns: number, ink: Ink): string {
  return fitted(plain(escapeControls(text), ink), columns, false, mark(ink));
}

function mark({ isUnicode }: Ink): string {
  return isUnicode ? "…" : "~";
}

function lists(state: TopState, rows: Readonly<Record<List, number>>, ink: Ink): string[] {
  const both = rows.tunnels > 0 && rows.backends > 0;
  const gap = both ? [""] : [];
  return [
    ...(rows.backends > 0 ? [...gap, ...backendLines(state, rows.backends, ink)] : []),
    ...(rows.tunnels > 0 ? [...gap, ...tunnelLines(state, rows.tunnels, ink)] : []),
  ];
}

/** What a list is drawn of. */
interface Drawn<Row> {
  readonly list: List;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** What stands above a column. */
  readonly titleOf: (column: Column<Row>) => string;
  readonly colourOf: (row: Row) => Colour | null;
}

function tunnelLines(state: TopState, count: number, ink: Ink): string[] {
  const { title, isDown } = state.sort;
  const arrow = ink.isUnicode ? (isDown ? "▼" : "▲") : (isDown ? "v" : "^");
  return listLines<TunnelRow>(state, count, ink, {
    list: "tunnels",
    columns: TUNNEL_COLUMNS,
    rows: shownTunnels(state),
    keyOf: tunnelKey,
    titleOf: (column) => column.title === title ? column.title + arrow : column.title,
    colourOf: () => null,
  });
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  up: "green",
  failed: "red",
  disabled: "red",
  draining: "yellow",
};

function backendLines(state: TopState, count: number, ink: Ink): string[] {
  return listLines<BackendRow>(state, count, ink, {
    list: "backends",
    columns: BACKEND_COLUMNS,
    rows: state.seen.backends,
    keyOf: backendKey,
    titleOf: ({ title }) => title,
    colourOf: (row) => row.drained ? "yellow" : STATE_COLOURS[row.state] ?? null,
  });
}

function listLines<Row>(state: TopState, count: number, ink: Ink, drawn: Drawn<Row>): string[] {
  const { list, rows, keyOf, titleOf, colourOf } = drawn;
  const { columns } = state.size;
  const chosen = chosenAt(state, list, rows.map(keyOf));
  // The chosen one in the middle, where the list is longer than what there is for it.
  const first = Math.max(0, Math.min(chosen - (count >> 1), rows.length - count));
  const inSight = rows.slice(first, first + count);
  const placed = placeColumns(drawn.columns, inSight, columns, titleOf);
  const fit = (text: string) => fitted(text, columns, false, mark(ink));
  const titles = ink.bold(fit(placedLine(placed, titleOf, mark(ink))));
  const lines = inSight.map((row, at) => {
    const text = (column: Column<Row>) => plain(cell(column, row), ink);
    const line = fit(placedLine(placed, text, mark(ink)));
    if (first + at === chosen && list === state.list) return ink.reverse(line);
    const colour = colourOf(row);
    return colour === null ? line.trimEnd() : ink.colour(line, colour);
  });
  while (lines.length < count) lines.push("");
  return [titles, ...lines];
}

/** A terminal that knows no other characters shows none of a peer's. */
function plain(text: string, { isUnicode }: Ink): string {
  return isUnicode ? text : text.replace(/[^\x20-\x7e]/gu, "?");
}

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["up down, j k, PgUp PgDn, Home End", "choose a row"],
  ["Tab", "the other list"],
  ["< >, left right", "sort by another column"],
  ["r", "the other way round"],
  ["/", "show tunnels that have these words; Esc: all"],
  ["e", "end the chosen tunnel, after a y"],
  ["d, u", "drain the chosen backend; use it again"],
  ["p", "pause, go on"],
  ["q", "quit"],
];

function helpLines(columns: number, ink: Ink): string[] {
  const about = "up: to backends. down: to clients. Plots: the last 3 minutes.";
  const wide = columns >= 80;
  const lines = KEYS.flatMap(([keys, what]) =>
    wide ? [`  ${keys.padEnd(36)}${what}`] : [`${keys}: ${what}`]
  );
  return ["", ...lines, "", about].map((line) => fitted(line, columns, false, mark(ink)).trimEnd());
}

function bottom(state: TopState, ink: Ink): string {
  const { mode, notice, size: { columns } } = state;
  const line = (text: string) => whole(text, columns, ink);
  if (mode.kind === "filter") return ink.reverse(line(`/${state.filter}_`));
  if (mode.kind === "question") return ink.reverse(line(question(state, mode.id)));
  if (mode.kind === "help") return ink.reverse(line("any key: back"));
  if (notice !== null) {
    return notice.isProblem
      ? ink.colour(ink.reverse(line(notice.text)), "red")
      : ink.reverse(line(notice.text));
  }
  return ink.reverse(line(standing(state)));
}

function question({ seen }: TopState, id: number): string {
  const row = seen.tunnels.find((one) => one.id === id);
  const whose = row === undefined ? "" : ` of ${row.client} to ${row.backend}`;
  return `end tunnel ${id}${whose}? y or n`;
}

function standing(state: TopState): string {
  const { seen, filter, paused } = state;
  const all = seen.tunnels.length;
  const shown = filter === "" ? `${all}` : `${shownTunnels(state).length} of ${all}`;
  const words = [
    ...(paused === null ? [] : ["PAUSED"]),
    `${shown} ${all === 1 ? "tunnel" : "tunnels"}`,
    ...(filter === "" ? [] : [`with "${filter}"`]),
    "? help  q quit  <> sort  / filter  e end  d drain  u use  p pause",
  ];
  return words.join("  ");
}

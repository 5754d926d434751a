/**
 * What a key does to `top`.
 *
 * @module
 */
import { TUNNEL_COLUMNS } from "../columns.ts";
import { isTooSmall, listRows } from "./layout.ts";
import { chosenAt, keysOf, shownTunnels } from "./rows.ts";
import type { Action, Next, TopState } from "./state.ts";

const TITLES = TUNNEL_COLUMNS.map(({ title }) => title);

/** Longer words are no filter. */
const MAX_FILTER = 100;

export function press(before: TopState, key: string): Next {
  const state = { ...before, notice: null };
  if (key === "ctrl-c") return doing(state, { kind: "quit" });
  if (key === "ctrl-z") return doing(state, { kind: "suspend" });
  if (key === "ctrl-l") return doing(state, { kind: "redraw" });
  // Nobody sees what a key would do.
  if (isTooSmall(state.size)) return key === "q" ? doing(state, { kind: "quit" }) : only(before);
  switch (state.mode.kind) {
    case "filter":
      return only(typed(state, state.mode.before, key));
    case "question": {
      const { id } = state.mode;
      const next: TopState = { ...state, mode: { kind: "list" } };
      if (key === "y" || key === "Y") return doing(next, { kind: "end", id });
      return only(told(next, `tunnel ${id} goes on`));
    }
    case "help":
      return key === "q"
        ? doing(state, { kind: "quit" })
        : only({ ...state, mode: { kind: "list" } });
    case "list":
      return inList(state, key);
  }
}

function only(state: TopState): Next {
  return { state, action: null };
}

function doing(state: TopState, action: Action): Next {
  return { state, action };
}

function told(state: TopState, text: string): TopState {
  return { ...state, notice: { text, isProblem: false } };
}

function inList(state: TopState, key: string): Next {
  switch (key) {
    case "q":
      return doing(state, { kind: "quit" });
    case "?":
    case "h":
      return only({ ...state, mode: { kind: "help" } });
    case "/":
      return only({ ...state, list: "tunnels", mode: { kind: "filter", before: state.filter } });
    case "escape":
      return only({ ...state, filter: "" });
    case "p":
    case " ":
      return only(paused(state));
    case "tab":
    case "back-tab":
      return only({ ...state, list: state.list === "tunnels" ? "backends" : "tunnels" });
    case "s":
    case ">":
    case "right":
      return only(sortedBy(state, 1));
    case "<":
    case "left":
      return only(sortedBy(state, -1));
    case "r":
      return only({ ...state, sort: { ...state.sort, isDown: !state.sort.isDown } });
    case "e":
      return only(asking(state));
    case "d":
      return turned(state, "drain");
    case "u":
      return turned(state, "enable");
    default:
      return only(moved(state, key));
  }
}

function typed(state: TopState, before: string, key: string): TopState {
  if (key === "enter") return { ...state, mode: { kind: "list" } };
  if (key === "escape") return { ...state, mode: { kind: "list" }, filter: before };
  if (key === "backspace") return { ...state, filter: [...state.filter].slice(0, -1).join("") };
  if ([...key].length > 1 || state.filter.length >= MAX_FILTER) return state;
  return { ...state, filter: state.filter + key };
}

function paused(state: TopState): TopState {
  const { paused, seen, samples } = state;
  return paused === null
    ? { ...state, paused: { seen, samples } }
    : { ...state, seen: paused.seen, samples: paused.samples, paused: null };
}

/** By the next column; numbers largest first. */
function sortedBy(state: TopState, step: number): TopState {
  const at = (TITLES.indexOf(state.sort.title) + step + TITLES.length) % TITLES.length;
  const { title, right } = TUNNEL_COLUMNS[at]!;
  const isDown = right === true && title !== "ID";
  return told({ ...state, list: "tunnels", sort: { title, isDown } }, `sorted by ${title}`);
}

/** How far a key goes in a list with so many rows in sight. */
function stepOf(key: string, rows: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    "up": -1,
    "k": -1,
    "down": 1,
    "j": 1,
    "page-up": -rows,
    "page-down": rows,
    "home": -Infinity,
    "g": -Infinity,
    "end": Infinity,
    "G": Infinity,
  };
  return steps[key] ?? null;
}

function moved(state: TopState, key: string): TopState {
  const { list, chosen } = state;
  const step = stepOf(key, Math.max(1, listRows(state)[list]));
  const keys = keysOf(state, list);
  if (step === null || keys.length === 0) return state;
  const at = Math.max(0, Math.min(keys.length - 1, chosenAt(state, list, keys) + step));
  return { ...state, chosen: { ...chosen, [list]: { key: keys[at]!, at } } };
}

/** Asks about the tunnel that is chosen, which stays chosen whatever its place is by the answer. */
function asking(state: TopState): TopState {
  if (state.list !== "tunnels") return told({ ...state, list: "tunnels" }, CHOOSE_TUNNEL);
  const rows = shownTunnels(state);
  const keys = rows.map(({ id }) => String(id));
  const at = chosenAt(state, "tunnels", keys);
  const row = rows[at];
  if (row === undefined) return told(state, "there is no tunnel to end");
  const chosen = { ...state.chosen, tunnels: { key: keys[at]!, at } };
  return { ...state, chosen, mode: { kind: "question", id: row.id } };
}

const CHOOSE_TUNNEL = "choose a tunnel, then e";

function turned(state: TopState, kind: "drain" | "enable"): Next {
  if (state.list !== "backends") {
    const key = kind === "drain" ? "d" : "u";
    return only(told({ ...state, list: "backends" }, `choose a backend, then ${key}`));
  }
  const row = state.seen.backends[chosenAt(state, "backends", keysOf(state, "backends"))];
  if (row === undefined) return only(told(state, "there is no backend"));
  return doing(state, { kind, backend: row.backend, route: row.route });
}

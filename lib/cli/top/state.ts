/**
 * What `top` knows: what the server has said, and what its user has chosen.
 *
 * @module
 */
import type { BackendRow, Sample, StatusAnswer, TunnelRow } from "../../control/admin/shapes.ts";

/** What the server says. */
export interface Seen {
  readonly status: StatusAnswer;
  readonly tunnels: readonly TunnelRow[];
  readonly backends: readonly BackendRow[];
}

/** A list that a row is chosen in. */
export type List = "tunnels" | "backends";

/** What keys are for just now. */
export type Mode =
  | { readonly kind: "list" }
  | { readonly kind: "help" }
  /** The words before it was begun come back where it is given up. */
  | { readonly kind: "filter"; readonly before: string }
  /** Whether to end this tunnel. */
  | { readonly kind: "question"; readonly id: number };

export interface TopState {
  readonly size: Size;
  readonly nowMs: number;
  /** What is shown. */
  readonly seen: Seen;
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** What has come while it is paused; null: it isn't. */
  readonly paused: { readonly seen: Seen; readonly samples: readonly Sample[] } | null;
  /** Since when the server doesn't answer. */
  readonly lost: { readonly why: string; readonly sinceMs: number } | null;
  readonly notice: Notice | null;
  readonly mode: Mode;
  readonly list: List;
  /** The titles of columns. */
  readonly sort: { readonly title: string; readonly isDown: boolean };
  readonly filter: string;
  /** By what a row keeps when the list changes; `at` is where it was. */
  readonly chosen: Readonly<Record<List, { readonly key: string | null; readonly at: number }>>;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A line at the bottom, up to the next key. */
export interface Notice {
  readonly text: string;
  readonly isProblem: boolean;
}

/** What happens to it. */
export type Happening =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "resized"; readonly size: Size }
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "lost"; readonly why: string }
  | { readonly kind: "history"; readonly samples: readonly Sample[] }
  | { readonly kind: "sample"; readonly sample: Sample }
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "tick" };

/** What is to be done besides. */
export type Action =
  | { readonly kind: "quit" }
  | { readonly kind: "suspend" }
  | { readonly kind: "redraw" }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "drain" | "enable"; readonly backend: string; readonly route: string };

export interface Next {
  readonly state: TopState;
  readonly action: Action | null;
}

/** Half an hour. */
const MAX_SAMPLES = 1800;

export function beginTop(seen: Seen, size: Size, nowMs: number): TopState {
  return {
    size,
    nowMs,
    seen,
    samples: [],
    paused: null,
    lost: null,
    notice: null,
    mode: { kind: "list" },
    list: "tunnels",
    sort: { title: "DOWN/S", isDown: true },
    filter: "",
    chosen: { tunnels: { key: null, at: 0 }, backends: { key: null, at: 0 } },
  };
}

/** What comes from the server and the terminal; keys are `press()`'s. */
export function take(state: TopState, happening: Exclude<Happening, { kind: "key" }>): TopState {
  switch (happening.kind) {
    case "resized":
      return { ...state, size: happening.size };
    case "seen":
      return found(state, happening.seen);
    case "lost":
      return state.lost !== null
        ? { ...state, lost: { ...state.lost, why: happening.why } }
        : { ...state, lost: { why: happening.why, sinceMs: state.nowMs } };
    case "history":
      return withSamples(state, happening.samples);
    case "sample": {
      const before = state.paused?.samples ?? state.samples;
      return withSamples(state, [...before, happening.sample]);
    }
    case "notice":
      return { ...state, notice: happening.notice };
    case "tick":
      return state;
  }
}

function found(state: TopState, seen: Seen): TopState {
  const { pid, started } = (state.paused ?? state).seen.status;
  const isSame = seen.status.pid === pid && seen.status.started === started;
  const notice = isSame ? state.notice : { text: "the server was started anew", isProblem: false };
  const shown = state.paused === null ? { seen } : { paused: { ...state.paused, seen } };
  return { ...state, ...shown, notice, lost: null };
}

function withSamples(state: TopState, all: readonly Sample[]): TopState {
  const samples = all.slice(-MAX_SAMPLES);
  return state.paused === null
    ? { ...state, samples }
    : { ...state, paused: { ...state.paused, samples } };
}

/**
 * What the admin listener says, as JSON: the status page and the commands read it. Names are those of the log's lines; what isn't there is left out.
 *
 * @module
 */
import type { Phase } from "../phase.ts";

/** `GET /api/status`. */
export interface StatusAnswer {
  readonly version: string;
  readonly pid: number;
  readonly phase: Phase;
  /** Unix time in milliseconds. */
  readonly started: number;
  readonly listeners: readonly {
    readonly address: string;
    readonly engine: string;
    readonly tls: boolean;
  }[];
  /** When the last reload that was taken was, as Unix time in milliseconds; null: none was. */
  readonly reloaded: number | null;
}

/** Who has yet to take what the other one sent; null: nobody waits. */
export type Waits = "client" | "backend" | "both" | null;

/** An open tunnel. */
export interface TunnelRow {
  readonly id: number;
  /** With its port. */
  readonly client: string;
  readonly via?: string;
  readonly user?: string;
  readonly route: string;
  readonly path: string;
  readonly host?: string;
  readonly origin?: string;
  readonly subprotocol?: string;
  readonly backend: string;
  readonly pid?: number;
  /** Since it was opened. */
  readonly seconds: number;
  /** Payload bytes to the backend, and to the client. */
  readonly up: number;
  readonly down: number;
  /** Bytes a second, of the last whole second. */
  readonly upRate: number;
  readonly downRate: number;
  readonly waits: Waits;
}

/** `GET /api/tunnels`, in the order of their ids. `DELETE /api/tunnels/ID` ends one: 204, or 404. */
export interface TunnelsAnswer {
  readonly tunnels: readonly TunnelRow[];
}

/** A host of a route, or a process of it. */
export interface BackendRow {
  readonly route: string;
  readonly backend: string;
  /** `up`, `failed`, `disabled`, `draining` and those of programs; with `drained` nobody is sent there. */
  readonly state: string;
  /** By an operator: no new tunnel is sent there. */
  readonly drained: boolean;
  readonly load: number;
  readonly pid?: number;
  readonly tunnelsServed: number;
  readonly failures: number;
  /** Unix time in milliseconds. */
  readonly disabledUntil?: number;
}

/**
 * `GET /api/backends`. `POST /api/backends/drain` and `/api/backends/enable` with `{"backend", "route"?}` as JSON: 200 with
 * {@linkcode ChangedAnswer}, or 404.
 */
export interface BackendsAnswer {
  readonly backends: readonly BackendRow[];
}

/** How many it was done to. */
export interface ChangedAnswer {
  readonly changed: number;
}

/** `POST /api/reload`: 200, or 422 with the problems. */
export type ReloadAnswer =
  | { readonly changes: readonly string[] }
  | { readonly problems: readonly string[] };

/** Whatever is not as it should be: 4xx. */
export interface ErrorAnswer {
  readonly error: string;
}

/**
 * What went on in a second. `GET /api/events` sends, as Server-Sent Events, first `history` with those of the last minutes, oldest first, then each
 * second a `sample`.
 */
export interface Sample {
  /** Its end, as Unix time in milliseconds. */
  readonly time: number;
  readonly tunnels: number;
  readonly opened: number;
  readonly refused: number;
  /** Bytes. */
  readonly up: number;
  readonly down: number;
  /** The longest that the event loop was late. */
  readonly lagMs: number;
  /** Backends by their states. */
  readonly backends: Readonly<Record<string, number>>;
}

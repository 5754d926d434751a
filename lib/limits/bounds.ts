/**
 * How many connections there may be, by the configuration and by how many descriptors this process may have.
 *
 * @module
 */

/** What bounds one client; 0: nothing does. */
export interface ClientBounds {
  readonly maxConnections: number;
  readonly maxPending: number;
  /** New ones. */
  readonly perSecond: number;
}

/** What bounds all of them; 0: nothing does. */
export interface ConnectionBounds {
  readonly maxConnections: number;
  /** Of those whose request has not come yet, or was refused and whose client has yet to leave. */
  readonly maxPending: number;
  /** Each client, and one of this machine, where a proxy may speak for everybody. */
  readonly client: ClientBounds;
  readonly local: ClientBounds;
}

/** Whom nothing bounds but what bounds all. */
export const UNBOUNDED: ClientBounds = { maxConnections: 0, maxPending: 0, perSecond: 0 };

/** What a configuration says of it; null: nothing. */
export interface BoundsSetting {
  readonly maxConnections: number | null;
  readonly maxConnectionsPerClient: number | null;
  readonly maxPending: number | null;
  readonly connectionRate: number;
}

/**
 * Of the descriptors, what is kept for everything else: listeners, files, programs. The runtime has some 25, and 32 may be those of clients whose
 * refusal is on its way.
 */
const KEPT_SHARE = 1 / 8;
const LEAST_KEPT = 64;
const MOST_KEPT = 1024;

/** What the runtime opens for a thread, and we: ten, and the ring of its batches (measured). */
const PER_WORKER = 12;

/** The client's connection and the backend's; a program for each tunnel is a socket, its standard error and its process. */
const PER_TUNNEL = 2;
const PER_PROGRAM = 4;

/** More than come in a second, where each may take a second to send its head. */
const MOST_PENDING = 1024;
const LEAST_PENDING = 16;

/** How many tunnels so many descriptors are enough for, beside so many threads; `startsPrograms`: one may be started for each. */
export function roomIn(descriptors: number, startsPrograms: boolean, workers: number): number {
  const share = Math.min(Math.floor(descriptors * KEPT_SHARE), MOST_KEPT);
  const kept = Math.max(share, LEAST_KEPT + workers * PER_WORKER);
  const each = startsPrograms ? PER_PROGRAM : PER_TUNNEL;
  return Math.max(1, Math.floor((descriptors - kept) / each));
}

/**
 * The bounds that hold. What isn't said follows from the room that there is, null where nobody knows it: as many connections as there is room for, a
 * client half of them, a quarter of them pending.
 */
export function boundsOf(setting: BoundsSetting, room: number | null): ConnectionBounds {
  const { maxConnectionsPerClient, connectionRate: perSecond } = setting;
  const maxConnections = setting.maxConnections ?? room ?? 0;
  const maxPending = setting.maxPending ?? impliedPending(maxConnections);
  const own = maxConnectionsPerClient ?? Math.ceil(maxConnections / 2);
  const client = { maxConnections: own, maxPending: Math.ceil(maxPending / 2), perSecond };
  const local = { ...UNBOUNDED, maxConnections: maxConnectionsPerClient ?? 0, perSecond };
  return { maxConnections, maxPending, client, local };
}

function impliedPending(maxConnections: number): number {
  if (maxConnections === 0) return MOST_PENDING;
  return Math.min(Math.max(Math.ceil(maxConnections / 4), LEAST_PENDING), MOST_PENDING);
}

/**
 * The connections that are there, counted in all and for each client, and which of them goes where there are too many. Decisions over a clock
 * that is handed in.
 *
 * | a pass is | its connection | for a newcomer |
 * |---|---|---|
 * | `pending` | has sent no request that was let in: its head is under way, or it has been refused and has yet to leave | may have to go |
 * | `in` | has one: a backend is being connected, or it is a tunnel's | stays |
 * | `turned away` | was refused as it came, and has yet to leave; few may, so that their descriptors are no matter | stays |
 * | `over` | is closed | |
 *
 * A newcomer is refused only where everybody who is there has been let in. Else the oldest pending one of the client that has the most of them goes:
 * that is no one who sends his head as soon as he is connected, however many others hold theirs back.
 *
 * @module
 */
import type { ClientBounds, ConnectionBounds } from "./bounds.ts";
import { Ranking } from "./ranking.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** A limit, by the name of the key that sets it. */
export type Limit =
  | "max-connections"
  | "max-connections-per-client"
  | "max-pending"
  | "connection-rate";

/** A connection's place among those that are counted. */
export interface Pass {
  /** What ends the connection, while it may have to go; whoever has the connection sets it. */
  holder: { drop(): void } | null;
  /** Its request has been let in. */
  letIn(): void;
  /**
   * It is another client's from now on, for whom its own speaks; gives the limit that this one has reached: then it stays as it is, and is to be
   * refused.
   */
  become(client: Client): Limit | null;
  /** The connection is closed. Does nothing the second time. */
  release(): void;
}

/** Whose connection it is. */
export interface Client {
  /** What counts as one client. */
  readonly network: string;
  /** As it is told of. */
  readonly name: string;
  readonly bounds: ClientBounds;
}

/** How many answers to connections that are refused as they come may be on their way at once. */
const MAX_TURNED_AWAY = 16;

/** The connections of one client; there while it has one. */
interface Group {
  readonly network: string;
  open: number;
  /** Oldest first. */
  pending: Set<Place> | null;
}

export class Connections {
  readonly #onDropped: (name: string, limit: Limit) => void;
  readonly #now: () => number;
  readonly #groups = new Map<string, Group>();
  readonly #pending = new Ranking<Group>();
  readonly #buckets = new TokenBuckets();
  #open = 0;
  #pendingCount = 0;
  #turnedAway = 0;

  /** `onDropped` is told of each that has to go, and `now` gives the time. */
  constructor(now: () => number, onDropped: (name: string, limit: Limit) => void) {
    this.#now = now;
    this.#onDropped = onDropped;
  }

  /** Those that are there, without those that are turned away. */
  get open(): number {
    return this.#open;
  }

  get pending(): number {
    return this.#pendingCount;
  }

  /** Clients that have any. */
  get clients(): number {
    return this.#groups.size;
  }

  of(network: string): number {
    return this.#groups.get(network)?.open ?? 0;
  }

  /** A pass for a newcomer, or the limit that it meets. */
  enter(client: Client, bounds: ConnectionBounds): Pass | Limit {
    const reached = this.#meets(client);
    if (reached !== null) return reached;
    const { maxConnections, maxPending } = bounds;
    if (isFull(this.#open, maxConnections) && !this.#makeRoom("max-connections")) {
      return "max-connections";
    }
    if (isFull(this.#pendingCount, maxPending)) this.#makeRoom("max-pending");
    const place = new Place(this.#ledger, client.name, this.#groupOf(client.network));
    this.#ledger.join(place);
    this.#open++;
    return place;
  }

  /** A pass for one that is refused as it comes; null: it is to be dropped without a word. */
  turnAway(): Pass | null {
    if (this.#turnedAway >= MAX_TURNED_AWAY) return null;
    this.#turnedAway++;
    let isOver = false;
    return {
      holder: null,
      letIn() {},
      become: () => null,
      release: () => {
        if (!isOver) this.#turnedAway--;
        isOver = true;
      },
    };
  }

  /** The limit of its own that a client meets with one more, after its own oldest had to go where that helps. */
  #meets({ network, bounds }: Client): Limit | null {
    const { maxConnections, maxPending, perSecond } = bounds;
    if (!this.#buckets.take(network, perSecond, this.#now())) return "connection-rate";
    const group = this.#groups.get(network);
    if (group === undefined) return null;
    const isTooMany = isFull(group.open, maxConnections);
    if (isTooMany && !this.#dropOldest(group, "max-connections-per-client")) {
      return "max-connections-per-client";
    }
    if (isFull(group.pending?.size ?? 0, maxPending)) this.#dropOldest(group, "max-pending");
    return null;
  }

  #makeRoom(limit: Limit): boolean {
    const group = this.#pending.greediest;
    return group !== null && this.#dropOldest(group, limit);
  }

  /** False: it has none that may have to go. */
  #dropOldest({ pending }: Group, limit: Limit): boolean {
    for (const place of pending ?? []) {
      const { name, holder } = place;
      if (holder === null) continue;
      holder.drop();
      place.release();
      this.#onDropped(name, limit);
      return true;
    }
    return false;
  }

  #groupOf(network: string): Group {
    const known = this.#groups.get(network);
    if (known !== undefined) return known;
    const group = { network, open: 0, pending: null };
    this.#groups.set(network, group);
    return group;
  }

  /** What {@linkcode Place} asks for. */
  readonly #ledger: Ledger = {
    join: (place) => {
      const { group } = place;
      group.open++;
      if (place.state !== "pending") return;
      group.pending ??= new Set();
      group.pending.add(place);
      this.#pending.add(group);
      this.#pendingCount++;
    },
    letIn: (place) => {
      if (!place.group.pending?.delete(place)) return;
      this.#pending.remove(place.group);
      this.#pendingCount--;
    },
    leave: (place) => {
      this.#ledger.letIn(place);
      place.group.open--;
      if (place.group.open === 0) this.#groups.delete(place.group.network);
    },
    move: (place, { network, name, bounds }) => {
      if (network === place.group.network) return null;
      const reached = this.#meets({ network, name, bounds });
      if (reached !== null) return reached;
      this.#ledger.leave(place);
      place.name = name;
      place.group = this.#groupOf(network);
      this.#ledger.join(place);
      return null;
    },
    over: (place) => {
      this.#ledger.leave(place);
      this.#open--;
    },
  };
}

interface Ledger {
  join(place: Place): void;
  letIn(place: Place): void;
  leave(place: Place): void;
  move(place: Place, client: Client): Limit | null;
  over(place: Place): void;
}

/** A class, since an idle tunnel holds one. */
class Place implements Pass {
  holder: Pass["holder"] = null;
  state: "pending" | "in" | "over" = "pending";
  name: string;
  group: Group;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, name: string, group: Group) {
    this.#ledger = ledger;
    this.name = name;
    this.group = group;
  }

  letIn(): void {
    if (this.state !== "pending") return;
    this.#ledger.letIn(this);
    this.state = "in";
    // Nobody asks for them any more, and a tunnel is not to hold them.
    this.holder = null;
    this.name = "";
  }

  become(client: Client): Limit | null {
    return this.state === "over" ? null : this.#ledger.move(this, client);
  }

  release(): void {
    if (this.state === "over") return;
    this.#ledger.over(this);
    this.state = "over";
    this.holder = null;
  }
}

function isFull(count: number, most: number): boolean {
  return most > 0 && count >= most;
}

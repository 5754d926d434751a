/**
 * The connections that are there, counted in all and for each client, and which of them goes where there are too many. Decisions over a clock
 * that is handed in.
 *
 * | a pass is | its connection | for a newcomer |
 * |---|---|---|
 * | `pending` | has sent no request that was let in: its head is under way, it is being asked who it is, it has been refused and has yet to leave, or it waits for the next request behind a file | may have to go |
 * | `in` | has one: a backend is being connected, or it is a tunnel's | stays |
 * | `extra` | came when all who are there had been let in: it may ask whether we are well, and is refused else; there are a few, so that their descriptors are no matter | the oldest goes |
 * | `turned away` | was refused as it came, and has yet to leave; there are a few of these, too | stays |
 * | `over` | is closed | |
 *
 * A newcomer is refused only where everybody who is there has been let in. Else the oldest pending one of the client that has the most of them goes:
 * that is no one who sends his head as soon as he is connected, however many others hold theirs back.
 *
 * @module
 */
import { Chain, type Link } from "../base/chain.ts";
import type { ClientBounds, ConnectionBounds } from "./bounds.ts";
import { Ranking } from "./ranking.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** A limit, by the name of the key that sets it. */
export type Limit =
  | "max-connections"
  | "max-connections-per-client"
  | "max-pending"
  | "connection-rate";

/** Who has a connection. */
export interface Holder {
  /** Ends it, at once. */
  drop(): void;
}

/** A connection's place among those that are counted. */
export interface Pass {
  /** When the connection came, or its next request, by the clock that was handed in; whoever has the connection sets it. */
  sinceMs: number;
  /** What ends the connection, while it may have to go; whoever has the connection sets it. */
  holder: Holder | null;
  /** What has been reached before it came, so that its request isn't let in; null: nothing. */
  readonly limit: Limit | null;
  /** Its request has been let in. */
  letIn(): void;
  /** It has been answered and has yet to leave: it may have to go, though it had been let in, and nobody is told any more. */
  turnedDown(name: string, holder: Holder): void;
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

/** How many there may be at once that are refused as they come, and that are there for a moment though there are too many. */
const MAX_TURNED_AWAY = 16;
const MAX_EXTRA = 16;

/** So many are kept of which there is none: who leaves comes again soon, and a Map that empties makes itself a new table each time. */
const MOST_KEPT = 16;

/** The connections of one client. */
interface Group {
  readonly network: string;
  open: number;
  readonly pending: Chain<Place>;
}

export class Connections {
  readonly #onDropped: (name: string, limit: Limit) => void;
  readonly #now: () => number;
  readonly #groups = new Map<string, Group>();
  readonly #pending = new Ranking<Group>();
  readonly #buckets = new TokenBuckets();
  #open = 0;
  #emptySinceMs: number;
  #pendingCount = 0;
  #turnedAway = 0;
  /** Clients that have any. */
  clients = 0;
  /** Oldest first. */
  readonly #extra = new Set<Outsider>();

  /** `onDropped` is told of each that has to go without an answer, and `now` gives the time. */
  constructor(now: () => number, onDropped: (name: string, limit: Limit) => void) {
    this.#now = now;
    this.#onDropped = onDropped;
    this.#emptySinceMs = now();
  }

  /** Those that are there, without those that are extra or turned away. */
  get open(): number {
    return this.#open;
  }

  /** For how long there has been none of these; null: there is one. */
  get idleForMs(): number | null {
    return this.#open > 0 ? null : this.#now() - this.#emptySinceMs;
  }

  get pending(): number {
    return this.#pendingCount;
  }

  of(network: string): number {
    return this.#groups.get(network)?.open ?? 0;
  }

  /** A pass for a newcomer, or the limit that it meets. */
  enter(client: Client, bounds: ConnectionBounds): Pass | Limit {
    const nowMs = this.#now();
    const reached = this.#meets(client, nowMs);
    if (reached !== null) return reached;
    const { maxConnections, maxPending } = bounds;
    if (isFull(this.#open, maxConnections) && !this.#makeRoom("max-connections")) {
      return "max-connections";
    }
    if (isFull(this.#pendingCount, maxPending)) this.#makeRoom("max-pending");
    const group = this.#groupOf(client.network);
    const place = new Place(this.#ledger, client.name, group, nowMs);
    this.#ledger.join(place);
    this.#open++;
    return place;
  }

  /** A pass for one that is refused as it comes; null: it is to be dropped without a word. */
  turnAway(): Pass | null {
    if (this.#turnedAway >= MAX_TURNED_AWAY) return null;
    this.#turnedAway++;
    return new Outsider("", null, this.#now(), () => this.#turnedAway--);
  }

  /** A pass for one more than there may be; the oldest of these goes for it. Null: it can't, and this one is to be dropped without a word. */
  extra(name: string): Pass | null {
    if (this.#extra.size >= MAX_EXTRA && !this.#dropExtra()) return null;
    const onOver = (pass: Outsider) => void this.#extra.delete(pass);
    const extra = new Outsider(name, "max-connections", this.#now(), onOver);
    this.#extra.add(extra);
    return extra;
  }

  #dropExtra(): boolean {
    const [oldest] = this.#extra;
    const { holder, name, wasAnswered } = oldest!;
    if (holder === null) return false;
    holder.drop();
    oldest!.release();
    if (!wasAnswered) this.#onDropped(name, "max-connections");
    return true;
  }

  /** The limit of its own that a client meets with one more, after its own oldest had to go where that helps. */
  #meets({ network, bounds }: Client, nowMs: number): Limit | null {
    const { maxConnections, maxPending, perSecond } = bounds;
    if (!this.#buckets.take(network, perSecond, nowMs)) return "connection-rate";
    const group = this.#groups.get(network);
    if (group === undefined) return null;
    const isTooMany = isFull(group.open, maxConnections);
    if (isTooMany && !this.#dropOldest(group, "max-connections-per-client")) {
      return "max-connections-per-client";
    }
    if (isFull(group.pending.size, maxPending)) this.#dropOldest(group, "max-pending");
    return null;
  }

  #makeRoom(limit: Limit): boolean {
    const group = this.#pending.greediest;
    return group !== null && this.#dropOldest(group, limit);
  }

  /** False: it has none that may have to go. */
  #dropOldest({ pending }: Group, limit: Limit): boolean {
    const place = pending.find(({ holder }) => holder !== null);
    if (place === null) return false;
    const { name, holder, wasAnswered } = place;
    holder!.drop();
    place.release();
    if (!wasAnswered) this.#onDropped(name, limit);
    return true;
  }

  #groupOf(network: string): Group {
    const known = this.#groups.get(network);
    if (known !== undefined) return known;
    const group: Group = { network, open: 0, pending: new Chain() };
    this.#groups.set(network, group);
    return group;
  }

  /** What {@linkcode Place} asks for. */
  readonly #ledger: Ledger = {
    join: (place) => {
      if (place.group.open++ === 0) this.clients++;
      if (place.state === "pending") this.#ledger.wait(place);
    },
    wait: (place) => {
      const { group } = place;
      place.link = group.pending.add(place);
      this.#pending.add(group);
      this.#pendingCount++;
    },
    letIn: (place) => {
      const { link } = place;
      if (link === null) return;
      place.link = null;
      place.group.pending.delete(link);
      this.#pending.remove(place.group);
      this.#pendingCount--;
    },
    leave: (place) => {
      this.#ledger.letIn(place);
      const { group } = place;
      if (--group.open > 0) return;
      this.clients--;
      if (this.#groups.size > MOST_KEPT) this.#groups.delete(group.network);
    },
    move: (place, { network, name, bounds }) => {
      if (network === place.group.network) return null;
      const reached = this.#meets({ network, name, bounds }, this.#now());
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
      if (this.#open === 0) this.#emptySinceMs = this.#now();
    },
  };
}

interface Ledger {
  join(place: Place): void;
  wait(place: Place): void;
  letIn(place: Place): void;
  leave(place: Place): void;
  move(place: Place, client: Client): Limit | null;
  over(place: Place): void;
}

/** A class, since an idle tunnel holds one. */
class Place implements Pass {
  holder: Holder | null = null;
  readonly limit = null;
  state: "pending" | "in" | "over" = "pending";
  wasAnswered = false;
  /** Among its client's that are pending. */
  link: Link<Place> | null = null;
  name: string;
  group: Group;
  sinceMs: number;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, name: string, group: Group, sinceMs: number) {
    this.#ledger = ledger;
    this.name = name;
    this.group = group;
    this.sinceMs = sinceMs;
  }

  letIn(): void {
    if (this.state !== "pending") return;
    this.#ledger.letIn(this);
    this.state = "in";
    // Nobody asks for them any more, and a tunnel is not to hold them.
    this.holder = null;
    this.name = "";
  }

  turnedDown(name: string, holder: Holder): void {
    this.wasAnswered = true;
    if (this.state !== "in") return;
    this.state = "pending";
    this.name = name;
    this.holder = holder;
    this.#ledger.wait(this);
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

/** A pass that is counted among the few that are no matter; `onOver` is called once. */
class Outsider implements Pass {
  holder: Holder | null = null;
  readonly limit: Limit | null;
  readonly name: string;
  sinceMs: number;
  wasAnswered = false;
  #onOver: ((pass: Outsider) => void) | null;

  constructor(
    name: string,
    limit: Limit | null,
    sinceMs: number,
    onOver: (pass: Outsider) => void,
  ) {
    this.name = name;
    this.limit = limit;
    this.sinceMs = sinceMs;
    this.#onOver = onOver;
  }

  letIn(): void {}

  turnedDown(): void {
    this.wasAnswered = true;
  }

  become(): null {
    return null;
  }

  release(): void {
    this.#onOver?.(this);
    this.#onOver = null;
  }
}

function isFull(count: number, most: number): boolean {
  return most > 0 && count >= most;
}

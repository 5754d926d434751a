/**
 * What happens to the program itself, and to the files that it reads while it runs.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { Shortage } from "../base/exhaustion.ts";
import type { EngineName } from "../config/config.ts";

/** The program's own life. */
export type LifeEvent =
  /** The configuration is odd, though it can be served. */
  | { readonly kind: "configuration-warning"; readonly text: string }
  /** SIGUSR1 can't be kept from doing harm; `standalone`: it ends us, else it opens the runtime's debugger. */
  | { readonly kind: "sigusr1-unguarded"; readonly standalone: boolean; readonly reason: string }
  /** The runtime's debugger was opened while we were being loaded: we must not go on. */
  | { readonly kind: "debugger-open" }
  | {
    readonly kind: "listening";
    readonly address: Address;
    readonly engine: EngineName;
    readonly tls: boolean;
  }
  /** With `engine = "auto"`: it is not the best that there is; once. */
  | { readonly kind: "engine-fallback"; readonly engine: EngineName; readonly reason: string }
  /** The configuration has it no more: it takes no connections from now on, and its open tunnels live on. */
  | { readonly kind: "listener-closed"; readonly address: Address }
  /** Where operators ask; one of the sockets of `admin`. */
  | { readonly kind: "admin-listening"; readonly address: Address }
  /** Who asked there gets nothing: by where he comes from, or without the token. */
  | {
    readonly kind: "admin-refused";
    readonly by: string;
    readonly status: number;
    readonly reason: string;
  }
  /** An operator ends a tunnel. */
  | { readonly kind: "tunnel-end-asked"; readonly tunnel: number; readonly by: string }
  | { readonly kind: "listen-failed"; readonly problem: string }
  /** All listeners are open. */
  | { readonly kind: "ready" }
  /** The configuration is read again; `by`: who asked for it. */
  | { readonly kind: "reload-begun"; readonly by: string }
  /** What it makes other than before, in words that repeat no secret; one of `changes`. */
  | { readonly kind: "reload-change"; readonly change: string }
  /** It holds from now on. */
  | { readonly kind: "reloaded"; readonly changes: number }
  /** What is wrong with it, in words that repeat no secret; one of `problems`. */
  | { readonly kind: "reload-problem"; readonly problem: string }
  /** What held before still does. */
  | { readonly kind: "reload-refused"; readonly problems: number }
  /** How many connections there may be; 0: no limit, `descriptors` null: nobody knows how many this process may have. */
  | {
    readonly kind: "connections-bounded";
    readonly maxConnections: number;
    readonly maxPerClient: number;
    readonly descriptors: number | null;
    /** How many tunnels these are enough for. */
    readonly room: number | null;
  }
  /** This Deno can't do something that newer ones can. */
  | { readonly kind: "runtime-limited"; readonly limit: string; readonly deno: string }
  /** A listener can't accept; once until it can. `shortage`: what we have none left of, null where it is something else. */
  | {
    readonly kind: "accept-failed";
    readonly listener: Address;
    readonly shortage: Shortage | null;
    readonly reason: string;
  }
  /** The service manager that started us asked to be told of us, and can't be. */
  | { readonly kind: "manager-untold"; readonly reason: string }
  /** A signal asked us to end; `tunnels` are open. */
  | { readonly kind: "signal"; readonly signal: string; readonly tunnels: number }
  /** It ends by itself: no more connections are taken, and `tunnels` that are open go on to their own ends. */
  | {
    readonly kind: "last-call";
    readonly reason: LastCallReason;
    readonly tunnels: number;
  }
  /** Tunnels have so long to end by themselves. */
  | { readonly kind: "draining"; readonly milliseconds: number; readonly tunnels: number }
  /** That time is over, or somebody hurries: those left are told to end. */
  | { readonly kind: "drain-over"; readonly tunnels: number }
  /** The tunnels still open are cut off. */
  | { readonly kind: "grace-over"; readonly tunnels: number }
  /**
   * A thread that carries tunnels: it has ended by itself, and its `tunnels` with it; it hasn't answered in time, so that they may stand still; it has
   * answered after all. Counted from 1.
   */
  | {
    readonly kind: "worker-failed";
    readonly worker: number;
    readonly tunnels: number;
    readonly reason: string;
  }
  | { readonly kind: "worker-silent"; readonly worker: number; readonly tunnels: number }
  | { readonly kind: "worker-back"; readonly worker: number }
  /** What was thrown and nobody handled. */
  | { readonly kind: "defect"; readonly error: unknown };

/** Why the program ends by itself, by the key that says so. */
export type LastCallReason =
  | "exit-idle-time"
  | "exit-after-time"
  | "exit-after-tunnels"
  | "on-exit";

/** What we read while we run. */
export type FileEvent =
  /** It has changed, and holds from now on. */
  | { readonly kind: "file-renewed"; readonly file: string }
  /** It can't be read or is wrong, each time that it has changed: what held before still does. */
  | { readonly kind: "file-failed"; readonly file: string; readonly reason: string }
  /** Keys that tokens are verified by were had, and are others than before, or could not be had for a while. */
  | { readonly kind: "keys-renewed"; readonly url: string; readonly keys: number }
  /** They can't be had; once until they can. `held`: former ones still hold. `url` has no query, which may hold a secret. */
  | {
    readonly kind: "keys-failed";
    readonly url: string;
    readonly reason: string;
    readonly held: boolean;
  };

/**
 * Everything that happens, each told once and typed. It carries what whoever counts or shows it needs: ids, names, numbers as numbers. The
 * words that the log has for it are the log's.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { Shortage } from "../base/exhaustion.ts";
import type { Exit } from "../base/exit.ts";
import type { EngineName } from "../config/config.ts";
import type { Limit } from "../limits/connections.ts";
import type { Cause } from "../tunnel/cause.ts";
import type { PeerWords } from "./words.ts";

export type Event =
  | LifeEvent
  | FileEvent
  | RequestEvent
  | TlsEvent
  | TunnelEvent
  | HostEvent
  | ProgramEvent
  | ReportEvent;

export type EventKind = Event["kind"];

/** The event of a kind. */
export type EventOf<Kind extends EventKind> = Extract<Event, { readonly kind: Kind }>;

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
  /** Tunnels have so long to end by themselves. */
  | { readonly kind: "draining"; readonly milliseconds: number; readonly tunnels: number }
  /** That time is over, or somebody hurries: those left are told to end. */
  | { readonly kind: "drain-over"; readonly tunnels: number }
  /** The tunnels still open are cut off. */
  | { readonly kind: "grace-over"; readonly tunnels: number }
  /** What was thrown and nobody handled. */
  | { readonly kind: "defect"; readonly error: unknown };

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

/** What a request asks for, in its client's words; undefined is what it did not say. */
export interface Asked {
  /** Without the query, where clients put their tokens. */
  readonly path: PeerWords;
  readonly host: PeerWords | undefined;
  /** Null: it said none where origins are checked. */
  readonly origin: PeerWords | null | undefined;
  /** The one that the answer named. */
  readonly subprotocol?: PeerWords | undefined;
  /** What was offered where the answer named none, which a browser takes as a failure. */
  readonly declined?: PeerWords | undefined;
}

/**
 * Why a request was refused.
 *
 * - `head`: it has no head that can be read
 * - `rules`: by what its head says
 * - `client`: by the address that it comes from
 * - `down`: every host is down or disabled
 * - `full`: every host has as many processes or tunnels as it may
 * - `share`: there are more, but not for the clients of its address
 * - `aborted`: its client left, or the server stops, before a backend was connected
 * - `auth`: it has not proved who it is
 * - `target`: its token is of no target, or it may not reach the address that it names
 * - `limit`: there are as many connections or tunnels as there may be
 * - a shortage: we have none left of what it takes to connect
 */
export type RefusalCause =
  | "head"
  | "rules"
  | "client"
  | "down"
  | "full"
  | "share"
  | "aborted"
  | "limit"
  | "auth"
  | "target"
  | Shortage;

/** Connections and requests that became no tunnel. */
export type RequestEvent =
  /** A connection was closed without a word; `pending`: it was there, and had to go for another, since no request of it had been let in. */
  | {
    readonly kind: "connection-dropped";
    /** The client's address with its port. */
    readonly client: string;
    readonly limit: Limit;
    readonly pending: boolean;
  }
  | {
    readonly kind: "request-refused";
    /** The client's address with its port. */
    readonly client: string;
    /** The proxy that connected for it, where there is one that is trusted. */
    readonly via?: string | undefined;
    /** Null where the head can't be read. */
    readonly asked: Asked | null;
    /** Null where none was chosen. */
    readonly route: string | null;
    readonly cause: RefusalCause;
    readonly status: number;
    /** What the client is told, which may hold words of its own. */
    readonly reason: PeerWords;
    /** What it is not told: addresses, and what the system said. */
    readonly why: string | undefined;
    /** Since its connection came. */
    readonly handshakeSeconds: number;
  }
  /** What a trusted proxy was to say of whom a connection is, by the PROXY protocol, is missing or wrong, or nobody who is trusted said it: it is ended. */
  | { readonly kind: "proxy-header-refused"; readonly client: string; readonly reason: string }
  | {
    readonly kind: "health-asked";
    readonly client: string;
    readonly via?: string | undefined;
    readonly asked: Asked;
  }
  /** The client went away before the upgrade: its backend is let go. */
  | ({ readonly kind: "client-left" } & Omit<TunnelIdentity, "id">);

/** Listeners that speak TLS, and their certificates. */
export type TlsEvent =
  /** A connection became none of TLS, or one whose client may not come in. */
  | {
    readonly kind: "tls-refused";
    readonly client: string;
    readonly via: string | undefined;
    readonly reason: PeerWords;
  }
  /** A certificate's files have changed, and are used from now on. */
  | {
    readonly kind: "certificate-renewed";
    readonly path: string;
    /** Unix time in milliseconds. */
    readonly expires: number;
  }
  /** They have changed and can't be used; those before them still are. Once for each change. */
  | { readonly kind: "certificate-refused"; readonly problem: string }
  /** A certificate in use has not much time left, or none; once a day. */
  | { readonly kind: "certificate-ending"; readonly path: string; readonly words: string };

/** Whose tunnel it is, and where it leads. */
export interface TunnelIdentity {
  /** Counted from 1. */
  readonly id: number;
  /** The client's address with its port. */
  readonly client: string;
  /** The proxy that connected for it, where there is one that is trusted. */
  readonly via?: string | undefined;
  /** Who it has proved to be; null where nobody asked. */
  readonly user: PeerWords | null;
  readonly route: string;
  readonly asked: Asked;
  /** The backend by its name: `127.0.0.1:5900`, `unix:/run/vnc.sock`, `exec:/usr/sbin/sshd`. */
  readonly backend: string;
  /** Whether that is a target, of which there may be any number, and no host of the route. */
  readonly isTarget: boolean;
  /** The process of a program that was started for it. */
  readonly pid: number | undefined;
}

/** A tunnel and how far it has come. */
export interface TunnelProgress extends TunnelIdentity {
  /** Since it was opened. */
  readonly seconds: number;
  /** Payload given to the backend. */
  readonly upBytes: number;
  /** Bytes of the backend given to the client, before they are encoded. */
  readonly downBytes: number;
}

export type TunnelEvent =
  | ({
    readonly kind: "tunnel-opened";
    /** Since its connection came; by the native engine, its request. */
    readonly handshakeSeconds: number;
  } & TunnelIdentity)
  | ({
    readonly kind: "tunnel-closed";
    readonly cause: Cause;
    /** The close code: the client's own for `client-close`, 1006 when none could be sent, else ours. */
    readonly code: number;
    readonly reason: PeerWords;
  } & TunnelProgress)
  /** A frame received (its header is known) or sent (the system has taken it); costly. */
  | {
    readonly kind: "frame";
    readonly tunnel: number;
    readonly client: string;
    readonly way: "received" | "sent";
    readonly opcode: number;
    /** Of payload. */
    readonly bytes: number;
  }
  /** The backend greets in a binary protocol, and the route's frames are text; once for a route. */
  | {
    readonly kind: "greeting-mismatch";
    readonly tunnel: number;
    readonly client: string;
    readonly route: string;
    readonly backend: string;
    readonly protocol: string;
  };

/**
 * What became of a connect to a backend's address.
 *
 * - `closed`: nothing listens there
 * - `timeout`: no answer in time
 * - `aborted`: nobody wanted it any more
 * - a shortage: of ours, which says nothing of the address
 * - `error`: anything else, such as a name that is not known or a network that can't be reached
 */
export type DialOutcome = "connected" | "closed" | "timeout" | "aborted" | "error" | Shortage;

/** Hosts behind a route: each outage is told once, however many requests meet it. */
export type HostEvent =
  /** An address was connected to for a tunnel, or could not be; the lookup of its name, TLS and a PROXY header are part of it. */
  | {
    readonly kind: "dialled";
    readonly backend: string;
    readonly outcome: DialOutcome;
    readonly seconds: number;
  }
  | {
    readonly kind: "host-down";
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
    /** Whether the route has no other. */
    readonly only: boolean;
  }
  | {
    readonly kind: "host-up";
    readonly route: string;
    readonly backend: string;
    readonly only: boolean;
  }
  /** An operator has taken it out, or back in; `tunnels` are open, or being connected. */
  | {
    readonly kind: "host-drained";
    readonly route: string;
    readonly backend: string;
    readonly by: string;
    readonly tunnels: number;
  }
  | {
    readonly kind: "host-enabled";
    readonly route: string;
    readonly backend: string;
    readonly by: string;
  }
  /** None of the route's hosts took a request. */
  | { readonly kind: "route-down"; readonly route: string; readonly reason: string }
  /** One of them takes requests again. */
  | { readonly kind: "route-up"; readonly route: string; readonly backend: string }
  /** A target of a token, or of a client's choice, can't be connected; once, until it can or nobody has asked for it for a minute. */
  | {
    readonly kind: "target-down";
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
  }
  | { readonly kind: "target-up"; readonly route: string; readonly backend: string }
  | TargetsEvent
  /** We have run out of what it takes to connect. */
  | {
    readonly kind: "shortage";
    readonly shortage: Shortage;
    readonly route: string;
    readonly backend: string;
    readonly reason: string;
  };

/** What says where the tokens of a route lead: a file, an API, Redis. No token is in any of these. */
export type TargetsEvent =
  /** A token file was read, at the start or since it has changed. */
  | {
    readonly kind: "targets-read";
    readonly route: string;
    readonly source: string;
    readonly tokens: number;
  }
  /** A line of a token file is none, the others hold; `more`: so many further ones are not told of. */
  | {
    readonly kind: "targets-line-wrong";
    readonly route: string;
    readonly source: string;
    readonly line: number;
    readonly problem: string;
    readonly more: number;
  }
  /** A token file isn't there, which is to have no tokens, or can't be read, and what was read last holds; once, until it can. */
  | {
    readonly kind: "targets-unreadable";
    readonly route: string;
    readonly source: string;
    readonly problem: string;
  }
  /** Nobody can say where tokens lead; once, until somebody can. */
  | { readonly kind: "targets-down"; readonly route: string; readonly reason: string }
  | { readonly kind: "targets-up"; readonly route: string };

/** Which process. */
export interface ProgramIdentity {
  /** The backend that it is, by its name. */
  readonly program: string;
  readonly pid: number;
  /** Of one that was started for a tunnel: whose, once that is open. */
  readonly route?: string;
  readonly tunnel?: number | undefined;
}

/** Programs that we start. */
export type ProgramEvent =
  /** It runs; whether it accepts connections is another matter. */
  | ({ readonly kind: "process-started" } & ProgramIdentity)
  /** It has ended, however it came to that; `asked`: we had asked it to. */
  | ({
    readonly kind: "process-ended";
    readonly exit: Exit;
    readonly asked: boolean;
  } & ProgramIdentity)
  /** It accepts connections; `again`: after an outage that was told. */
  | {
    readonly kind: "program-started";
    readonly program: string;
    readonly pid: number;
    readonly again: boolean;
  }
  /** It could not be started; once until it is. */
  | {
    readonly kind: "program-failed";
    readonly program: string;
    readonly reason: string;
    /** Its last lines, oldest first. */
    readonly output: readonly string[];
  }
  /** It ended by itself while it was to run on. */
  | {
    readonly kind: "program-ended";
    readonly program: string;
    readonly pid: number;
    readonly exit: Exit;
    /** Those it has ended with it. */
    readonly tunnels: number;
  }
  /** Something that we have not started listens at its address, and is used. */
  | { readonly kind: "program-foreign"; readonly program: string }
  /** More run than are needed: it is stopped. */
  | { readonly kind: "program-surplus"; readonly program: string }
  /** No host has it any more, and nobody uses it: it is stopped. */
  | { readonly kind: "program-let-go"; readonly program: string }
  /** Another command is to run at its address, and nobody uses it any more: it is stopped, and that one started. */
  | { readonly kind: "program-replaced"; readonly program: string; readonly pid: number }
  /** One started for a tunnel ended with a failure; `wanted`: its client was not done with it. */
  | ({
    readonly kind: "exec-failed";
    readonly exit: Exit;
    readonly wanted: boolean;
  } & ProgramIdentity)
  /** A line that it printed; costly. */
  | ({
    readonly kind: "program-output";
    readonly stream: "stdout" | "stderr";
    readonly line: string;
  } & ProgramIdentity)
  /** It prints faster than it is told of: so many lines are none. */
  | ({ readonly kind: "program-output-left-out"; readonly lines: number } & ProgramIdentity)
  /** Programs would outlive us if we were killed. */
  | { readonly kind: "guard-missing"; readonly reason: string }
  /** As the init process of a container we can't wait for orphans. */
  | { readonly kind: "reaper-missing"; readonly reason: string }
  | { readonly kind: "orphan-reaped"; readonly pid: number };

/** One line of the table of hosts and procs. */
export interface ProcReport {
  readonly route: string;
  readonly backend: string;
  readonly state: string;
  /** By an operator: no new tunnel is sent there. */
  readonly drained?: boolean;
  readonly load: number;
  readonly pid: number | null;
  readonly tunnelsServed: number;
  readonly failures: number;
  /** Unix time in milliseconds; null while it is not disabled. */
  readonly disabledUntil: number | null;
  /** It is a target, whose row is there while it is used. */
  readonly isTarget?: true;
}

/** The state of everything, for whoever asked by a signal. */
export type ReportEvent =
  | { readonly kind: "report-begun"; readonly openTunnels: number; readonly backends: number }
  | ({ readonly kind: "report-backend" } & ProcReport)
  | ({ readonly kind: "report-tunnel" } & TunnelProgress)
  | { readonly kind: "report-ended"; readonly tunnels: number };

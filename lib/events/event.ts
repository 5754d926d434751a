/**
 * Everything that happens, each told once and typed. It carries what whoever counts or shows it needs: ids, names, numbers as numbers. The
 * words that the log has for it are the log's.
 *
 * @module
 */
import type { HostEvent } from "./backend_event.ts";
import type { FileEvent, LifeEvent } from "./life_event.ts";
import type { ProgramEvent } from "./program_event.ts";
import type { ReportEvent } from "./report_event.ts";
import type { RequestEvent, TlsEvent } from "./request_event.ts";
import type { TunnelEvent } from "./tunnel_event.ts";

export type * from "./backend_event.ts";
export type * from "./life_event.ts";
export type * from "./program_event.ts";
export type * from "./report_event.ts";
export type * from "./request_event.ts";
export type * from "./tunnel_event.ts";

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

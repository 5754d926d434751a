/**
 * The state of everything, for whoever asked by a signal.
 *
 * @module
 */
import type { TunnelProgress } from "./tunnel_event.ts";

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

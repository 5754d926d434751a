/** What SIGUSR2 puts into the log: the table of backends, and the open tunnels. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import type { LogEntry, Program } from "../support/program.ts";

/** A line of the table. */
export interface Row {
  readonly route: string;
  readonly backend: string;
  readonly state: string;
  readonly load: number;
  readonly pid?: number;
  readonly tunnelsServed: number;
  readonly failures: number;
  readonly disabledUntil?: string;
}

export interface Report {
  readonly openTunnels: number;
  readonly rows: readonly Row[];
  /** The lines of those that were open, and still were when their line was written. */
  readonly tunnels: readonly LogEntry[];
}

/** Asks for a report, and waits for all of it. */
export async function report(program: Program): Promise<Report> {
  const from = program.log.all.length;
  Deno.kill(program.pid, "SIGUSR2");
  let found: Report | null = null;
  await eventually("the report", () => (found = parse(program.log.all.slice(from))) !== null);
  return found!;
}

/** Asks for the table until it shows what is waited for. */
export async function reportThat(
  program: Program,
  what: string,
  holds: (report: Report) => boolean,
  deadlineMs?: number,
): Promise<Report> {
  let seen: Report | null = null;
  await eventually(what, async () => holds(seen = await report(program)), deadlineMs);
  return seen!;
}

function parse(lines: readonly string[]): Report | null {
  const entries = lines.map((line) => JSON.parse(line) as LogEntry);
  const head = entries.find(({ message }) => message === "report");
  if (head === undefined) return null;
  const end = entries.find(({ message }) => message === "end of report");
  if (end === undefined) return null;
  const rows = entries.filter(({ message }) => message === "backend") as unknown as Row[];
  const tunnels = entries.filter(({ message }) => message === "tunnel");
  assert.equal(rows.length, head.backends);
  assert.equal(tunnels.length, end.tunnels);
  return { openTunnels: Number(head.openTunnels), rows, tunnels };
}

export const loadsOf = ({ rows }: Report) => rows.map(({ load }) => load);
export const statesOf = ({ rows }: Report) => rows.map(({ state }) => state);
export const pidsOf = ({ rows }: Report) => rows.flatMap(({ pid }) => pid ?? []);

/** The table of backends that SIGUSR2 puts into the log. */
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
}

/** Asks for the table, and waits for all of it. */
export async function report(program: Program): Promise<Report> {
  const from = program.log.all.length;
  Deno.kill(program.pid, "SIGUSR2");
  let found: Report | null = null;
  await eventually("the table", () => (found = parse(program.log.all.slice(from))) !== null);
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
  const rows = entries.filter(({ message }) => message === "backend") as unknown as Row[];
  return rows.length < Number(head.backends)
    ? null
    : { openTunnels: Number(head.openTunnels), rows };
}

export const loadsOf = ({ rows }: Report) => rows.map(({ load }) => load);
export const statesOf = ({ rows }: Report) => rows.map(({ state }) => state);
export const pidsOf = ({ rows }: Report) => rows.flatMap(({ pid }) => pid ?? []);

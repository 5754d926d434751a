/** The tables of a comparison. */
import { digits, median, range, ratios, table } from "./figures.ts";
import { type BurstMemory, bytesPerTunnel, type IdleMemory } from "./idle_memory.ts";
import type { LoadResult } from "./load.ts";
import {
  BURST_LEFT_BYTES,
  cpuCost,
  hasLatencies,
  IDLE_TUNNEL_BYTES,
  speed,
  type TrafficRow,
} from "./peer_rows.ts";

/** Whose columns there are. */
export interface Columns {
  /** The first is the one that the wanted figures are for. */
  readonly names: readonly string[];
  /** Which of them the others are compared with. */
  readonly reference: number;
}

/** A row that was measured: of each contender what each round gave. */
export interface RowResults {
  readonly row: TrafficRow;
  readonly results: readonly (readonly LoadResult[])[];
}

const verdict = (isReached: boolean) => isReached ? "yes" : "no";

function ratio(
  ours: readonly number[],
  theirs: readonly number[],
): { middle: number; text: string } {
  const all = ratios([...ours], [...theirs]);
  return { middle: median(all), text: `${digits(median(all))} (${range(all)})` };
}

/** All but the reference, the first of them first. */
function compared({ names, reference }: Columns): { name: string; at: number }[] {
  return names.map((name, at) => ({ name, at })).filter(({ at }) => at !== reference);
}

/** Speed and CPU of each beside the reference's, round by round. */
export function ratioTable(columns: Columns, rows: readonly RowResults[]): string {
  const reference = columns.names[columns.reference]!;
  const head = compared(columns).flatMap(({ name, at }) => [
    `${name} / ${reference}`,
    "its CPU",
    ...(at === 0 ? ["wanted", "reached"] : []),
  ]);
  return table(["load", ...head], rows.map((row) => ratioCells(columns, row)));
}

export function ratioCells(columns: Columns, { row, results }: RowResults): string[] {
  const theirs = results[columns.reference]!;
  const cells = compared(columns).flatMap(({ at }) => {
    const ours = results[at]!;
    const speeds = ratio(ours.map((one) => speed(row, one)), theirs.map((one) => speed(row, one)));
    const costs = ratio(
      ours.map((one) => cpuCost(row, one)),
      theirs.map((one) => cpuCost(row, one)),
    );
    const wanted = [digits(row.wanted), verdict(speeds.middle >= row.wanted)];
    return [speeds.text, digits(costs.middle), ...(at === 0 ? wanted : [])];
  });
  return [row.title, ...cells];
}

/** What was measured, medians of the rounds. */
export function figureTable({ names }: Columns, rows: readonly RowResults[]): string {
  const head = names.flatMap((name) => [name, "its CPU, s/GB or us"]);
  const middle = (all: readonly LoadResult[], of: (one: LoadResult) => number) =>
    digits(median(all.map(of)));
  return table(
    ["load", "unit", ...head],
    rows.map(({ row, results }) => [
      row.title,
      row.unit,
      ...results.flatMap((all) => [
        middle(all, (one) => speed(row, one)),
        middle(all, (one) => cpuCost(row, one)),
      ]),
    ]),
  );
}

/** Half of all round trips or connections took no longer than p50, all but a hundredth no longer than p99; '': no row has such. */
export function latencyTable({ names, reference }: Columns, all: readonly RowResults[]): string {
  const rows = all.filter(({ row }) => hasLatencies(row));
  if (rows.length === 0) return "";
  const head = [
    "p50 / p99, us",
    ...names,
    `p99, ${names[0]} / ${names[reference]}`,
    "wanted",
    "reached",
  ];
  return table(
    head,
    rows.map(({ row, results }) => {
      const p99 = (at: number) => results[at]!.map(({ p99Us }) => p99Us);
      const { middle, text } = ratio(p99(0), p99(reference));
      const wanted = row.wantedP99;
      return [
        row.title,
        ...results.map((rounds, at) =>
          `${digits(median(rounds.map(({ p50Us }) => p50Us)))} / ${digits(median(p99(at)))}`
        ),
        text,
        wanted === undefined ? "" : `under ${digits(wanted)}`,
        wanted === undefined ? "" : verdict(middle < wanted),
      ];
    }),
  );
}

/** Of each contender, in MiB. */
function mebibytes<T>(memories: readonly T[], bytesOf: (memory: T) => number): string[] {
  return memories.map((memory) => digits(bytesOf(memory) / 2 ** 20));
}

/** Resident memory with idle tunnels. */
export function memoryTable({ names }: Columns, memories: readonly IdleMemory[]): string {
  const blank = ["", ""];
  const wanted = digits(IDLE_TUNNEL_BYTES / 1024);
  const counts = [...memories[0]!.held.keys()];
  return table(["idle tunnels", ...names, "wanted", "reached"], [
    ["resident at the start, MiB", ...mebibytes(memories, ({ atStart }) => atStart), ...blank],
    ...counts.flatMap((count) => [
      [
        `resident with ${count}, MiB`,
        ...mebibytes(memories, ({ held }) => held.get(count)!),
        ...blank,
      ],
      [
        `each of ${count}, KiB`,
        ...memories.map((memory) => digits(bytesPerTunnel(memory, count) / 1024)),
        `at most ${wanted}`,
        verdict(bytesPerTunnel(memories[0]!, count) <= IDLE_TUNNEL_BYTES),
      ],
    ]),
    ["resident once they closed, MiB", ...mebibytes(memories, ({ atClose }) => atClose), ...blank],
    ["30 s later, MiB", ...mebibytes(memories, ({ afterClose }) => afterClose), ...blank],
  ]);
}

/** Resident memory after a burst of tunnels that are quiet again. */
export function burstTable({ names }: Columns, memories: readonly BurstMemory[]): string {
  const left = ({ before, after }: BurstMemory) => after - before;
  const blank = ["", ""];
  return table(["1,000 tunnels, 512 KiB of each echoed", ...names, "wanted", "reached"], [
    ["resident before, MiB", ...mebibytes(memories, ({ before }) => before), ...blank],
    ["at the end of the burst, MiB", ...mebibytes(memories, ({ atEnd }) => atEnd), ...blank],
    ["2 s later, MiB", ...mebibytes(memories, ({ after }) => after), ...blank],
    [
      "left behind, MiB",
      ...mebibytes(memories, left),
      `at most ${digits(BURST_LEFT_BYTES / 2 ** 20)}`,
      verdict(left(memories[0]!) <= BURST_LEFT_BYTES),
    ],
  ]);
}

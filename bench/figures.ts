/** Medians, ratios and tables of what was measured. */

/** The middle of the values; NaN if there are none. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `a[i] / b[i]`: measured one after the other, so that what slows the machine slows both. */
export function ratios(a: number[], b: number[]): number[] {
  return a.map((value, i) => value / b[i]!);
}

/** `0.931`, `1.23`, `12.3`, `1,234`: at least three digits. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
}

/** `0.93-1.12`. */
export function range(values: number[]): string {
  return `${digits(Math.min(...values))}-${digits(Math.max(...values))}`;
}

/** A Markdown table, its columns padded; all but the first are right-aligned. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, 3, ...rows.map((row) => row[i]!.length))
  );
  const line = (cells: string[]) =>
    `| ${
      cells.map((cell, i) => i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join(" | ")
    } |`;
  const rule = widths.map((width, i) => i ? "-".repeat(width - 1) + ":" : "-".repeat(width));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The machine in one line, for whoever reads the figures elsewhere. */
export function machine(): string {
  let model = "unknown CPU";
  try {
    model = /^model name\s*: (.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? model;
  } catch { /* not Linux: the rest still says enough */ }
  const { hardwareConcurrency } = navigator;
  return `${model}, ${hardwareConcurrency} cores, ${Deno.build.os} ${Deno.osRelease()}, ` +
    `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`;
}

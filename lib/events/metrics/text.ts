/**
 * Metrics in Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * @module
 */
import { FAMILIES, type Family, type FamilyName } from "./families.ts";
import { BUCKETS, Histogram } from "./histogram.ts";

/** What the text is, as HTTP says it. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A series: the values of its family's labels, in their order, and what it is at. */
export type Sample = readonly [labels: readonly string[], value: number | Histogram];

/** A number of each of a family's series. */
export function each<T>(
  series: Iterable<readonly [labels: readonly string[], value: T]>,
  valueOf: (value: T) => number | Histogram,
): Sample[] {
  return [...series].map(([labels, value]) => [labels, valueOf(value)]);
}

/** One for each name, which is its only label. */
export function named(values: Readonly<Record<string, number | Histogram>>): Sample[] {
  return Object.entries(values).map(([name, value]) => [[name], value]);
}

/** The only one of a family without labels. */
export function one(value: number | Histogram): Sample[] {
  return [[[], value]];
}

/** Those of each family; one without any is left out. */
export type Samples = { readonly [Name in FamilyName]: Iterable<Sample> };

export function formatMetrics(samples: Samples): string {
  const lines: string[] = [];
  for (const [name, family] of Object.entries(FAMILIES)) {
    const rows = [...rowsOf(name, family, samples[name as FamilyName])];
    if (rows.length === 0) continue;
    lines.push(`# HELP ${name} ${family.help}.`, `# TYPE ${name} ${family.type}`, ...rows);
  }
  return `${lines.join("\n")}\n`;
}

function* rowsOf(name: string, { labels }: Family, samples: Iterable<Sample>): Generator<string> {
  for (const [values, value] of samples) {
    const pairs = labels.map((label, at) => `${label}="${escaped(values[at]!)}"`);
    if (typeof value === "number") yield row(name, pairs, value);
    else yield* histogramRows(name, pairs, value);
  }
}

function* histogramRows(
  name: string,
  pairs: readonly string[],
  { upTo, count, sum }: Histogram,
): Generator<string> {
  for (const [at, bound] of BUCKETS.entries()) {
    yield row(`${name}_bucket`, [...pairs, `le="${bound}"`], upTo[at]!);
  }
  yield row(`${name}_bucket`, [...pairs, 'le="+Inf"'], count);
  yield row(`${name}_sum`, pairs, sum);
  yield row(`${name}_count`, pairs, count);
}

function row(name: string, pairs: readonly string[], value: number): string {
  return pairs.length === 0 ? `${name} ${value}` : `${name}{${pairs.join(",")}} ${value}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}

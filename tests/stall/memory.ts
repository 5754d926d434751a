/** A program's resident memory while something goes on. */
import type { Program } from "../support/program.ts";

const SAMPLE_MS = 20;

export const MEBIBYTE = 1024 * 1024;

/** The highest resident memory in bytes, seen in short intervals, while `body` runs. */
export async function peakDuring(program: Program, body: () => Promise<void>): Promise<number> {
  let peak = program.residentBytes();
  const look = () => peak = Math.max(peak, program.residentBytes());
  const timer = setInterval(look, SAMPLE_MS);
  try {
    await body();
    look();
    return peak;
  } finally {
    clearInterval(timer);
  }
}

/** Bytes as a report shows them. */
export function inMebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}

/**
 * How a reload takes effect, all of it or nothing: each part of the program first makes ready for a configuration, which may fail, and once all are
 * ready they change, which may not.
 *
 * @module
 */
import type { Config } from "../config/config.ts";

/** A part that is ready for a configuration, or why it can't be, in words for whoever wrote that. */
export type Ready =
  | {
    /** Takes on what was made ready, and lets go of what was before. Never throws. */
    commit(): void;
    /** Another part is not ready: lets go of what was made ready. Never throws. */
    abandon(): void;
  }
  | { readonly problem: string };

/** A part of the program that a configuration changes while it runs. */
export interface Changeable {
  prepare(next: Config): Ready | Promise<Ready>;
}

/** Changes all parts, or none; gives what is wrong where one can't be made ready. Rejects with what one of them throws; those behind it let go. */
export async function change(
  parts: readonly Changeable[],
  next: Config,
): Promise<string | null> {
  /** Those that have neither changed nor let go. */
  const ready: Exclude<Ready, { readonly problem: string }>[] = [];
  try {
    for (const part of parts) {
      const one = await part.prepare(next);
      if ("problem" in one) return one.problem;
      ready.push(one);
    }
    while (ready.length > 0) ready.shift()!.commit();
    return null;
  } finally {
    ready.forEach((one) => one.abandon());
  }
}

/**
 * How a program ended.
 *
 * @module
 */

export interface Exit {
  readonly code: number;
  /** The signal that ended it, null where it ended by itself. */
  readonly signal: string | null;
}

/** An exit in words: `exit code 3`, `signal SIGKILL`. */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

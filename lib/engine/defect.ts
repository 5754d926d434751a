/**
 * What becomes of something that has thrown: it alone ends.
 *
 * @module
 */

export interface Fallible {
  /** It has thrown: whatever it is part of is to end. Absent: it goes on. */
  onDefect?(): void;
}

/** Tells of what one has thrown, and ends that one; what it throws at that is told of as well. */
export function endFallen(one: Fallible, error: unknown, tell: (error: unknown) => void): void {
  tell(error);
  try {
    one.onDefect?.();
  } catch (another) {
    tell(another);
  }
}

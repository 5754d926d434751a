/**
 * What becomes of something that has thrown: it alone ends.
 *
 * @module
 */

export interface Fallible {
  /** It has thrown: whatever it is part of is to end. Absent: it goes on. */
  onDefect?(): void;
}

/** Tells of what one has thrown, and ends that one; false: it has thrown at that again, of which is told as well. */
export function endFallen(one: Fallible, error: unknown, tell: (error: unknown) => void): boolean {
  tell(error);
  try {
    one.onDefect?.();
    return true;
  } catch (another) {
    tell(another);
    return false;
  }
}

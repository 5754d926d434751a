/**
 * Waiting with a deadline.
 *
 * @module
 */
import { startDeadline } from "./deadline.ts";

/** Waits until `done` settles, either way, at most `patienceMs`; false when patience ran out. */
export async function within(done: Promise<unknown>, patienceMs: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  const cancel = startDeadline(patienceMs, () => resolve(false));
  const settled = await Promise.race([done.then(() => true, () => true), timeout]);
  cancel();
  return settled;
}

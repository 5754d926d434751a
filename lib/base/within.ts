/**
 * Waiting with a deadline.
 *
 * @module
 */

/** Waits until `done` settles, either way, at most `patienceMs`; false when patience ran out. */
export async function within(done: Promise<unknown>, patienceMs: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, patienceMs, false);
  const settled = await Promise.race([done.then(() => true, () => true), timeout]);
  clearTimeout(timer);
  return settled;
}

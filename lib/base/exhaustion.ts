/**
 * The shortage of descriptors: our own trouble, whatever was being done.
 *
 * @module
 */

/**
 * Whether no descriptor was left to the process (EMFILE) or to the system (ENFILE). The runtime has no class of its own for it, and
 * not on every way a code.
 */
export function isExhaustion(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE" || /\bToo many open files\b/.test(error.message);
}

/**
 * What the system's resolver says of a name.
 *
 * @module
 */

/** Gives that a name can't be found (getaddrinfo(3)), or that there is nobody to ask about it; null: the error is another. */
export function nameProblem(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const isResolvers = code === "ENOTFOUND" || code.startsWith("EAI_");
  return isResolvers ? `the name has no address (${code})` : null;
}

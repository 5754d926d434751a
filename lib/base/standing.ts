/**
 * Where the user stands: a task runs in the project's folder, and paths that the user gives mean another.
 *
 * @module
 */

/** The `start` task says it there, from what `deno task` knows as INIT_CWD. */
const VARIABLE = "WSTUNNEL_CWD";

/** Goes to where the user stands. Programs that are started later know nothing of it. */
export function goToUser(): void {
  const folder = Deno.env.get(VARIABLE);
  if (!folder) return;
  Deno.env.delete(VARIABLE);
  try {
    Deno.chdir(folder);
  } catch {
    // It is gone: relative paths are then the project's.
  }
}

/**
 * A unix-domain socket's file outlives its program: what to do with one that stands where we want to listen.
 *
 * @module
 */

/**
 * Removes the file of a listener that is gone. Leaves everything else: a socket that answers and a file that is no socket,
 * so that listening there fails with the system's error.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (path.startsWith("\0")) return;
  try {
    if (!Deno.statSync(path).isSocket) return;
  } catch {
    return;
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) Deno.removeSync(path);
  }
}

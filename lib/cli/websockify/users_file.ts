/**
 * A file with the one user of `--auth-source`, for as long as the program runs.
 *
 * @module
 */
import { hashSync } from "../../access/bcrypt.ts";

/** As `htpasswd -B` has it unless told otherwise takes no longer, but protects a password that somebody chose little. */
const COST = 10;

/** A file that only we may read, in a folder of its own. */
export interface UsersFile {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** Writes the user and the hash of the password. Throws the system's error, and leaves nothing behind then. */
export async function writeUsersFile(user: string, password: string): Promise<UsersFile> {
  // Others may not look into it (mkdtemp(3)).
  const folder = await Deno.makeTempDir({ prefix: "wstunnel-" });
  const path = `${folder}/users`;
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    await Deno.writeTextFile(path, `${user}:${hashSync(password, COST)}\n`, { mode: 0o600 });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

/**
 * Users and groups by name, from the system's files alone: a directory service is not asked.
 *
 * @module
 */

/** The file with the names of each kind; name, password and number are its first fields (passwd(5), group(5)). */
export const ACCOUNT_FILES = { user: "/etc/passwd", group: "/etc/group" } as const;

/** What is allowed as a name, for a message. */
export const ACCOUNT_RULE = "must be a name or a number";

/** Whether a text can be a name of an account, or a number. */
export function isAccount(text: string): boolean {
  return /^[^:\s\0]+$/.test(text);
}

export type AccountKind = keyof typeof ACCOUNT_FILES;

/** The number of a user or a group that is given as a name or as a number; null: there is no such name. */
export function accountId(kind: AccountKind, name: string): number | null {
  return /^\d+$/.test(name) ? Number(name) : idOfName(readAccounts(kind), name);
}

/** Finds a name in a file's text. */
export function idOfName(text: string, name: string): number | null {
  const fields = text.split("\n").map((line) => line.split(":"));
  const id = fields.find(([entry]) => entry === name)?.[2];
  return id !== undefined && /^\d+$/.test(id) ? Number(id) : null;
}

function readAccounts(kind: AccountKind): string {
  try {
    return Deno.readTextFileSync(ACCOUNT_FILES[kind]);
  } catch {
    return "";
  }
}

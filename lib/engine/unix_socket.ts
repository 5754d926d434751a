/**
 * The file of a unix-domain socket. It outlives its program: what to do with one that stands where we want to listen. And who may
 * write to it may connect.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { SocketFile } from "../config/config.ts";
import { hasSocketFile } from "../config/listen.ts";
import { ACCOUNT_FILES, accountId, type AccountKind } from "../sys/accounts.ts";
import { sharedLibc } from "../sys/libc.ts";
import { withMode } from "../sys/umask.ts";

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
    if (error instanceof Deno.errors.ConnectionRefused) removeUnlessGone(path);
  }
}

/** Meanwhile somebody else may have removed it. */
function removeUnlessGone(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Which file is at an address; null: none. While a listener is open no other file is called as its own is.
 *
 * The runtime removes what is at a listener's path when that is closed (2.9.6; 2.4.2 removes nothing), whoever's it is by then: a program that took its
 * place would be found by nobody. So who closes one looks here first.
 */
export function fileAt(address: Address): string | null {
  if (!hasSocketFile(address)) return null;
  try {
    const { dev, ino } = Deno.lstatSync(address.path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/**
 * Opens a listener at a path whose file has the permissions, the group and the owner asked for, and at no time more. Throws what
 * `open` throws, or an error that says what can't be had; the listener is then closed again.
 */
export function openSocketFile<T>(
  path: string,
  { mode, owner, group }: SocketFile,
  open: () => T,
  close: (opened: T) => void,
): T {
  const userId = owner === undefined ? null : expectId("user", owner);
  const groupId = group === undefined ? null : expectId("group", group);
  // Until it has its group it is for us alone.
  const opened = withMode(groupId === null ? mode : mode & 0o700, open);
  try {
    if (groupId !== null) give("group", group!, () => Deno.chownSync(path, null, groupId));
    // Also where there was no way to the umask: for a moment the file was as that had it.
    Deno.chmodSync(path, mode);
    if (userId !== null) give("user", owner!, () => Deno.chownSync(path, userId, null));
    return opened;
  } catch (error) {
    close(opened);
    removeQuietly(path);
    throw error;
  }
}

/**
 * Changes the permissions, the group and the owner of a listener's file; gives what changes them back. Throws an error that says what
 * can't be had; the file is then as it was.
 */
export function changeSocketFile(path: string, before: SocketFile, after: SocketFile): () => void {
  const { mode, uid, gid } = Deno.statSync(path);
  const undo = () => {
    try {
      Deno.chownSync(path, uid, gid);
      Deno.chmodSync(path, mode! & 0o7777);
    } catch {
      // It is another's now.
    }
  };
  const userId = after.owner === before.owner ? null : idOrOurs("user", after.owner);
  const groupId = after.group === before.group ? null : idOrOurs("group", after.group);
  try {
    if (groupId !== null) {
      // What its new group may do is not for the old one, nor the other way round.
      Deno.chmodSync(path, after.mode & 0o707);
      give("group", after.group ?? "ours", () => Deno.chownSync(path, null, groupId));
    }
    Deno.chmodSync(path, after.mode);
    if (userId !== null) {
      give("user", after.owner ?? "ours", () => Deno.chownSync(path, userId, null));
    }
    return undo;
  } catch (error) {
    undo();
    throw error;
  }
}

function idOrOurs(kind: AccountKind, name: string | undefined): number {
  if (name !== undefined) return expectId(kind, name);
  if (!sharedLibc.ok) throw new Error(`whose ${kind} is ours can't be told: ${sharedLibc.reason}`);
  const { geteuid, getegid } = sharedLibc.libc.symbols;
  return kind === "user" ? geteuid() : getegid();
}

function expectId(kind: AccountKind, name: string): number {
  const id = accountId(kind, name);
  if (id !== null) return id;
  throw new Error(`${name} is no ${kind} in ${ACCOUNT_FILES[kind]}: give its number`);
}

function give(kind: AccountKind, name: string, chown: () => void): void {
  try {
    chown();
  } catch (error) {
    const reason = (error as Error).message.replace(/: chown .*/, "");
    throw new Error(`it can't be given to ${kind} ${name}: ${reason}`, { cause: error });
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The runtime has removed it, or will.
  }
}

/**
 * Names and passwords of a file (`basic`).
 *
 * @module
 */
import { nodeCrypto } from "../base/node_crypto.ts";
import { findPassword } from "../http/credentials.ts";
import type { Keepable } from "./kept.ts";
import type { PasswordChecks, PasswordVerdict } from "./password_checks.ts";
import type { WatchedFile } from "./watched_file.ts";
import { type Proof, type Unable, unable, type Way } from "./way.ts";
import type { Visit } from "./access.ts";

/** What `crypt(3)` takes; the time that a hash of SHA-512 crypt takes grows with the square of it. */
const MAX_PASSWORD_BYTES = 512;

const WRONG: Proof = { wrong: "wrong name or password" };

/**
 * Passwords that were right, by a digest under a key that nobody else has: who connects again costs nothing. The hash is a part of the digest, so
 * that one is forgotten when its line changes.
 */
export interface KnownPasswords extends Keepable {
  digest(...parts: string[]): string;
  has(digest: string): boolean;
  add(digest: string): void;
}

const MAX_KNOWN = 1024;

export function createKnownPasswords(): KnownPasswords {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const known = new Set<string>();
  return {
    digest: (...parts) =>
      nodeCrypto().createHash("sha256").update(key).update(JSON.stringify(parts)).digest("hex"),
    has(digest) {
      // Those that are used stay.
      return known.delete(digest) && known.add(digest).has(digest);
    },
    add(digest) {
      known.add(digest);
      const [oldest] = known;
      if (known.size > MAX_KNOWN) known.delete(oldest!);
    },
    close: () => known.clear(),
  };
}

/** The way by a file of passwords. */
export function createPasswordWay(
  file: WatchedFile<ReadonlyMap<string, string>>,
  checks: PasswordChecks,
  known: KnownPasswords,
): Way {
  const hashes = listOf(file);
  async function prove(name: string, password: string, visit: Visit): Promise<Proof> {
    const users = file.value;
    if (users === null) return unable("the file of passwords can't be read");
    if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) return WRONG;
    const own = users.get(name);
    // An unknown name is made to wait for the hash of another, always the same: nobody learns by the time which names there are.
    const hash = own ?? pick(hashes(), known.digest(name));
    if (hash === undefined) return WRONG;
    const digest = known.digest(name, password, hash);
    if (own !== undefined && known.has(digest)) return { user: name };
    const verdict = await checks.check({ password, hash }, visit.peer.address, visit.signal);
    if (verdict === "wrong" || (verdict === "right" && own === undefined)) return WRONG;
    if (verdict !== "right") return { unable: UNABLE[verdict] };
    known.add(digest);
    return { user: name };
  }
  return {
    asksFor: "password",
    prove(visit) {
      const found = findPassword(visit.head);
      if (found === null) return null;
      if ("problem" in found) return Promise.resolve({ wrong: found.problem });
      return prove(found.name, found.password, visit);
    },
  };
}

/** The hashes of a file as a list, made once for each state of it. */
function listOf(file: WatchedFile<ReadonlyMap<string, string>>): () => readonly string[] {
  let of: ReadonlyMap<string, string> | null = null;
  let list: readonly string[] = [];
  return () => {
    if (of !== file.value) list = [...file.value?.values() ?? []];
    of = file.value;
    return list;
  };
}

function pick(list: readonly string[], digest: string): string | undefined {
  return list[Number.parseInt(digest.slice(0, 8), 16) % list.length];
}

const BUSY = "too many passwords wait to be checked";

const UNABLE: Readonly<Record<Exclude<PasswordVerdict, "right" | "wrong">, Unable>> = {
  busy: { status: 503, reason: BUSY, why: "the queue is full" },
  many: {
    status: 429,
    reason: "too many passwords come from this address",
    why: "its client has more in the queue than it may, or guesses",
  },
  failed: { status: 503, reason: "passwords can't be checked", why: "no thread has checked it" },
};

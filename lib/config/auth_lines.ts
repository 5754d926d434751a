/**
 * Files of names and hashes, a line each: passwords as `htpasswd -B` writes them, and tokens. `#` begins a comment.
 *
 * What is wrong with a line is said by its number, and nothing of it is repeated.
 *
 * @module
 */
import type { LineProblem } from "./line_problems.ts";

/** What a file says, or everything that is wrong with it. */
export type ParsedLines =
  | { readonly entries: ReadonlyMap<string, string> }
  | { readonly problems: readonly LineProblem[] };

/** Takes a line apart. */
type ParseLine = (line: string) => { readonly key: string; readonly value: string } | string;

function parseLines(text: string, parse: ParseLine, twice: string): ParsedLines {
  const entries = new Map<string, string>();
  const problems: LineProblem[] = [];
  for (const [at, written] of text.split("\n").entries()) {
    const line = written.trim();
    if (line === "" || line.startsWith("#")) continue;
    const parsed = parse(line);
    const problem = typeof parsed === "string" ? parsed : entries.has(parsed.key) ? twice : null;
    if (problem !== null) problems.push({ line: at + 1, problem });
    else if (typeof parsed !== "string") entries.set(parsed.key, parsed.value);
  }
  return problems.length > 0 ? { problems } : { entries };
}

/** Lines of `name:hash`: hashes by name. */
export function parsePasswordLines(text: string): ParsedLines {
  return parseLines(text, parsePasswordLine, "its name stands in a line above it as well");
}

function parsePasswordLine(line: string) {
  const colon = line.indexOf(":");
  if (colon < 1) return "must be a name, a colon and a hash";
  const [key, value] = [line.slice(0, colon), line.slice(colon + 1)];
  return hashProblem(value) ?? { key, value };
}

/** With the most that are taken, a password costs some seconds of a processor. */
const MAX_BCRYPT_COST = 14;
const MAX_ROUNDS = 500_000;
/** Fewer are none of SHA-crypt. */
const MIN_ROUNDS = 1_000;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const SHA_CRYPT =
  /^\$(?=5\$.*\$[./A-Za-z0-9]{43}$|6\$.*\$[./A-Za-z0-9]{86}$)[56]\$(?:rounds=(\d{1,9})\$)?[./A-Za-z0-9]{0,16}\$[^$]+$/;

const HASH_RULE = "must have a hash of bcrypt, as htpasswd -B makes it, or of SHA-256 or SHA-512 " +
  "crypt, as mkpasswd -m sha-512 does";

/** Hashes that others take, by how they begin. */
const OTHER_HASHES = [
  ["$apr1$", "MD5"],
  ["$1$", "MD5"],
  ["{SHA}", "SHA-1"],
  ["$y$", "yescrypt"],
  ["$7$", "scrypt"],
  ["$argon2", "Argon2"],
] as const;

function hashProblem(hash: string): string | null {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined) {
    if (Number(cost) >= 4 && Number(cost) <= MAX_BCRYPT_COST) return null;
    return `must have a cost from 4 to ${MAX_BCRYPT_COST}: each password would take too long`;
  }
  const sha = SHA_CRYPT.exec(hash);
  if (sha !== null) {
    const rounds = Number(sha[1] ?? MIN_ROUNDS);
    if (rounds >= MIN_ROUNDS && rounds <= MAX_ROUNDS) return null;
    return `must have from ${MIN_ROUNDS} to ${MAX_ROUNDS} rounds: with more each password would take too long`;
  }
  const other = OTHER_HASHES.find(([start]) => hash.startsWith(start))?.[1];
  return other === undefined ? HASH_RULE : `${HASH_RULE}; this one is of ${other}`;
}

/** Lines of `name sha256:HEX` or `name:sha256:HEX`: names by digest, in lower case. A name may have several tokens. */
export function parseTokenLines(text: string): ParsedLines {
  return parseLines(text, parseTokenLine, "its token stands in a line above it as well");
}

function parseTokenLine(line: string) {
  const [, value, digest] = /^([^\s:]+)(?::|\s+)\s*sha256:([0-9a-f]{64})$/i.exec(line) ?? [];
  if (digest !== undefined) return { key: digest.toLowerCase(), value: value! };
  return "must be a name and the SHA-256 of its token: NAME sha256:HEX, where HEX is what " +
    "printf %s TOKEN | sha256sum says";
}

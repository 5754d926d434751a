/**
 * What has run out here, in this process or on this machine: our own trouble, whatever was being done.
 *
 * @module
 */

/** What there is none left of; a port is one to connect from. */
export type Shortage = "no-descriptor" | "no-port" | "no-memory";

/** In words, for a client and the log. */
export const SHORTAGES: Readonly<Record<Shortage, string>> = {
  "no-descriptor": "no descriptor is left",
  "no-port": "no local port is left",
  "no-memory": "no memory is left",
};

/** By their names (errno(3)); the runtime has no class of its own for them, and not on every way a code. */
const SIGNS: readonly (readonly [Shortage, codes: readonly string[], words: RegExp])[] = [
  ["no-descriptor", ["EMFILE", "ENFILE"], /\bToo many open files\b/],
  ["no-memory", ["ENOMEM", "ENOBUFS"], /\b(?:Cannot allocate memory|No buffer space available)\b/],
];

/** What the process or the system has run out of, null where it is another error. */
export function shortageOf(error: unknown): Shortage | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error ? String(error.code) : "";
  const sign = SIGNS.find(([, codes, words]) => codes.includes(code) || words.test(error.message));
  return sign?.[0] ?? null;
}

/** The same of a connect to an address that can be had: of any other call EADDRNOTAVAIL means something else. */
export function connectShortageOf(error: unknown): Shortage | null {
  return error instanceof Deno.errors.AddrNotAvailable ? "no-port" : shortageOf(error);
}

export function isExhaustion(error: unknown): boolean {
  return shortageOf(error) !== null;
}

export function isShortage(kind: string): kind is Shortage {
  return kind in SHORTAGES;
}

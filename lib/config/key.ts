/**
 * What stands in the table of keys, and what follows from it: a table of the file to values inside and back, in types and at run time.
 *
 * @module
 */
import type { Kind } from "./kinds.ts";
import type { Table } from "./table.ts";

/** All that there is to say of a key. */
export interface Key {
  /** As the file writes it. */
  readonly name: string;
  readonly kind: Kind<unknown>;
  /** What it is for, as editors and the man page tell it. */
  readonly about: string;
  /** What the example file tells besides, a line each. */
  readonly more?: readonly string[];
  /** What the example file shows where there is no default. */
  readonly example?: unknown;
  /** The part of its table that it belongs to. */
  readonly of?: string;
  /** What holds where the file says nothing, as the file would write it. */
  readonly default?: unknown;
  /** Defaults that hold in some places alone, by the place, so that the schema can't tell one. */
  readonly implied?: Readonly<Record<string, unknown>>;
  /** What it is inside where the file says nothing; such a value is not written. */
  readonly unsaid?: unknown;
  /** Whether its table must have it. */
  readonly required?: true;
  /** May hold passwords: no problem repeats it (`told`, for `check` still shows it), or `check` neither (`hidden`; of a URL its `query`). */
  readonly secret?: "told" | "hidden" | "query";
}

/** The keys of a table by what they are called inside. */
export type Keys = Readonly<Record<string, Key>>;

/** The value of a key inside. */
export type ValueOf<K extends Key> =
  | (K["kind"] extends Kind<infer T> ? T : never)
  | (K extends { readonly unsaid: infer U } ? U : never);

/** A key that has a value inside even where the file says nothing. */
type Sure =
  | { readonly default: unknown }
  | { readonly implied: unknown }
  | { readonly unsaid: unknown }
  | { readonly required: true };

/** The values of keys inside. */
export type Values<K extends Keys> =
  & { readonly [N in keyof K as K[N] extends Sure ? N : never]: ValueOf<K[N]> }
  & { readonly [N in keyof K as K[N] extends Sure ? never : N]?: ValueOf<K[N]> };

/** The keys of some parts of a table. */
export type PartOf<K extends Keys, P extends string> = {
  readonly [N in keyof K as K[N] extends { readonly of: P } ? N : never]: K[N];
};

export function partOf<K extends Keys, const P extends string>(
  keys: K,
  ...parts: readonly P[]
): PartOf<K, P> {
  const chosen = Object.entries(keys).filter(([, key]) => parts.some((part) => part === key.of));
  return Object.fromEntries(chosen) as PartOf<K, P>;
}

/** The names of keys in the file. */
export function namesOf(keys: Keys): string[] {
  return Object.values(keys).map(({ name }) => name);
}

/** What the values of secrets are shown as. */
export const HIDDEN = "***";

/** The values that a table with nothing wrong gives; what it doesn't give is as the keys say it is, at `place`. */
export function decode<K extends Keys>(keys: K, table: Table, place?: string): Values<K> {
  const standard = Object.entries(keys).map(([inner, key]) => [inner, standardOf(key, place)])
    .filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(standard), ...decodeSaid(keys, table) };
}

/** The values that a table with nothing wrong gives, and no others. */
export function decodeSaid<K extends Keys>(keys: K, table: Table): Partial<Values<K>> {
  const said = Object.entries(keys).filter(([, { name }]) => table[name] !== undefined)
    .map(([inner, { name, kind }]) => [inner, kind.decode(table[name])]);
  return Object.fromEntries(said);
}

function standardOf(key: Key, place: string | undefined): unknown {
  const standard = key.default ?? (place === undefined ? undefined : key.implied?.[place]);
  return standard === undefined ? key.unsaid : key.kind.decode(standard);
}

/** A table that gives these values, all but those of secrets; `tells`: whether to show what may be one and yet is told. */
export function encode<K extends Keys>(
  keys: K,
  values: Partial<Values<K>>,
  tells = true,
): Record<string, unknown> {
  const written = Object.entries<Key>(keys).flatMap(([inner, key]) => {
    const value: unknown = values[inner as keyof Values<K>];
    if (value === undefined || isSame(value, key.unsaid)) return [];
    const encoded = key.kind.encode(value);
    return [[key.name, shown(key, encoded, tells)]];
  });
  return Object.fromEntries(written);
}

function shown({ secret }: Key, encoded: unknown, tells: boolean): unknown {
  if (secret === "hidden") return hide(encoded);
  if (secret === "told" && !tells) return hideBehindFirst(encoded);
  return secret === "query" ? hideQuery(String(encoded)) : encoded;
}

/** Of a command all but the program. */
function hideBehindFirst(words: unknown): unknown {
  if (!Array.isArray(words)) return HIDDEN;
  return words.length > 1 ? [words[0], HIDDEN] : words;
}

/** What is no URL has none. */
function hideQuery(written: string): string {
  return written.replace(/^(https?:[^?]*\?).*$/is, `$1${HIDDEN}`);
}

/** A table keeps its names. */
function hide(written: unknown): unknown {
  if (typeof written !== "object" || written === null) return HIDDEN;
  return Object.fromEntries(Object.keys(written).map((name) => [name, HIDDEN]));
}

/** Whether two values that the file could hold are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

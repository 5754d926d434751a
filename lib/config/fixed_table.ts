/**
 * A table with fixed keys: everything that is wrong with it, and its JSON Schema.
 *
 * @module
 */
import { nearest } from "../base/nearest.ts";
import type { Keys } from "./key.ts";
import { type JsonSchema, under } from "./kinds.ts";
import type { Finding } from "./problem.ts";
import { isTable } from "./table.ts";

/** What finds everything that is wrong with what a key holds. */
export type Check = (written: unknown) => readonly Finding[];

/** What a table with fixed keys is checked by. */
export interface FixedTable {
  /** By the names in the file. */
  readonly checks: ReadonlyMap<string, Check>;
  readonly required?: readonly string[];
  /** Says of a key that isn't the table's where it belongs, or null. */
  readonly homeOf?: (name: string) => string | null;
}

/** The checks of keys by their names in the file. */
export function checksOf(keys: Keys): [string, Check][] {
  return Object.values(keys).map(({ name, kind }) => [name, (written) => kind.check(written)]);
}

/** The names in the file of keys that a table must have. */
export function requiredOf(keys: Keys): string[] {
  return Object.values(keys).filter(({ required }) => required).map(({ name }) => name);
}

/** Everything that is wrong with what should be such a table, in the order of its keys. */
export function checkFixedTable(table: FixedTable, written: unknown): Finding[] {
  const { checks, required = [] } = table;
  if (!isTable(written)) return [{ path: [], rule: "must be a table", value: written }];
  const wrong = [...checks].flatMap(([name, check]) =>
    written[name] === undefined && !required.includes(name) ? [] : under(name, check(written[name]))
  );
  const unknown = Object.keys(written).filter((name) => !checks.has(name));
  return [...wrong, ...unknown.map((name) => ({ path: [name], rule: unknownRule(table, name) }))];
}

function unknownRule({ checks, homeOf }: FixedTable, name: string): string {
  const home = homeOf?.(name) ?? null;
  if (home !== null) return `unknown key, it belongs ${home}`;
  const names = [...checks.keys()];
  const near = nearest(name, names);
  return near === null
    ? `unknown key, must be one of ${names.join(", ")}`
    : `unknown key, did you mean ${near}?`;
}

/** What JSON Schema says of a table with these keys and no others. */
export function tableSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** What JSON Schema says of each key, by its name in the file. */
export function propertiesOf(keys: Keys): Record<string, JsonSchema> {
  const properties = Object.values(keys).map(({ name, kind, about, default: standard }) => [
    name,
    { ...(standard !== undefined && { default: standard }), description: about, ...kind.schema },
  ]);
  return Object.fromEntries(properties);
}

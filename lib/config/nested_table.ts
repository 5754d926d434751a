/**
 * A table of fixed keys that is itself what a key holds, such as `tls = { cert = "…", key = "…" }`.
 *
 * @module
 */
import { checkFixedTable, checksOf, propertiesOf, requiredOf, tableSchema } from "./fixed_table.ts";
import { decode, encode, type Key, type Keys, type Values } from "./key.ts";
import type { Kind } from "./kinds.ts";
import type { Finding } from "./problem.ts";
import { isTable, type Table } from "./table.ts";

/** Its values inside are those of its keys; `checkRules` judges what ties several of them together, right in form or not. */
export function nestedTable<K extends Keys>(
  keys: K,
  checkRules: (table: Table) => readonly Finding[] = () => [],
): Kind<Values<K>> {
  const table = { checks: new Map(checksOf(keys)), required: requiredOf(keys) };
  // In the place of the table stands the secret, perhaps.
  const rule = `must be a table of ${Object.values<Key>(keys).map(({ name }) => name).join(", ")}`;
  const holdsSecrets = Object.values<Key>(keys).some(({ secret }) => secret !== undefined);
  return {
    schema: tableSchema(propertiesOf(keys), requiredOf(keys)),
    check: (written) =>
      isTable(written)
        ? [...checkFixedTable(table, written), ...checkRules(written)]
        : [{ path: [], rule, ...(!holdsSecrets && { value: written }) }],
    decode: (written) => decode(keys, written as Table),
    encode: (values) => encode(keys, values),
  };
}

/** Such a table, `true` for one that says nothing, or `false`, which is null inside, for none. */
export function tableOrBoolean<K extends Keys>(
  keys: K,
  checkRules?: (table: Table) => readonly Finding[],
): Kind<Values<K> | null> {
  const table = nestedTable(keys, checkRules);
  const isEmpty = (values: Values<K>) => Object.keys(table.encode(values) as Table).length === 0;
  return {
    schema: { anyOf: [{ type: "boolean" }, table.schema] },
    check(value) {
      if (typeof value === "boolean") return [];
      if (isTable(value)) return table.check(value);
      return [{ path: [], rule: "must be true, false or a table", value }];
    },
    decode: (written) => written === false ? null : table.decode(written === true ? {} : written),
    encode: (values) => values === null ? false : isEmpty(values) ? true : table.encode(values),
  };
}

/**
 * A table of fixed keys that is itself what a key holds, such as `tls = { cert = "…", key = "…" }`.
 *
 * @module
 */
import { checkFixedTable, checksOf, propertiesOf, requiredOf, tableSchema } from "./fixed_table.ts";
import { decode, encode, type Keys, type Values } from "./key.ts";
import type { Kind } from "./kinds.ts";
import type { Finding } from "./problem.ts";
import { isTable, type Table } from "./table.ts";

/** Its values inside are those of its keys; `checkRules` judges what ties several of them together, right in form or not. */
export function nestedTable<K extends Keys>(
  keys: K,
  checkRules: (table: Table) => readonly Finding[] = () => [],
): Kind<Values<K>> {
  const table = { checks: new Map(checksOf(keys)), required: requiredOf(keys) };
  return {
    schema: tableSchema(propertiesOf(keys), requiredOf(keys)),
    check: (written) => [
      ...checkFixedTable(table, written),
      ...(isTable(written) ? checkRules(written) : []),
    ],
    decode: (written) => decode(keys, written as Table),
    encode: (values) => encode(keys, values),
  };
}

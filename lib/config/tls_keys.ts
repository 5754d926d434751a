/**
 * The key `tls` of a listener: the files of its certificate, or of several that a client chooses among by the name it asks for.
 *
 * @module
 */
import { propertiesOf, requiredOf, tableSchema } from "./fixed_table.ts";
import type { Keys, Values } from "./key.ts";
import { type Kind, under } from "./kinds.ts";
import { nestedTable } from "./nested_table.ts";
import { type Finding, finding } from "./problem.ts";
import { isTable, type Table } from "./table.ts";
import { filePath } from "./text_kinds.ts";

/** The keys of `tls`. */
export const TLS = {
  cert: {
    name: "cert",
    kind: filePath,
    required: true,
    about: "File of the certificate and those that lead to its authority, as PEM, its own first.",
  },
  key: {
    name: "key",
    kind: filePath,
    required: true,
    about: "File of its private key, as PEM without a passphrase.",
  },
  clientCa: {
    name: "client-ca",
    kind: filePath,
    about: "File of the authorities one of which must have issued a client's certificate, as PEM.",
  },
} as const satisfies Keys;

/** The files of one certificate. */
export type TlsFiles = Values<typeof TLS>;

const table = nestedTable(TLS);

const RULE = "must be a table with cert and key, or a list of such tables";

const { name: CLIENT_CA } = TLS.clientCa;

/** A client says itself which of the names it wants. */
const ALL_OR_NONE =
  "must stand in every table of the list or in none: a client chooses among them as it likes";

function checkList(list: readonly unknown[]): readonly Finding[] {
  if (list.length === 0) return [finding([], "must have at least one certificate", list)];
  const lacking = list.filter((entry) => isTable(entry) && entry[CLIENT_CA] === undefined);
  const uneven = lacking.length === 0 || lacking.length === list.length
    ? []
    : list.flatMap((entry, at) =>
      isTable(entry) && entry[CLIENT_CA] !== undefined
        ? [finding([at, CLIENT_CA], ALL_OR_NONE, entry[CLIENT_CA])]
        : []
    );
  return [...list.flatMap((entry, at) => under(at, table.check(entry))), ...uneven];
}

const one = tableSchema(propertiesOf(TLS), requiredOf(TLS));

/** Of several the first is for whoever asks for none of the names. */
export const tlsFiles: Kind<readonly TlsFiles[]> = {
  schema: { anyOf: [one, { type: "array", minItems: 1, items: one }] },
  check(written) {
    if (Array.isArray(written)) return checkList(written);
    return isTable(written) ? table.check(written) : [finding([], RULE, written)];
  },
  decode: (written) => [written].flat().map((entry) => table.decode(entry as Table)),
  encode: (files) => files.length === 1 ? table.encode(files[0]!) : files.map(table.encode),
};

/**
 * The key `web`: a folder of files for who asks for no tunnel.
 *
 * @module
 */
import { auth } from "./auth_keys.ts";
import { isSame, type Keys, type Values } from "./key.ts";
import { type Kind, seconds, tableOf, text, trueOrFalse } from "./kinds.ts";
import { nestedTable } from "./nested_table.ts";
import { finding } from "./problem.ts";
import { isTable } from "./table.ts";
import { TOKEN } from "./text_kinds.ts";

const ROOT_RULE = "must be the path of a folder";

const folderPath = text(
  ROOT_RULE,
  (path) => path === "" || path.includes("\0") ? ROOT_RULE : null,
);

const INDEX_RULE = "must be the name of a file, without slashes and no dot in front";

const fileName = text(
  INDEX_RULE,
  (name) => /^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u.test(name) ? null : INDEX_RULE,
);

/** What says what is sent, or how: that is ours to say. */
const OURS = [
  ...["accept-ranges", "allow", "connection", "content-encoding", "content-length"],
  ...["content-range", "content-type", "date", "etag", "keep-alive", "last-modified", "location"],
  ...["proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "vary"],
  "www-authenticate",
];

function headerProblem(name: string): string | null {
  if (!TOKEN.test(name)) return "is no name of a header";
  return OURS.includes(name.toLowerCase()) ? "is a header that wstunnel itself sets" : null;
}

const VALUE_RULE = "must be visible ASCII, with single characters in between";

const headerTable = tableOf(
  text(
    "must be text",
    (value) => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) ? null : VALUE_RULE,
  ),
  headerProblem,
  "must be a table of headers",
);

/** Of names and values together: clients and proxies take heads of 16 KiB, some of less, and ours goes out in one piece. */
const MAX_HEADERS_LENGTH = 8192;

const LENGTH_RULE = `must have at most ${MAX_HEADERS_LENGTH} characters, names and values together`;

/** By names in lower case. */
const headers: Kind<Readonly<Record<string, string>>> = {
  ...headerTable,
  check(written) {
    const findings = headerTable.check(written);
    if (!isTable(written)) return findings;
    const names = Object.keys(written).map((name) => name.toLowerCase());
    const twice = Object.keys(written).filter((_, at) => names.indexOf(names[at]!) < at);
    return [
      ...findings,
      ...twice.map((name) => finding([name], "must not be there twice")),
      ...(lengthOf(written) > MAX_HEADERS_LENGTH ? [finding([], LENGTH_RULE)] : []),
    ];
  },
  decode: (written) =>
    Object.fromEntries(
      Object.entries(headerTable.decode(written)).map((
        [name, value],
      ) => [name.toLowerCase(), value]),
    ),
};

function lengthOf(written: Readonly<Record<string, unknown>>): number {
  return Object.entries(written).reduce((sum, [name, value]) => sum + `${name}${value}`.length, 0);
}

/** The keys of `web`. */
export const WEB = {
  root: {
    name: "root",
    kind: folderPath,
    required: true,
    about: "The folder. No link leads out of it, and what begins with a dot is not shown.",
    example: "/usr/share/novnc",
  },
  index: {
    name: "index",
    kind: fileName,
    default: "index.html",
    about: "The file that a folder shows.",
  },
  listing: {
    name: "listing",
    kind: trueOrFalse,
    default: false,
    about: "Whether a folder without such a file shows what is in it.",
  },
  auth: {
    name: "auth",
    kind: auth,
    about:
      "Who may have files, in the form of wstunnel.auth; without it as the route, or wstunnel, says; empty: whoever asks.",
    example: {},
  },
  headers: {
    name: "headers",
    kind: headers,
    default: {},
    about:
      "Headers that are sent with files, such as cache-control, which is no-cache unless given.",
    example: { "cache-control": "max-age=3600" },
  },
  writeTimeoutMs: {
    name: "write-timeout",
    kind: seconds(0.1),
    default: 60,
    about: "Seconds a client may take no byte of a file before its connection is closed.",
  },
} as const satisfies Keys;

/** A folder of files, as it is served. */
export type WebConfig = Values<typeof WEB>;

const table = nestedTable(WEB);

const RULE = "must be the path of a folder, or a table with root";

/** The path of its root alone, or a table. */
export const web: Kind<WebConfig> = {
  schema: { anyOf: [folderPath.schema, table.schema] },
  check(written) {
    if (typeof written === "string") return folderPath.check(written);
    return isTable(written) ? table.check(written) : [finding([], RULE, written)];
  },
  decode: (written) => table.decode(typeof written === "string" ? { root: written } : written),
  encode(values) {
    const standard = table.decode({ root: values.root });
    return isSame(standard, values) ? values.root : table.encode(values);
  },
};

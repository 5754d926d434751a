/**
 * The key `listen`: an address, a table with one, or a list of these, to what is listened at, and back.
 *
 * @module
 */
import { formatAddress, parseHanded, parseListenAddress } from "../base/address.ts";
import type { ListenEntry } from "./config.ts";
import {
  checkFixedTable,
  checksOf,
  type FixedTable,
  propertiesOf,
  requiredOf,
  tableSchema,
} from "./fixed_table.ts";
import { decode, encode, isSame, type Keys, partOf } from "./key.ts";
import { type Kind, oneOf, text, trueOrFalse, under } from "./kinds.ts";
import { hasSocketFile } from "./listen.ts";
import type { Finding } from "./problem.ts";
import { isTable } from "./table.ts";
import { account, fileMode } from "./text_kinds.ts";
import { tlsFiles } from "./tls_keys.ts";

const address = text('must be an address, such as "unix:/run/wstunnel.sock"', (written) => {
  const parsed = parsePlace(written);
  return "problem" in parsed ? parsed.problem : null;
});

function parsePlace(written: string) {
  return parseHanded(written) ?? parseListenAddress(written);
}

const DEFAULT_MODE = "0660";

/** The keys of a table of `listen`. */
export const LISTENER = {
  address: {
    name: "address",
    kind: address,
    required: true,
    about:
      "Where clients connect: host:port, [v6]:port, :port, unix:/path; fd:NAME is a socket of systemd's.",
  },
  proxyProtocol: {
    name: "proxy-protocol",
    of: "any",
    kind: oneOf(["off", "optional", "required"]),
    about: "Whether trusted-proxies name their clients by the PROXY protocol; off unless given. " +
      "required: a connection without it is ended.",
    example: "required",
  },
  tls: {
    name: "tls",
    of: "any",
    kind: tlsFiles,
    about:
      "Speaks TLS, by a certificate or a list of them; with client-ca only to clients that have one.",
    example: { cert: "/etc/wstunnel/cert.pem", key: "/etc/wstunnel/key.pem" },
  },
  tlsOptional: {
    name: "tls-optional",
    of: "any",
    kind: trueOrFalse,
    about:
      "Beside tls: true also answers clients without it, at the same port (ws:// and wss://). " +
      "Who connects chooses, so that it protects nobody.",
    example: true,
  },
  mode: {
    name: "mode",
    of: "file",
    kind: fileMode,
    /** For our user and group. */
    implied: { file: DEFAULT_MODE },
    about: "Permissions of a unix-domain socket: who may write to it may connect. " +
      `${DEFAULT_MODE} unless given.`,
  },
  owner: {
    name: "owner",
    of: "file",
    kind: account,
    about: "User whom a unix-domain socket is given to; ours.",
    example: "wstunnel",
  },
  group: {
    name: "group",
    of: "file",
    kind: account,
    about: "Group whom a unix-domain socket is given to; ours.",
    example: "www-data",
  },
} as const satisfies Keys;

/** What a listener has, wherever it is. */
export const ANY_LISTENER = partOf(LISTENER, "any");

/** What a socket's file alone has. */
export const SOCKET_FILE = partOf(LISTENER, "file");

const TABLE: FixedTable = { checks: new Map(checksOf(LISTENER)), required: requiredOf(LISTENER) };

const ENTRY_RULE = "must be an address or a table with one";

function checkEntry(written: unknown): readonly Finding[] {
  if (typeof written === "string") return address.check(written);
  return isTable(written)
    ? checkFixedTable(TABLE, written)
    : [{ path: [], rule: ENTRY_RULE, value: written }];
}

function checkListen(written: unknown): readonly Finding[] {
  if (!Array.isArray(written)) {
    if (typeof written === "string" || isTable(written)) return checkEntry(written);
    return [{ path: [], rule: "must be an address or a list of addresses", value: written }];
  }
  return written.length === 0
    ? [{ path: [], rule: "must have at least one address", value: written }]
    : written.flatMap((entry, at) => under(at, checkEntry(entry)));
}

function toListen(entry: unknown): ListenEntry {
  const table = isTable(entry) ? entry : { address: entry };
  const parsed = parsePlace(String(table["address"]));
  if ("problem" in parsed) throw new TypeError(`The check let an address pass: ${parsed.problem}`);
  const { address } = parsed;
  return {
    address,
    ...(hasSocketFile(address) && { file: decode(SOCKET_FILE, table, "file") }),
    ...decode(ANY_LISTENER, table),
  };
}

function toEntry({ address, file, ...any }: ListenEntry): unknown {
  const text = formatAddress(address);
  const isPlain = file === undefined || isSame(file, decode(SOCKET_FILE, {}, "file"));
  const keys = { ...encode(ANY_LISTENER, any), ...(!isPlain && encode(SOCKET_FILE, file)) };
  return Object.keys(keys).length === 0 ? text : { address: text, ...keys };
}

const entries = [address.schema, tableSchema(propertiesOf(LISTENER), requiredOf(LISTENER))];

/** Where clients connect. */
export const listeners: Kind<readonly ListenEntry[]> = {
  schema: { anyOf: [...entries, { minItems: 1, type: "array", items: { anyOf: entries } }] },
  check: checkListen,
  decode: (written) => [written].flat().map(toListen),
  encode: (listen) => listen.map(toEntry),
};

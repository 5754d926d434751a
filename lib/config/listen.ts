/**
 * An entry of `listen`, an address or a table with one, to what is listened at, and back.
 *
 * @module
 */
import { type Address, formatAddress, parseListenAddress } from "../base/address.ts";
import { formatFileMode, parseFileMode } from "../base/file_mode.ts";
import type { ListenConfig, SocketFile } from "./config.ts";
import { DEFAULTS } from "./defaults.ts";
import { type Path, valueAt } from "./problem.ts";
import { isTable, type Table } from "./table.ts";

/** A table of `listen` of the right form. */
export interface FileListener {
  readonly address: string;
  readonly mode?: string | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
}

/** The keys that a socket's file alone has. */
export const SOCKET_FILE_KEYS = ["mode", "owner", "group"] as const;

/** Turns an entry that broke no rule into what is listened at. */
export function toListen(entry: string | FileListener): ListenConfig {
  const { address: text, mode, owner, group } = typeof entry === "string"
    ? { address: entry }
    : entry;
  const parsed = parseListenAddress(text);
  if ("problem" in parsed) throw new TypeError(`The schema let an address pass: ${parsed.problem}`);
  const { address } = parsed;
  if (!hasSocketFile(address)) return { address };
  const file: SocketFile = {
    mode: parseFileMode(mode ?? DEFAULTS.listener.mode)!,
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
  };
  return { address, file };
}

/** Turns what is listened at into an entry that means the same. */
export function toFileListener({ address, file }: ListenConfig): string | FileListener {
  const text = formatAddress(address);
  if (file === undefined) return text;
  const mode = formatFileMode(file.mode);
  const isPlain = mode === DEFAULTS.listener.mode && file.owner === undefined &&
    file.group === undefined;
  return isPlain ? text : { address: text, ...file, mode };
}

/** Abstract names of sockets are no files. */
export function hasSocketFile(address: Address): boolean {
  return address.transport === "unix" && address.path.startsWith("/");
}

/** An entry of `listen` and where it stands. */
export interface ListenerTable {
  /** An address that stands alone is its `address`. */
  readonly listener: Table;
  readonly path: Path;
  /** Where the address stands. */
  readonly addressPath: Path;
}

/** Every entry of `listen` that can be read as one. */
export function eachListener(raw: unknown): ListenerTable[] {
  const listen = valueAt(raw, ["listen"]);
  const entries: [unknown, Path][] = Array.isArray(listen)
    ? listen.map((entry, at) => [entry, ["listen", at]])
    : [[listen, ["listen"]]];
  return entries.flatMap(([entry, path]): ListenerTable[] => {
    if (isTable(entry)) return [{ listener: entry, path, addressPath: [...path, "address"] }];
    return typeof entry === "string"
      ? [{ listener: { address: entry }, path, addressPath: path }]
      : [];
  });
}

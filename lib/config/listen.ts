/**
 * Looking into `listen` as it was written, right in form or not.
 *
 * @module
 */
import type { Address, HandedAddress, UnixAddress } from "../base/address.ts";
import { type Path, valueAt } from "./problem.ts";
import { isTable, type Table } from "./table.ts";
import { TLS } from "./tls_keys.ts";

/** Abstract names of sockets are no files. */
export function hasSocketFile(
  address: Address | HandedAddress,
): address is UnixAddress & { readonly path: `/${string}` } {
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

/** Whether an entry asks its clients for certificates. */
export function asksClients({ tls }: Table): boolean {
  return [tls].flat().some((pair) => isTable(pair) && pair[TLS.clientCa.name] !== undefined);
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

/**
 * Who can reach what, where nothing says who may.
 *
 * @module
 */
import { parseListenAddress } from "../base/address.ts";
import { eachListener } from "./listen.ts";
import type { Finding } from "./problem.ts";
import { isTable, tableAt } from "./table.ts";

/** Warns where other machines can connect and a key has neither origins nor authentication. */
export function warnOfReach(raw: unknown): Finding[] {
  const open = openKeys(raw);
  const reached = eachListener(raw).find(({ listener }) => isBeyondLoopback(listener["address"]));
  if (open.length === 0 || reached === undefined) return [];
  const keys = open.map((key) => JSON.stringify(key)).join(", ");
  const rule =
    "is reached from other machines, and neither origins nor authentication say who may " +
    `use ${keys}: any program can, and any web page`;
  return [{ path: reached.addressPath, rule }];
}

/** The keys that admit every origin. */
function openKeys(raw: unknown): string[] {
  const wstunnel = tableAt(raw, ["wstunnel"]);
  return Object.entries(tableAt(wstunnel, ["server"])).flatMap(([key, route]) => {
    const own = isTable(route) ? route["origins"] : undefined;
    const origins = own ?? wstunnel["origins"];
    return Array.isArray(origins) && origins.length > 0 ? [] : [key];
  });
}

/** A name may have any address, but for `localhost` (RFC 6761 section 6.3). */
function isBeyondLoopback(text: unknown): boolean {
  const parsed = parseListenAddress(String(text));
  if ("problem" in parsed || parsed.address.transport !== "tcp") return false;
  const { hostname } = parsed.address;
  return !/^(?:127\.[0-9.]+|(?:.+\.)?localhost\.?|[0:]*:0*1)$/i.test(hostname);
}

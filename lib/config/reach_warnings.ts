/**
 * Who can reach what, where nothing says who may.
 *
 * @module
 */
import { parseHanded, parseListenAddress } from "../base/address.ts";
import { asksWho } from "./auth_tables.ts";
import { eachListener } from "./listen.ts";
import { type Finding, valueAt } from "./problem.ts";
import { hasFilesAlone, isTable, type Table, tableAt } from "./table.ts";

/** Warns where other machines can connect and a key has neither origins nor authentication, or has it in the clear. */
export function warnOfReach(raw: unknown): Finding[] {
  return [...warnOfOpenKeys(raw), ...warnOfClearText(raw), ...warnOfClearAdmin(raw)];
}

function warnOfOpenKeys(raw: unknown): Finding[] {
  const open = openKeys(raw);
  const reached = eachListener(raw).find(({ listener }) => isBeyondLoopback(listener["address"]));
  if (open.length === 0 || reached === undefined) return [];
  const keys = open.map((key) => JSON.stringify(key)).join(", ");
  const rule =
    "is reached from other machines, and neither origins nor authentication say who may " +
    `use ${keys}: any program can, and any web page`;
  return [{ path: reached.addressPath, rule }];
}

/** Whoever stands between reads them along, and comes in with them. */
function warnOfClearText(raw: unknown): Finding[] {
  const routes = Object.entries(tableAt(raw, ["wstunnel", "server"]));
  const asks = routes.some(([key, route]) => asksWho(raw, key) || needsToken(route)) ||
    [raw, ...routes.map(([, route]) => route)].some(filesAskWho);
  const reached = eachListener(raw).find(({ listener }) =>
    isBeyondLoopback(listener["address"]) && takesClearText(listener)
  );
  if (!asks || reached === undefined) return [];
  const rule = "is reached from other machines without TLS: passwords and tokens can be read on " +
    "the way, unless a proxy in front has TLS";
  return [{ path: reached.addressPath, rule }];
}

function takesClearText({ tls, ["tls-optional"]: isOptional }: Table): boolean {
  return tls === undefined || isOptional === true;
}

/** Whether the files of a table, the top or a route's, have somebody asked who he is. */
function filesAskWho(table: unknown): boolean {
  return Object.keys(tableAt(table, ["web", "auth"])).length > 0;
}

function warnOfClearAdmin(raw: unknown): Finding[] {
  const rule = "is reached from other machines without TLS: its token can be read on the way, " +
    "unless a proxy in front has TLS";
  return isBeyondLoopback(valueAt(raw, ["admin"])) ? [{ path: ["admin"], rule }] : [];
}

/** The keys that admit every origin, of every client, and ask nobody who he is. */
function openKeys(raw: unknown): string[] {
  const wstunnel = tableAt(raw, ["wstunnel"]);
  return Object.entries(tableAt(wstunnel, ["server"])).flatMap(([key, route]) => {
    const isSaid = ["origins", "allow-clients"].some((name) => {
      const list = (isTable(route) ? route[name] : undefined) ?? wstunnel[name];
      return Array.isArray(list) && list.length > 0;
    });
    const leadsNowhere = isTable(route) && hasFilesAlone(route);
    return leadsNowhere || isSaid || asksWho(raw, key) || needsToken(route) ? [] : [key];
  });
}

/** Whether it leads nowhere without a token, which whoever knows it may use; the name of a host is none that is secret. */
function needsToken(route: unknown): boolean {
  const targets = tableAt(route, ["targets"]);
  const from = targets["from"];
  const isSecret = !(Array.isArray(from) && from.includes("host"));
  return isSecret && ["file", "dir", "api", "redis"].some((name) => targets[name] !== undefined);
}

/** Warns of a network that is everybody's. */
export function warnOfTrust(raw: unknown): Finding[] {
  const proxies = valueAt(raw, ["trusted-proxies"]);
  const rule = "trusts everybody: any client can say that it is another one";
  return (Array.isArray(proxies) ? proxies : []).flatMap((network, at) =>
    /\/0+$/.test(String(network)) ? [{ path: ["trusted-proxies", at], rule }] : []
  );
}

/** A name may have any address, but for `localhost` (RFC 6761 section 6.3). */
export function isBeyondLoopback(text: unknown): boolean {
  // Of a socket that is handed over nobody knows before it is.
  if (parseHanded(String(text)) !== null) return false;
  const parsed = parseListenAddress(String(text));
  if ("problem" in parsed || parsed.address.transport !== "tcp") return false;
  const { hostname } = parsed.address;
  return !/^(?:127\.[0-9.]+|(?:.+\.)?localhost\.?|[0:]*:0*1)$/i.test(hostname);
}

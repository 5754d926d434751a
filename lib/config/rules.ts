/**
 * The rules between keys: what excludes, needs or names another. They take a configuration as it was written, right in
 * form or not, and judge what they can read, so that every problem is reported at once.
 *
 * @module
 */
import { formatAddress, parseHanded, parseListenAddress } from "../base/address.ts";
import { checkAdmin } from "./admin_rules.ts";
import { checkCertificates } from "./auth_tables.ts";
import { type Finding, finding, type Path, refuse, valueAt } from "./problem.ts";
import { HOST } from "./host_keys.ts";
import { namesOf, partOf } from "./key.ts";
import { checkBesideTargets } from "./target_rules.ts";
import { asksClients, eachListener, hasSocketFile } from "./listen.ts";
import { checkLogFiles } from "./log_files.ts";
import { LISTENER, SOCKET_FILE } from "./listener.ts";
import { hasWholeAddress } from "./misplaced.ts";
import { checkProgram } from "./program_rules.ts";
import { eachHost, hasFilesAlone, isSocketPath, isTable, type Table, tableAt } from "./table.ts";

const EXAMPLE = "wstunnel --server 127.0.0.1:5900 --frame-type binary";

/** Options of a process that serves many tunnels, of one that serves one, and of both. */
const BIN_PATH_OPTIONS = namesOf(partOf(HOST, "program"));
const EXEC_OPTIONS = namesOf(partOf(HOST, "exec"));
const PROCESS_OPTIONS = namesOf(partOf(HOST, "process"));

/** Applies every rule between keys to a configuration of any form. */
export function checkRules(raw: unknown): Finding[] {
  return [
    ...checkListen(raw),
    ...checkAdmin(raw),
    ...checkLogFiles(raw),
    ...checkCertificates(raw),
    ...checkServer(raw),
    ...checkReservedKeys(raw, []),
  ];
}

function checkListen(raw: unknown): Finding[] {
  const seen = new Set<string>();
  return eachListener(raw).flatMap(({ listener, path, addressPath }) => {
    const text = listener["address"];
    const parsed = parseHanded(String(text)) ?? parseListenAddress(String(text));
    if ("problem" in parsed) return [];
    const { address } = parsed;
    const untrusted = takesProxyHeaders(listener) && !trusts(raw)
      ? [finding([...path, "proxy-protocol"], UNTRUSTED, listener["proxy-protocol"])]
      : [];
    const fileless = hasSocketFile(address) ? [] : refuse(
      listener,
      path,
      namesOf(SOCKET_FILE),
      address.transport === "fd"
        ? "has no effect: the file of such a socket is as its unit has it (SocketMode=, SocketUser=, SocketGroup=)"
        : "has no effect: it is for a unix-domain socket's file, as of unix:/path",
    );
    const local = address.transport !== "unix" ? [] : refuse(
      listener,
      path,
      ["tls"],
      "must not stand beside a unix-domain socket: nothing that is sent there leaves this machine",
    );
    const optional = checkTlsOptional(listener, path);
    const written = address.transport === "tcp"
      ? formatAddress(address).toLowerCase()
      : formatAddress(address);
    // Port 0 is another free port each time.
    const twice = seen.has(written) && !(address.transport === "tcp" && address.port === 0);
    seen.add(written);
    return [
      ...fileless,
      ...local,
      ...optional,
      ...untrusted,
      ...(twice ? [finding(addressPath, "must not be listed twice", text)] : []),
    ];
  });
}

function checkTlsOptional(listener: Table, path: Path): Finding[] {
  const { name } = LISTENER.tlsOptional;
  if (listener["tls"] === undefined) {
    return refuse(listener, path, [name], "has no effect without tls");
  }
  const rule = "must not stand beside client-ca: who has no certificate would come without TLS";
  return asksClients(listener) && listener[name] === true
    ? refuse(listener, path, [name], rule)
    : [];
}

const UNTRUSTED = "needs trusted-proxies: a PROXY header is taken from nobody else";

function takesProxyHeaders(listener: Table): boolean {
  return ["optional", "required"].includes(String(listener["proxy-protocol"]));
}

function trusts(raw: unknown): boolean {
  const proxies = valueAt(raw, ["trusted-proxies"]);
  return proxies !== undefined && !(Array.isArray(proxies) && proxies.length === 0);
}

function checkServer(raw: unknown): Finding[] {
  const path = ["wstunnel", "server"];
  const server = valueAt(raw, path);
  if (!isTable(server ?? valueAt(raw, ["wstunnel"]) ?? {})) return [];
  const routes = Object.entries(isTable(server) ? server : {});
  if (routes.length === 0 && valueAt(raw, ["web"]) === undefined) {
    return [{ path, rule: `must name at least one backend, as in: ${EXAMPLE}` }];
  }
  return [
    ...routes.flatMap(([key, route]) => [
      ...checkKey(key, path),
      ...checkRoute(route, [...path, key], tableAt(raw, ["wstunnel"])),
      ...(isTable(route) ? checkWeb(key, route, [...path, key]) : []),
    ]),
    ...eachHost(raw).flatMap(({ host, path }) => checkHost(host, path)),
  ];
}

function checkKey(key: string, path: Path): Finding[] {
  if (key === "") {
    return [{ path: [...path, key], rule: "a key must not be empty: / is every path" }];
  }
  // It would lose its place: objects list such keys before all others.
  return /^\d+$/.test(key)
    ? [{ path: [...path, key], rule: "a key must not be digits alone: put / or . in front" }]
    : [];
}

/** Beside a list of hosts, the keys of a host would be of none. */
function checkRoute(route: unknown, path: Path, common: Table): Finding[] {
  if (!isTable(route)) return [];
  if (route["targets"] !== undefined) return checkBesideTargets(route, path, common);
  if (route["hosts"] === undefined) return [];
  const rule = "must not stand beside hosts: it belongs to one of them";
  return refuse(route, path, namesOf(HOST), rule);
}

/** What follows the key is a file's path; without a host there are no tunnels. */
function checkWeb(key: string, route: Table, path: Path): Finding[] {
  const { web } = route;
  if (web === undefined) return [];
  const rule = 'is for a key that begins with "/": what follows it in a path is the file\'s';
  const suffix = key.startsWith("/") ? [] : [finding([...path, "web"], rule, web)];
  return hasFilesAlone(route)
    ? [...suffix, ...refuse(route, path, namesOf(HOST), "has no effect without a host")]
    : suffix;
}

function checkHost(host: Table, path: Path): Finding[] {
  if (host["exec"] !== undefined) {
    return [
      ...refuse(host, path, ["host", "port", "socket", "bin-path"], "must not stand beside exec"),
      ...refuse(host, path, BIN_PATH_OPTIONS, "has no effect with exec"),
      ...refuse(
        host,
        path,
        ["tls", "send-proxy"],
        "must not stand beside exec: it is for an address",
      ),
    ];
  }
  const addressFindings = [
    ...checkHostAddress(host, path),
    ...checkHostTls(host, path),
    ...refuse(host, path, EXEC_OPTIONS, "has no effect without exec"),
  ];
  if (host["bin-path"] !== undefined) return [...addressFindings, ...checkProgram(host, path)];
  return [
    ...addressFindings,
    ...refuse(host, path, BIN_PATH_OPTIONS, "has no effect without bin-path"),
    ...refuse(host, path, PROCESS_OPTIONS, "has no effect without bin-path or exec"),
  ];
}

function checkHostAddress(host: Table, path: Path): Finding[] {
  if (host["socket"] !== undefined) {
    return refuse(host, path, ["host", "port"], "must not stand beside socket");
  }
  if (isSocketPath(host["host"])) {
    return refuse(host, path, ["port"], "must not stand beside a host that is a socket path");
  }
  if (host["port"] !== undefined) return [];
  if (host["host"] !== undefined) {
    if (typeof host["host"] === "string" && hasWholeAddress(host["host"])) return [];
    return [finding([...path, "host"], "must have a port beside it", host["host"])];
  }
  const choices = host["bin-path"] === undefined
    ? "port, socket or exec"
    : "port or socket beside bin-path";
  return [{ path, rule: `must have ${choices}` }];
}

/** The runtime has no TLS over anything else, and begins it as it connects where we show a certificate. */
function checkHostTls(host: Table, path: Path): Finding[] {
  const isSocket = host["socket"] !== undefined || isSocketPath(host["host"]);
  if (isSocket && host["tls"] !== false) {
    return refuse(host, path, ["tls"], "is for a TCP address alone");
  }
  const shows = valueAt(host, ["tls", "cert"]) !== undefined;
  return shows ? refuse(host, path, ["send-proxy"], "must not stand beside tls.cert") : [];
}

/** `wstunnel.server."/key".hosts[0].bin-environment.NAME` */
const DEEPEST_KEY = 7;

/** Objects treat this key unlike any other: it would vanish without a word. */
function checkReservedKeys(value: unknown, path: Path): Finding[] {
  if (typeof value !== "object" || value === null || path.length >= DEEPEST_KEY) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    return key === "__proto__"
      ? [{ path: here, rule: "is no key that can be used" }]
      : checkReservedKeys(inner, here);
  });
}

/**
 * The rules between keys: what excludes, needs or names another. They take a configuration as it was written, right in
 * form or not, and judge what they can read, so that every problem is reported at once.
 *
 * @module
 */
import { formatAddress, MAX_UNIX_PATH_BYTES, parseListenAddress } from "../base/address.ts";
import { DEFAULTS } from "./defaults.ts";
import { type Finding, finding, type Path, valueAt } from "./problem.ts";

type Table = Readonly<Record<string, unknown>>;

const EXAMPLE = "wstunnel --server 127.0.0.1:5900 --frame-type binary";

/** Options of a process that serves many tunnels. */
const BIN_PATH_OPTIONS = [
  "min-procs",
  "max-load-per-proc",
  "idle-timeout",
  "listen-backlog",
  "socket-handover",
];
/** Options of every started process. */
const PROCESS_OPTIONS = ["max-procs", "kill-signal", "bin-environment", "bin-copy-environment"];

/** Applies every rule between keys to a configuration of any form. */
export function checkRules(raw: unknown): Finding[] {
  return [
    ...checkListen(valueAt(raw, ["listen"])),
    ...checkServer(raw),
    ...checkMapExtensions(raw),
    ...checkReservedKeys(raw, []),
  ];
}

function checkListen(listen: unknown): Finding[] {
  const seen = new Set<string>();
  return (Array.isArray(listen) ? listen : []).flatMap((text: unknown, at) => {
    const parsed = parseListenAddress(String(text));
    if ("problem" in parsed) return [];
    const { address } = parsed;
    const written = address.transport === "tcp"
      ? formatAddress(address).toLowerCase()
      : formatAddress(address);
    // Port 0 is another free port each time.
    const twice = seen.has(written) && !(address.transport === "tcp" && address.port === 0);
    seen.add(written);
    return twice ? [finding(["listen", at], "must not be listed twice", text)] : [];
  });
}

function checkServer(raw: unknown): Finding[] {
  const path = ["wstunnel", "server"];
  const server = valueAt(raw, path);
  if (!isTable(server ?? valueAt(raw, ["wstunnel"]) ?? {})) return [];
  const routes = Object.entries(isTable(server) ? server : {});
  if (routes.length === 0) {
    return [{ path, rule: `must name at least one backend, as in: ${EXAMPLE}` }];
  }
  return routes.flatMap(([key, hosts]) => {
    if (isTable(hosts)) return checkHost(hosts, [...path, key]);
    const list: unknown[] = Array.isArray(hosts) ? hosts : [];
    return list.flatMap((host, at) => isTable(host) ? checkHost(host, [...path, key, at]) : []);
  });
}

function checkHost(host: Table, path: Path): Finding[] {
  if (host["exec"] !== undefined) {
    return [
      ...refuse(host, path, ["host", "port", "socket", "bin-path"], "must not stand beside exec"),
      ...refuse(host, path, BIN_PATH_OPTIONS, "has no effect with exec"),
    ];
  }
  const addressFindings = checkHostAddress(host, path);
  if (host["bin-path"] !== undefined) return [...addressFindings, ...checkProcs(host, path)];
  return [
    ...addressFindings,
    ...refuse(host, path, BIN_PATH_OPTIONS, "has no effect without bin-path"),
    ...refuse(host, path, PROCESS_OPTIONS, "has no effect without bin-path or exec"),
  ];
}

function refuse(host: Table, path: Path, keys: readonly string[], rule: string): Finding[] {
  return keys.filter((key) => host[key] !== undefined)
    .map((key) => ({ path: [...path, key], rule }));
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
    return [{ path: [...path, "host"], rule: "must have a port beside it" }];
  }
  const choices = host["bin-path"] === undefined
    ? "port, socket or exec"
    : "port or socket beside bin-path";
  return [{ path, rule: `must have ${choices}` }];
}

function checkProcs(host: Table, path: Path): Finding[] {
  const min = numberOr(host["min-procs"], DEFAULTS.host["min-procs"]);
  const max = numberOr(host["max-procs"], DEFAULTS.host["max-procs"]);
  const findings: Finding[] = [];
  if (min > max) {
    const key = host["min-procs"] === undefined ? "max-procs" : "min-procs";
    const rule = `min-procs must be at most max-procs, they are ${min} and ${max}`;
    findings.push({ path: [...path, key], rule });
  }
  const port = host["port"];
  if (typeof port === "number" && port <= 65535 && port + max - 1 > 65535) {
    const rule = `port + max-procs - 1 must be at most 65535, it is ${port + max - 1}`;
    findings.push({ path: [...path, "port"], rule });
  }
  const [key, socket] = isSocketPath(host["host"])
    ? ["host", host["host"]]
    : ["socket", host["socket"]];
  const suffix = `-${max - 1}`;
  if (typeof socket === "string") {
    const bytes = new TextEncoder().encode(socket).length;
    if (bytes <= MAX_UNIX_PATH_BYTES && bytes + suffix.length > MAX_UNIX_PATH_BYTES) {
      const limit = MAX_UNIX_PATH_BYTES - suffix.length;
      const rule = `must be at most ${limit} bytes, to leave room for ${suffix}; this is ${bytes}`;
      findings.push({ path: [...path, key], rule });
    }
  }
  return findings;
}

function checkMapExtensions(raw: unknown): Finding[] {
  const path = ["wstunnel", "map-extensions"];
  const extensions = valueAt(raw, path);
  const server = valueAt(raw, ["wstunnel", "server"]);
  const keys = isTable(server) ? Object.keys(server) : [];
  return Object.entries(isTable(extensions) ? extensions : {})
    .filter(([, key]) => typeof key === "string" && !keys.includes(key))
    .map(([suffix, key]) => finding([...path, suffix], "must be a key of wstunnel.server", key));
}

/** `wstunnel.server."/key"[0].bin-environment.NAME` */
const DEEPEST_KEY = 6;

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

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function isSocketPath(host: unknown): host is string {
  return typeof host === "string" && host.startsWith("/");
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}

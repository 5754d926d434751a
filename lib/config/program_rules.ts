/**
 * The rules for a host whose program we start: processes, the addresses they get, and how they learn of them.
 *
 * @module
 */
import { MAX_UNIX_PATH_BYTES } from "../base/address.ts";
import { nearest } from "../base/nearest.ts";
import { wordsOf } from "./command_line.ts";
import { HOST } from "./host_keys.ts";
import { type Finding, finding, type Path } from "./problem.ts";
import { isSocketPath, type Table } from "./table.ts";

/** What stands in a program's arguments for its address and its number, by the kind of address. */
const PLACEHOLDERS: Readonly<Record<"socket" | "port", readonly string[]>> = {
  socket: ["socket", "id"],
  port: ["host", "port", "id"],
};

const EVERY_PLACEHOLDER = [...new Set(Object.values(PLACEHOLDERS).flat())];

/** What can't be. */
export function checkProgram(host: Table, path: Path): Finding[] {
  return [
    ...checkProcs(host, path),
    ...checkSocketRoom(host, path),
    ...checkPlaceholders(host, path),
    ...checkHandover(host, path),
  ];
}

function checkProcs(host: Table, path: Path): Finding[] {
  const min = numberOr(host["min-procs"], HOST.minProcs.default);
  const max = numberOr(host["max-procs"], HOST.maxProcs.implied.program);
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
  return findings;
}

/** Proc N listens on the path with `-N` behind it, a single one on the path as it is. */
function checkSocketRoom(host: Table, path: Path): Finding[] {
  const [key, socket] = isSocketPath(host["host"])
    ? ["host", host["host"]]
    : ["socket", host["socket"]];
  const max = numberOr(host["max-procs"], HOST.maxProcs.implied.program);
  if (typeof socket !== "string" || max === 1) return [];
  const suffix = `-${max - 1}`;
  const bytes = new TextEncoder().encode(socket).length;
  const limit = MAX_UNIX_PATH_BYTES - suffix.length;
  if (bytes <= limit || bytes > MAX_UNIX_PATH_BYTES) return [];
  const rule = `must be at most ${limit} bytes, to leave room for ${suffix}; this is ${bytes}`;
  return [{ path: [...path, String(key)], rule }];
}

/** A placeholder of the other kind of address would reach the program as it is written. */
function checkPlaceholders(host: Table, path: Path): Finding[] {
  const kind = addressKind(host);
  const ours = PLACEHOLDERS[kind];
  const known = ours.map((name) => `{${name}}`).join(", ");
  const address = kind === "socket" ? "a socket" : "host and port";
  return placeholdersOf(host["bin-path"])
    .filter((name) => EVERY_PLACEHOLDER.includes(name) && !ours.includes(name))
    .map((name) => {
      const rule = `has {${name}}, but the address is ${address}: there are ${known}`;
      return { path: [...path, "bin-path"], rule };
    });
}

/** What is only like a placeholder may be meant: braces mean much to some programs. */
export function warnOfProgram(host: Table, path: Path): Finding[] {
  return placeholdersOf(host["bin-path"]).flatMap((name) => {
    const near = EVERY_PLACEHOLDER.includes(name) ? null : nearest(name, EVERY_PLACEHOLDER);
    if (near === null) return [];
    const rule = `{${name}} is passed on as it is, did you mean {${near}}?`;
    return [{ path: [...path, "bin-path"], rule }];
  });
}

/** The socket is bound by us, to an address: a name is for whoever connects. */
function checkHandover(host: Table, path: Path): Finding[] {
  const hostname = host["host"] ?? HOST.host.implied.tcp;
  const handsOver = ["stdin", "listen-fds"].includes(String(host["socket-handover"]));
  if (!handsOver || addressKind(host) === "socket" || typeof hostname !== "string") return [];
  if (hostname === "localhost" || /^[0-9.]+$|:/.test(hostname)) return [];
  return [finding([...path, "host"], "must be an IP address with socket-handover", hostname)];
}

function addressKind(host: Table): "socket" | "port" {
  return host["socket"] !== undefined || isSocketPath(host["host"]) ? "socket" : "port";
}

/** The names in braces, each once. */
function placeholdersOf(command: unknown): string[] {
  const found = wordsOf(command).flatMap((word) => [...word.matchAll(/\{(\w+)\}/g)]);
  return [...new Set(found.map(([, name]) => name!))];
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}

/**
 * `--resolve`: addresses of names, which nobody is asked for.
 *
 * @module
 */
import { checkHostname } from "../../base/address.ts";
import { canonicalIpAddress } from "../../base/ip_address.ts";
import { type Lookup, lookUp } from "../../backend/dial.ts";
import { type Problem, wrong } from "./given.ts";

/** What a name stands for where it is connected at this port. */
export interface ResolvedName {
  /** In lower case. */
  readonly name: string;
  readonly port: number;
  /** In the order in which they are tried; IPv6 without brackets. */
  readonly addresses: readonly string[];
}

const RULE = "must be NAME:PORT:ADDRESS, or several addresses with commas between them, " +
  "IPv6 in brackets";

export function readResolved(texts: readonly string[]): readonly ResolvedName[] | Problem {
  const resolved: ResolvedName[] = [];
  for (const text of texts) {
    const parsed = parseResolved(text);
    if (typeof parsed === "string") return wrong("--resolve", parsed, text);
    resolved.push(parsed);
  }
  return resolved;
}

/** What is wrong, as text. */
function parseResolved(text: string): ResolvedName | string {
  const [, name = "", port = "", list = ""] = /^([^:]+):(\d{1,5}):(.+)$/.exec(text) ?? [];
  if (list === "") return RULE;
  if (canonicalIpAddress(name) !== null) return "an address is connected as it is";
  const problem = checkHostname(name);
  if (problem !== null) return problem;
  if (Number(port) < 1 || Number(port) > 65535) return "the port must be 1 to 65535";
  const addresses = list.split(",").map(addressIn);
  return addresses.includes(null)
    ? RULE
    : { name: name.toLowerCase(), port: Number(port), addresses: addresses as string[] };
}

/** Curl takes IPv6 with and without brackets. */
function addressIn(text: string): string | null {
  const bracketed = /^\[([^\]]*:[^\]]*)\]$/.exec(text)?.[1];
  return canonicalIpAddress(bracketed ?? text);
}

/** Looks names up as they are said, the last that says it, else as the system does. */
export function lookupBy(resolved: readonly ResolvedName[], port: number): Lookup {
  return (hostname) => {
    const name = hostname.toLowerCase();
    const said = resolved.findLast((one) => one.name === name && one.port === port);
    return said === undefined ? lookUp(hostname) : Promise.resolve(said.addresses);
  };
}

/**
 * An address that the client names, as of Neon's proxy for its driver, `/v1?address=host:port`: let through by an allow-list alone. A name is
 * looked up once, each of its addresses is judged, and what is connected is one of these, so that a name whose addresses change in between, or are
 * private ones, leads nowhere else.
 *
 * @module
 */
import {
  type AddressPattern,
  mayName,
  mayReach,
  parseNamedAddress,
} from "../../base/address_pattern.ts";
import { within } from "../../base/within.ts";
import type { Target } from "../../backend/backend.ts";
import { type Lookup, lookUp as askSystem } from "../../backend/dial.ts";
import { findToken } from "../../http/credentials.ts";
import type { RequestHead } from "../../http/request.ts";

/** Where it leads, or why it may not, or why nobody can say whether it may. The client's own words among these are an address and no longer than one. */
export type ChosenAddress = Target | { readonly refused: string } | { readonly failed: string };

export type ChooseAddress = (head: RequestHead, signal: AbortSignal) => Promise<ChosenAddress>;

/** Names looked up at once: while the name server is dead, each holds one of the runtime's few threads. */
const MOST_LOOKUPS = 16;

/** Makes what reads the address in a parameter of the query, and judges it. */
export function createNamed(
  patterns: readonly AddressPattern[],
  parameter: string,
  { connectTimeoutMs }: { readonly connectTimeoutMs: number },
  lookUp: Lookup = askSystem,
): ChooseAddress {
  const find = boundLookups(lookUp, connectTimeoutMs);
  return async (head) => {
    const written = findToken(head, [{ kind: "query", name: parameter }]);
    if (written === null) return { refused: "there is no address" };
    if ("problem" in written) return { refused: "there is no address that can be read" };
    const named = parseNamedAddress(written.token);
    if (named === null) return { refused: "the address is no host:port" };
    const { hostname, isName, port } = named;
    const address = { transport: "tcp", hostname, port } as const;
    if (!mayName(patterns, named)) return { refused: `${hostname}:${port} is not in the list` };
    if (!isName) return { address };
    const found = await find(hostname);
    if ("failed" in found) return found;
    const allowed = found.addresses.filter((ip) => mayReach(patterns, ip, port));
    return allowed.length > 0
      ? { address, found: allowed }
      : { refused: `${hostname} is ${found.addresses[0]}, whose network the list doesn't name` };
  };
}

type FoundAddresses = { readonly addresses: readonly string[] } | { readonly failed: string };

/** Makes what looks names up, a few at once and each within its time. */
function boundLookups(
  lookUp: Lookup,
  timeoutMs: number,
): (hostname: string) => Promise<FoundAddresses> {
  let looking = 0;
  return async (hostname) => {
    if (looking >= MOST_LOOKUPS) return { failed: `${looking} names are being looked up already` };
    looking++;
    const found = lookUp(hostname).finally(() => looking--);
    try {
      if (!await within(found, timeoutMs)) {
        found.catch(() => {});
        return { failed: `${hostname} was not found within ${timeoutMs / 1000} s` };
      }
      const addresses = await found;
      return addresses.length > 0 ? { addresses } : { failed: `${hostname} has no address` };
    } catch {
      return { failed: `${hostname} has no address, or the name server doesn't answer` };
    }
  };
}

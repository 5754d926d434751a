/**
 * Whose request it may be. A web page must get nothing of the admin listener, whatever it names itself: the listener is on the machine of who looks
 * at the page.
 *
 * @module
 */
import { encodeIpAddress } from "../../base/ip_address.ts";
import { peerWords } from "../../events/words.ts";

/** What a request says of where it comes from; null: nothing. */
export interface Provenance {
  readonly host: string | null;
  readonly origin: string | null;
  /** `Sec-Fetch-Site`, which every browser sends to an address of loopback (Fetch Metadata). */
  readonly site: string | null;
}

/** A request that is not for us, or not of our own page. */
export interface Distrust {
  readonly status: 403 | 421;
  readonly error: string;
}

/**
 * Judges by the `Host` first: a page whose name leads to our address (DNS rebinding) has that name there. An address has none that could be led
 * elsewhere, and `localhost` is loopback's (RFC 6761 section 6.3). The port is not looked at: it may have been forwarded, and is the same for a page that
 * came by a name. `name` is what the configuration has for the address; null: the listener is a socket's file, which ssh may have forwarded to a port.
 */
export function distrust(
  { host, origin, site }: Provenance,
  name: string | null,
): Distrust | null {
  const asked = host === null ? null : hostnameOf(host);
  if (asked === null || !isOurs(asked, name)) {
    const isNamed = name !== null && encodeIpAddress(name) === null && name !== "localhost";
    const names = isNamed ? `${name}, localhost` : "localhost";
    const said = host === null ? "not there" : JSON.stringify(peerWords(host));
    return {
      status: 421,
      error: `the Host must be ${names} or an IP address, and it is ${said}: by another name a ` +
        "web page could ask",
    };
  }
  return distrustOrigin({ host, origin, site });
}

/** Judges by the page that asks alone: where all must show the token, no other has it. */
export function distrustOrigin({ host, origin, site }: Provenance): Distrust | null {
  const isOwn = origin === null || origin.toLowerCase() === `http://${host?.toLowerCase()}`;
  const isNear = site === null || site === "same-origin" || site === "none";
  return isOwn && isNear
    ? null
    : { status: 403, error: "a page of another origin may not ask anything here" };
}

/** Lower case, without brackets; null for what is no host. */
function hostnameOf(host: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

function isOurs(asked: string, name: string | null): boolean {
  return asked === "localhost" || asked === name?.toLowerCase() || encodeIpAddress(asked) !== null;
}

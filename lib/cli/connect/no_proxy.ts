/**
 * `no_proxy`: what is connected past any proxy. By curl's rules, and with ports, as others have them.
 *
 * @module
 */
import { encodeIpAddress, unmapped } from "../../base/ip_address.ts";
import { maskOf, withoutZone } from "../../base/network.ts";

/** Where a connection would lead; the hostname is a name or an IP address without brackets. */
export interface Destination {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Whether one of the entries, with commas or spaces between them, is for the host: `*` for all, a name for itself and the names below it (a dot or
 * `*.` in front changes nothing), an address, a network such as `10.0.0.0/8`; each with `:port` for that port alone.
 */
export function isExempt({ hostname, port }: Destination, noProxy: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  return noProxy.toLowerCase().split(/[\s,]+/).some((entry) => {
    const { pattern, at } = withPort(entry);
    return (at === null || at === port) && covers(pattern, host);
  });
}

/** An IPv6 address stands in brackets where a port is behind it, and may elsewhere. */
function withPort(entry: string): { readonly pattern: string; readonly at: number | null } {
  const [, bracketed, plain = "", port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ??
    [, , entry];
  return { pattern: bracketed ?? plain, at: port === undefined ? null : Number(port) };
}

function covers(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  const address = encodeIpAddress(withoutZone(host));
  if (address !== null) return isInNetwork(unmapped(address), pattern);
  const name = pattern.replace(/^\*?\./, "").replace(/\.$/, "");
  return name !== "" && (host === name || host.endsWith(`.${name}`));
}

/** Bits behind the network's may be set, as in `10.0.0.1/8`. */
function isInNetwork(address: Uint8Array, pattern: string): boolean {
  const [text = "", length, ...more] = pattern.split("/");
  const written = encodeIpAddress(text);
  if (written === null || more.length > 0 || !/^\d{1,3}$/.test(length ?? "0")) return false;
  const first = unmapped(written);
  const most = first.length * 8;
  const bits = length === undefined ? most : Number(length) - (written.length * 8 - most);
  return first.length === address.length && bits >= 0 && bits <= most &&
    first.every((byte, at) => ((byte ^ address[at]!) & maskOf(bits, at)) === 0);
}

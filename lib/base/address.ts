/**
 * Addresses of listeners and backends, and how they are written: `host:port`, `[v6]:port`, `:port`, `unix:/path`.
 *
 * @module
 */

/** A TCP address; `hostname` is a name, an IPv4 address or an IPv6 address without brackets. */
export interface TcpAddress {
  readonly transport: "tcp";
  readonly hostname: string;
  readonly port: number;
}

/** A unix-domain socket; an abstract name starts with a NUL character. */
export interface UnixAddress {
  readonly transport: "unix";
  readonly path: string;
}

export type Address = TcpAddress | UnixAddress;

/** Sockets that whoever started us has opened, by their name or the number of a descriptor (sd_listen_fds(3)). */
export interface HandedAddress {
  readonly transport: "fd";
  readonly name: string;
}

/** Longest path of a unix-domain socket in bytes: `sun_path` is 108 with its closing NUL (unix(7)). */
export const MAX_UNIX_PATH_BYTES = 107;

/** What {@linkcode parseAddress} accepts. */
export interface ParseAddressOptions {
  /** The host that `:port` stands for; without it a host must be given. */
  readonly defaultHostname?: string;
  /** Whether port 0, any free port, is allowed. @default {false} */
  readonly allowPortZero?: boolean;
}

/** An address, or in `problem` what is wrong with the text and what would be allowed. */
export type ParsedAddress = { readonly address: Address } | { readonly problem: string };

const FORMS = "host:port, [v6]:port or unix:/path";
const FORMS_WITHOUT_HOST = "host:port, [v6]:port, :port or unix:/path";

/** Reads an address as a user writes it. */
export function parseAddress(text: string, options: ParseAddressOptions = {}): ParsedAddress {
  if (text.startsWith("unix:")) return parseUnixPath(text.slice("unix:".length));
  if (text.startsWith("/")) return { problem: `a socket path is written unix:${text}` };
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(text);
  const plain = /^([^:]*):([^:]*)$/.exec(text);
  const match = bracketed ?? plain;
  if (match === null) {
    const hint = hintAt(text);
    const forms = options.defaultHostname === undefined ? FORMS : FORMS_WITHOUT_HOST;
    return { problem: `must be ${forms}${hint}` };
  }
  const hostname = match[1] !== "" ? match[1]! : options.defaultHostname;
  if (hostname === undefined) return { problem: `must be ${FORMS}: the host is missing` };
  if (hostname === "*" && options.defaultHostname !== undefined) {
    return { problem: `all interfaces are written :${match[2]}` };
  }
  const hostnameProblem = bracketed ? ipv6Problem(hostname) : checkHostname(hostname);
  if (hostnameProblem !== null) return { problem: hostnameProblem };
  const port = parsePort(match[2]!, options.allowPortZero ?? false);
  if (port === null) {
    return { problem: `the port must be ${options.allowPortZero ? 0 : 1} to 65535` };
  }
  return { address: { transport: "tcp", hostname, port } };
}

/** What somebody who wrote this probably wants to know. */
function hintAt(text: string): string {
  if (text.includes("://")) return "; it is no URL, so without a scheme";
  if (/^\d{1,5}$/.test(text)) return `; port ${text} of this machine is 127.0.0.1:${text}`;
  return (text.match(/:/g)?.length ?? 0) > 1 ? "; an IPv6 address stands in brackets" : "";
}

/**
 * Reads an address to listen at: port 0 is any free one, and `:port` is every interface, IPv6 and IPv4, which is `::`.
 * Where the machine has no IPv6, a listener takes `0.0.0.0` for `::`.
 */
export function parseListenAddress(text: string): ParsedAddress {
  return parseAddress(text, { defaultHostname: "::", allowPortZero: true });
}

/** The first descriptor that is handed over (sd_listen_fds(3)). */
export const FIRST_HANDED = 3;

/** Standard input, as inetd hands a socket over. */
export const STANDARD_INPUT = 0;

/** Reads `fd:3`, `fd:NAME` or `fd:0`; null: it is an address of another kind. */
export function parseHanded(
  text: string,
): { readonly address: HandedAddress } | { readonly problem: string } | null {
  if (!text.startsWith("fd:")) return null;
  const name = text.slice("fd:".length);
  // systemd's rule for a name, sd_listen_fds(3).
  if (!/^[^\p{Cc}:]{1,255}$/u.test(name)) {
    return { problem: "must be fd:NUMBER or fd:NAME, by the FileDescriptorName= of a socket unit" };
  }
  const descriptor = /^\d+$/.test(name) ? Number(name) : null;
  if (descriptor !== null && descriptor < FIRST_HANDED && name !== String(STANDARD_INPUT)) {
    return {
      problem: `the first descriptor that is handed over is ${FIRST_HANDED}, or 0 by inetd`,
    };
  }
  return { address: { transport: "fd", name } };
}

function parsePort(text: string, allowZero: boolean): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65535 && (port > 0 || allowZero) ? port : null;
}

/** What {@linkcode checkHostname} says where nothing better can be told. */
export const NO_HOST = "the host must be a name or an IP address";

/** Says what is wrong with a host name or IP address (brackets already taken off), or null. */
export function checkHostname(hostname: string): string | null {
  if (hostname.includes(":")) return ipv6Problem(hostname);
  if (hostname.length > 253) return "the host name must be at most 253 characters";
  if (/^[0-9.]+$/.test(hostname)) {
    return isIpv4(hostname) ? null : "an IPv4 address is four numbers from 0 to 255";
  }
  // An underscore is no host name by RFC 1123, yet container networks hand such names out.
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(hostname) ? null : NO_HOST;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Colons, digits and, behind a `%`, the zone of a link-local address; what else is wrong a URL tells. */
function ipv6Problem(hostname: string): string | null {
  const match = /^([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(?:%[A-Za-z0-9_.-]+)?$/.exec(hostname);
  if (match === null) return "only an IPv6 address stands in brackets";
  return URL.canParse(`http://[${match[1]}]/`) ? null : "this is no IPv6 address";
}

/** Reads the path of a unix-domain socket; `@name` is the abstract socket `name`. */
export function parseUnixPath(text: string): ParsedAddress {
  const path = text.startsWith("@") ? "\0" + text.slice(1) : text;
  if (!path.startsWith("/") && !path.startsWith("\0")) {
    return { problem: "a socket path must be absolute" };
  }
  if (path.length < 2 || path.indexOf("\0", 1) >= 0) {
    return { problem: "a socket path must name a file" };
  }
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > MAX_UNIX_PATH_BYTES) {
    return {
      problem: `a socket path must be at most ${MAX_UNIX_PATH_BYTES} bytes, this is ${bytes}`,
    };
  }
  return { address: { transport: "unix", path } };
}

/** Writes an address the way {@linkcode parseAddress} and {@linkcode parseHanded} read it. */
export function formatAddress(address: Address | HandedAddress): string {
  if (address.transport === "fd") return `fd:${address.name}`;
  if (address.transport === "unix") {
    return "unix:" + (address.path.startsWith("\0") ? "@" + address.path.slice(1) : address.path);
  }
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

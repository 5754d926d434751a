/**
 * A target as those write it who say where tokens lead: `host:port`, a unix-domain socket, or JSON.
 *
 * @module
 */
import { type Address, parseAddress, type TcpAddress } from "../base/address.ts";
import { isTable } from "./table.ts";

/**
 * Reads `host:port`, `[v6]:port` or `unix:/path`. As websockify reads them: an IPv6 address may stand without its brackets, the port being
 * what follows the last colon, and a socket may be `unix_socket:/path`. Null where it is none of these.
 */
export function parseTarget(text: string): Address | null {
  const written = text.trim().replace(/^unix_socket:/, "unix:");
  const [, ipv6, port] = /^([\da-fA-F:.]*:[\da-fA-F:.]*):(\d+)$/.exec(written) ?? [];
  const parsed = parseAddress(ipv6 === undefined ? written : `[${ipv6}]:${port}`);
  return "address" in parsed ? parsed.address : null;
}

/**
 * Reads what an API or Redis gives: `host:port`, or JSON such as `{"host": "127.0.0.1", "port": 5900}` or `{"host": "127.0.0.1:5900"}`. No
 * socket of this machine: whoever writes there need not be who keeps it.
 */
export function parseTargetAnswer(text: string): TcpAddress | null {
  if (!text.trimStart().startsWith("{")) return parseTcp(text);
  try {
    return targetOf(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The target in fields, as in the claims of a token: `host` and `port`, `host` with its port, or `target`. */
export function targetOf(fields: unknown): TcpAddress | null {
  if (!isTable(fields)) return null;
  const { host, port, target } = fields;
  const whole = host ?? target;
  if (typeof whole !== "string") return null;
  if (host === undefined || port === undefined || port === null) return parseTcp(whole);
  return parseTcp(`${whole.replace(/^\[(.*)\]$/, "$1")}:${port}`);
}

function parseTcp(text: string): TcpAddress | null {
  const address = parseTarget(text);
  return address?.transport === "tcp" ? address : null;
}

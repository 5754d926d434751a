/**
 * What a client of SOCKS version 5 says, and how it is answered: RFC 1928 sections 3 to 6, CONNECT without authentication. Version 4
 * and everything else is no client of ours.
 *
 * @module
 */
import { checkHostname } from "../../../base/address.ts";
import { formatIpAddress } from "../../../base/ip_address.ts";

/** Replies, section 6. */
export const Reply = {
  SUCCEEDED: 0x00,
  FAILED: 0x01,
  NOT_ALLOWED: 0x02,
  HOST_UNREACHABLE: 0x04,
  REFUSED: 0x05,
  COMMAND_NOT_SUPPORTED: 0x07,
  ADDRESS_TYPE_NOT_SUPPORTED: 0x08,
} as const;

/** A greeting of 257 bytes and a request of 262 are the longest. */
export const MOST_BYTES = 257 + 262;

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_METHOD = 0xff;
const CONNECT = 1;

/** Types of addresses, section 4. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** A client that gets nothing: how it is answered, if at all, and why, in words that go behind "a program here". */
export interface SocksProblem {
  readonly problem: string;
  readonly answer: Uint8Array<ArrayBuffer> | null;
}

export type Greeting = "incomplete" | SocksProblem | { readonly end: number };

export type Request = "incomplete" | SocksProblem | {
  readonly end: number;
  /** `host:port` or `[v6]:port`. */
  readonly address: string;
};

/** The choice of a method, section 3: none but to go on without authentication. */
export const CHOSEN = new Uint8Array([VERSION, NO_AUTHENTICATION]);

/** Reads what begins at `start` and has come up to `end`. */
export function readGreeting(bytes: Uint8Array, start: number, end: number): Greeting {
  if (end - start < 1) return "incomplete";
  if (bytes[start] !== VERSION) return { problem: wordsForOther(bytes[start]!), answer: null };
  if (end - start < 2) return "incomplete";
  const after = start + 2 + bytes[start + 1]!;
  if (end < after) return "incomplete";
  if (bytes.subarray(start + 2, after).includes(NO_AUTHENTICATION)) return { end: after };
  return {
    problem: "wants to show who it is, which nobody asks for",
    answer: new Uint8Array([VERSION, NO_METHOD]),
  };
}

function wordsForOther(first: number): string {
  if (first === 4) return "speaks SOCKS4, not SOCKS5";
  return /[A-Z]/.test(String.fromCharCode(first)) ? "speaks HTTP, not SOCKS5" : "speaks no SOCKS5";
}

/** Reads what begins at `start`, behind the greeting, and has come up to `end`. */
export function readRequest(bytes: Uint8Array, start: number, end: number): Request {
  if (end > start && bytes[start] !== VERSION) {
    return refusal(Reply.FAILED, "speaks no SOCKS5 behind its greeting");
  }
  if (end - start < 5) return "incomplete";
  const type = bytes[start + 3]!;
  const from = start + (type === NAME ? 5 : 4);
  const length = type === IPV4 ? 4 : type === IPV6 ? 16 : type === NAME ? bytes[start + 4]! : -1;
  if (length < 0) {
    return refusal(Reply.ADDRESS_TYPE_NOT_SUPPORTED, `asks for an address of type ${type}`);
  }
  const to = from + length;
  if (end < to + 2) return "incomplete";
  if (bytes[start + 1] !== CONNECT) {
    return refusal(Reply.COMMAND_NOT_SUPPORTED, `asks for command ${bytes[start + 1]}`);
  }
  const port = bytes[to]! << 8 | bytes[to + 1]!;
  const part = bytes.subarray(from, to);
  const host = type === NAME ? readName(part) : formatIpAddress(part);
  if (host === null || port === 0) {
    return refusal(Reply.FAILED, `asks for ${host === null ? "what is no host" : "port 0"}`);
  }
  return { end: to + 2, address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}` };
}

/** Null: it is none. A dot at the end says only that nothing is to be added to it. */
function readName(bytes: Uint8Array): string | null {
  const name = String.fromCharCode(...bytes).replace(/\.$/, "");
  return checkHostname(name) === null && !name.includes("%") ? name : null;
}

function refusal(reply: number, problem: string): SocksProblem {
  return { problem, answer: formatReply(reply) };
}

/** A reply, section 6. Which address the server connects from is not told to us: it is 0.0.0.0, port 0. */
export function formatReply(reply: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0]);
}

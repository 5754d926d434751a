/**
 * The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): what a proxy says in front of everything else of whom a
 * connection is. Taken strictly; what a header of version 2 has behind its addresses is passed over.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import { encodeIpAddress, formatIpAddress } from "../base/ip_address.ts";

/** Section 2.1: the longest line of version 1, with its CRLF. */
export const MAX_V1_BYTES = 107;

/** A whole header of version 2. It could say 65,551; addresses take 232, and the rest is a certificate's names. */
export const MAX_V2_BYTES = 4096;

/** What has come of a header so far. */
export type ProxyHeader =
  | "incomplete"
  /** It is none. */
  | "absent"
  /** It is a wrong one. */
  | { readonly problem: string }
  | {
    /** Who connected to the proxy; null: the proxy speaks for itself, as to see whether we are well, or doesn't know. */
    readonly source: Address | null;
    /** What was connected to there. */
    readonly destination: Address | null;
    /** Where the bytes behind it begin. */
    readonly end: number;
  };

/** Section 2.1. */
const V1 = bytesOf("PROXY ");
/** Section 2.2. */
const V2 = bytesOf("\r\n\r\n\0\r\nQUIT\n");

/** The signature, version and command, family and transport, length. */
const V2_FIXED_BYTES = 16;

const CR = 0x0d;
const LF = 0x0a;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Reads the header that begins at `start`, of which all has come up to `end`; called again from the same start as more comes. */
export function parseProxyHeader(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  if (begins(bytes, start, end, V1)) {
    return end - start < V1.length ? "incomplete" : parseV1(bytes, start, end);
  }
  if (!begins(bytes, start, end, V2)) return "absent";
  return end - start < V2_FIXED_BYTES ? "incomplete" : parseV2(bytes, start, end);
}

/** Whether what has come is a signature, or the beginning of it. */
function begins(bytes: Uint8Array, start: number, end: number, signature: Uint8Array): boolean {
  const length = Math.min(end - start, signature.length);
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== signature[at]) return false;
  }
  return true;
}

function parseV1(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  const limit = Math.min(end, start + MAX_V1_BYTES);
  for (let at = start + V1.length; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === CR) {
      if (at + 1 === start + MAX_V1_BYTES) break;
      if (at + 1 === end) return "incomplete";
      if (bytes[at + 1] !== LF) return wrong("a bare carriage return");
      return parseLine(textOf(bytes, start + V1.length, at), at + 2);
    }
    if (byte < 0x20 || byte > 0x7e) return wrong("a byte that is no visible character");
  }
  return end - start < MAX_V1_BYTES ? "incomplete" : wrong(`a line over ${MAX_V1_BYTES} bytes`);
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** `TCP4 192.0.2.1 203.0.113.9 51000 443`: single spaces. What stands behind UNKNOWN is to be ignored. */
function parseLine(line: string, end: number): ProxyHeader {
  const [family, from = "", to = "", fromPort = "", toPort = "", ...more] = line.split(" ");
  if (family === "UNKNOWN") return { source: null, destination: null, end };
  if (family !== "TCP4" && family !== "TCP6") return wrong("no family TCP4, TCP6 or UNKNOWN");
  const length = family === "TCP4" ? 4 : 16;
  const source = toAddress(length, from, fromPort);
  const destination = toAddress(length, to, toPort);
  if (source === null || destination === null || more.length > 0) {
    return wrong(`not two addresses and two ports of ${family}`);
  }
  return { source, destination, end };
}

function toAddress(length: number, host: string, port: string): Address | null {
  const ip = encodeIpAddress(host);
  if (ip === null || ip.length !== length || !/^(?:0|[1-9]\d{0,4})$/.test(port)) return null;
  return Number(port) > 0xffff ? null : tcp(ip, Number(port));
}

function tcp(ip: Uint8Array, port: number): Address {
  return { transport: "tcp", hostname: formatIpAddress(ip), port };
}

const LOCAL = 0x20;
const PROXY = 0x21;

/** How long the addresses of a family are, by the byte of family and transport; of a stream, as what we listen at is. */
const ADDRESS_BYTES = new Map([[0x00, 0], [0x11, 12], [0x21, 36], [0x31, 216]]);

function parseV2(bytes: Uint8Array, start: number, end: number): ProxyHeader {
  const command = bytes[start + 12]!;
  const family = bytes[start + 13]!;
  const length = bytes[start + 14]! << 8 | bytes[start + 15]!;
  if (command !== LOCAL && command !== PROXY) return wrong("no version 2, or an unknown command");
  if (V2_FIXED_BYTES + length > MAX_V2_BYTES) {
    return wrong(`${V2_FIXED_BYTES + length} bytes, of at most ${MAX_V2_BYTES}`);
  }
  const addressBytes = ADDRESS_BYTES.get(family);
  // Whatever a proxy says of itself is to be ignored.
  if (command === PROXY) {
    if (addressBytes === undefined) return wrong("a family that no stream has");
    if (length < addressBytes) return wrong("addresses cut short");
  }
  const at = start + V2_FIXED_BYTES;
  const after = at + length;
  if (end < after) return "incomplete";
  if (command === LOCAL || family === 0) return { source: null, destination: null, end: after };
  return { ...addressesAt(bytes, at, addressBytes!), end: after };
}

/** Source and destination, then, of IP, the port of each. */
function addressesAt(bytes: Uint8Array, at: number, length: number) {
  if (length === 216) {
    return { source: unixAt(bytes, at), destination: unixAt(bytes, at + 108) };
  }
  const ipBytes = length === 12 ? 4 : 16;
  const ip = (place: number) => bytes.subarray(at + place * ipBytes, at + (place + 1) * ipBytes);
  const port = (place: number) => {
    const here = at + 2 * ipBytes + 2 * place;
    return bytes[here]! << 8 | bytes[here + 1]!;
  };
  return { source: tcp(ip(0), port(0)), destination: tcp(ip(1), port(1)) };
}

/** A `sun_path`: up to its NUL, or an abstract name, which begins with one (unix(7)). */
function unixAt(bytes: Uint8Array, at: number): Address {
  const text = textOf(bytes, at, at + 108);
  const name = text.replace(/\0+$/, "");
  return { transport: "unix", path: name.startsWith("\0") ? name : name.replace(/\0[^]*$/, "") };
}

function wrong(what: string): ProxyHeader {
  return { problem: `a PROXY header with ${what}` };
}

/**
 * The lines of a head, a request's or an answer's, RFC 9112 sections 2.2 and 5, taken strictly.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { badRequest, type HeadProblem } from "./request_line.ts";
import { isToken, isTokenAt } from "./token.ts";

export const MAX_HEADERS = 100;

export const CR = 0x0d;
export const LF = 0x0a;
const TAB = 0x09;
const DELETE = 0x7f;

/** Fields that mean something else to each reader when they come twice. */
const SINGLE = ["host", "content-length", "transfer-encoding"];

/** Names that most requests have: one of these needs no text of its own, and a table no hash of that. By their lengths. */
const COMMON: readonly (readonly string[])[] = byLength([
  ...["host", "upgrade", "connection", "origin", "cookie", "user-agent", "authorization"],
  ...["sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol"],
  ...["sec-websocket-extensions", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"],
  ...["accept", "accept-encoding", "accept-language", "cache-control", "pragma"],
]);

/** Passes over everything but control characters other than a tab. */
export function skipText(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  for (; i < to; i++) {
    const byte = bytes[i]!;
    if ((byte < 0x20 && byte !== TAB) || byte === DELETE) break;
  }
  return i;
}

/** One character a byte: field values may hold bytes over 0x7f (RFC 9110 section 5.5). */
export function latin1(
  { buffer, byteOffset }: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
): string {
  return Buffer.from(buffer, byteOffset + start, end - start).toString("latin1");
}

/** Names a byte that no line may hold. */
export function nameStray(byte: number): string {
  return byte === LF ? "a bare line feed" : "a control character";
}

/** Reads lines that each end with CRLF: values by lower-case name, those of a repeated field joined with ", ", of cookies with "; ". */
export function parseFields(text: string): Map<string, string> | HeadProblem {
  const fields = new Map<string, string>();
  let count = 0;
  for (let at = 0, lineEnd; at < text.length; at = lineEnd + 2) {
    lineEnd = text.indexOf("\r\n", at);
    if (++count > MAX_HEADERS) return { status: 431, reason: `more than ${MAX_HEADERS} headers` };
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon > lineEnd) return badRequest("a header without a colon");
    const name = nameIn(text, at, colon);
    if (name === null) return badRequest(nameProblem(text.slice(at, colon)));
    const value = trimmed(text, colon + 1, lineEnd);
    const before = fields.get(name);
    if (before !== undefined && SINGLE.includes(name)) return badRequest(`${name} twice`);
    fields.set(name, before === undefined ? value : `${before}${separatorOf(name)}${value}`);
  }
  return fields;
}

/** The lower-case form of the name `[start..end)`; null: it is no token. */
function nameIn(text: string, start: number, end: number): string | null {
  for (const name of COMMON[end - start] ?? []) if (isTokenAt(text, start, name)) return name;
  const name = text.slice(start, end);
  return isToken(name) ? name.toLowerCase() : null;
}

function byLength(names: readonly string[]): string[][] {
  const lists: string[][] = [];
  for (const name of names) (lists[name.length] ??= []).push(name);
  return lists;
}

/** The pairs of cookies are a list of another kind, which proxies split over several fields (RFC 9113 section 8.2.3). */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", ";
}

function nameProblem(name: string): string {
  if (/^[ \t]/.test(name)) return "a folded header";
  return /[ \t]$/.test(name)
    ? "a space before the colon of a header"
    : "a header name that is no token";
}

/** `[start..end)` without the spaces and tabs around it, RFC 9110 section 5.5. */
function trimmed(text: string, start: number, end: number): string {
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === TAB;
}

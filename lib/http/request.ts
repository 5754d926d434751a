/**
 * A request's head, whichever engine read it.
 *
 * @module
 */

import { isSameToken } from "./token.ts";

/** Field values by lower-case name; a repeated field's values are joined with ", ", those of `cookie` with "; ". The runtime's `Headers` are that for a request. */
export interface HeaderFields {
  get(name: string): string | null;
}

export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Null where the engine can't see it. */
  readonly version: "1.0" | "1.1" | null;
  readonly headers: HeaderFields;
}

/** Whether something comes behind a head (RFC 9112 section 6). */
export function hasBody({ headers }: Pick<RequestHead, "headers">): boolean {
  return headers.get("transfer-encoding") !== null ||
    !/^0*$/.test(headers.get("content-length") ?? "");
}

/** Whether another request may come behind one (RFC 9112 section 9.3); that by HTTP/1.0 some could is not worth a rule of its own. */
export function mayPersist(head: RequestHead): boolean {
  const isLast = listHasToken(head.headers.get("connection"), "close");
  return head.version === "1.1" && !isLast && !hasBody(head);
}

/** The path as sent, for people to read: without the query, where clients put their tokens. */
export function withoutQuery(target: string): string {
  return target.split(/[?#]/, 1)[0]!;
}

/** Whether a comma-separated list field holds a token, case-insensitively (RFC 9110 section 5.6.1). */
export function listHasToken(value: string | null, token: string): boolean {
  if (value === null) return false;
  return isSameToken(value, token) ||
    listElements(value).some((element) => isSameToken(element, token));
}

/** The elements of a comma-separated list field, those that are empty among them; none of a field that isn't there. */
export function listElements(value: string | null): string[] {
  return value?.split(",").map(withoutWhiteSpace) ?? [];
}

/** Optional white space is spaces and tabs (RFC 9110 section 5.6.3); `trim()` takes more away. */
function withoutWhiteSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isWhiteSpace(text[start])) start++;
  while (end > start && isWhiteSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

function isWhiteSpace(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

/**
 * What a request shows to prove who sends it: a name and a password (RFC 7617), or a token, which may stand in several places.
 *
 * A browser's WebSocket sends no field of its own choice, so besides `Authorization: Bearer` (RFC 6750 section 2.1) a token may come in the query, in a
 * cookie, or as an offered subprotocol `bearer.TOKEN`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodePercent } from "../base/percent.ts";
import type { TokenPlace } from "../config/auth_kinds.ts";
import { queryOf } from "./query.ts";
import { listElements, type RequestHead } from "./request.ts";

/** A token, or why what stands there is none; nothing of it is repeated. Null: there is none. */
export type FoundToken = { readonly token: string } | CredentialProblem | null;

/** A name and a password, or why what stands there is none. Null: there are none. */
export type FoundPassword =
  | { readonly name: string; readonly password: string }
  | CredentialProblem
  | null;

/** What is wrong with credentials, in words that hold none of them. */
export interface CredentialProblem {
  readonly problem: string;
}

/** A JSON Web Token with a long list of groups has some 4 KiB. */
export const MAX_TOKEN_CHARACTERS = 8192;

/** How the offered subprotocol begins that is a token. */
const BEARER = /^bearer\./i;

/** Whether an offered subprotocol is a token: it is no protocol that can be spoken, and must not be told of. */
export function isTokenProtocol(name: string): boolean {
  return BEARER.test(name);
}

/** The token of a request: of the places that it may stand in, the first where there is one. */
export function findToken(head: RequestHead, places: readonly TokenPlace[]): FoundToken {
  for (const place of places) {
    const found = one(tokensAt(head, place));
    if (found !== null) return found;
  }
  return null;
}

/** The one that all are; several that differ are none, since nobody knows which is meant. */
function one(written: readonly (string | null)[]): FoundToken {
  const tokens = new Set(written);
  if (tokens.size === 0) return null;
  if (tokens.size > 1) return { problem: "several tokens in one place" };
  const [token] = tokens;
  if (token === null || token === undefined) return { problem: "a token that can't be decoded" };
  if (token.length > MAX_TOKEN_CHARACTERS) return { problem: "a token that is too long" };
  // Visible ASCII: all that is in a token of any kind.
  return /^[\x21-\x7e]+$/.test(token)
    ? { token }
    : { problem: "no token, or one with a stray character" };
}

/** What stands in a place, decoded; null in place of what can't be. */
function tokensAt({ headers, target }: RequestHead, place: TokenPlace): (string | null)[] {
  switch (place.kind) {
    case "authorization": {
      const value = credentialsOf(headers.get("authorization"), "bearer");
      return value === null ? [] : [isToken68(value) ? value : null];
    }
    case "query":
      return valuesIn(queryOf(target), "&", place.name);
    case "cookie":
      return valuesIn(headers.get("cookie") ?? "", ";", place.name).map(unquoted);
    case "subprotocol":
      return listElements(headers.get("sec-websocket-protocol"))
        .filter(isTokenProtocol)
        .map((name) => decodePercent(name.replace(BEARER, "")));
  }
}

/** What follows the name of a scheme, which has no case; null: the credentials are of another, or there are none (RFC 9110 section 11.4). */
function credentialsOf(authorization: string | null, scheme: string): string | null {
  const [, name, rest] = /^([^ ]+)(?: +(.*))?$/.exec(authorization ?? "") ?? [];
  return name?.toLowerCase() === scheme ? rest ?? "" : null;
}

/** RFC 9110 section 11.2. */
function isToken68(text: string): boolean {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(text);
}

/** The values of a name in a list of pairs. A `+` is one: no token has a space in it, and that of base64 is often put into a query as it is. */
function valuesIn(list: string, separator: string, name: string): (string | null)[] {
  return list.split(separator).flatMap((pair) => {
    const [key = "", ...value] = pair.split("=");
    return decodePercent(key.trim()) === name ? [decodePercent(value.join("=").trim())] : [];
  });
}

/** RFC 6265 section 4.1.1. */
function unquoted(value: string | null): string | null {
  return value?.replace(/^"(.*)"$/, "$1") ?? null;
}

/** The name and the password of `Authorization: Basic`, in UTF-8, as our challenge asks for (RFC 7617 section 2.1). */
export function findPassword({ headers }: RequestHead): FoundPassword {
  const value = credentialsOf(headers.get("authorization"), "basic");
  if (value === null) return null;
  const text = isToken68(value) ? utf8Of(value) : null;
  const colon = text?.indexOf(":") ?? -1;
  // RFC 7617 section 2: no control characters. A NUL would end the password for some ways to hash it.
  // deno-lint-ignore no-control-regex
  if (text === null || colon < 0 || /[\x00-\x1f\x7f]/.test(text)) {
    return { problem: "no name and password in base64 and UTF-8" };
  }
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function utf8Of(base64: string): string | null {
  try {
    return UTF8.decode(Buffer.from(base64, "base64"));
  } catch {
    return null;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

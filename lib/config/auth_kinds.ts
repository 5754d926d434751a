/**
 * The kinds of values of the key `auth`: where tokens are looked for, key sets, names.
 *
 * @module
 */
import { type Kind, listOf, plain, text } from "./kinds.ts";

/** Where a client may put its token. */
export type TokenPlace =
  | { readonly kind: "authorization" | "subprotocol" }
  | { readonly kind: "query" | "cookie"; readonly name: string };

export const PLACE_RULE =
  'must be "authorization", "query:NAME", "cookie:NAME" or "subprotocol", NAME of letters, digits, ".", "_" and "-"';

/** Null for what names no place. */
export function parsePlace(written: string): TokenPlace | null {
  if (written === "authorization" || written === "subprotocol") return { kind: written };
  const [, kind, name] = /^(query|cookie):([\w.-]+)$/.exec(written) ?? [];
  return name === undefined ? null : { kind: kind as "query" | "cookie", name };
}

function formatPlace(place: { readonly kind: string; readonly name?: string }): string {
  return place.name === undefined ? place.kind : `${place.kind}:${place.name}`;
}

/** A list of places, of which there is at least one; `parse` gives null for what names none, which breaks `rule`. */
export function listOfPlaces<P extends { readonly kind: string; readonly name?: string }>(
  parse: (written: string) => P | null,
  rule: string,
): Kind<readonly P[]> {
  const texts = listOf(
    text(rule, (place) => parse(place) === null ? rule : null),
    "must be a list of places",
  );
  return {
    schema: { ...texts.schema, minItems: 1 },
    check: (places) =>
      Array.isArray(places) && places.length === 0
        ? [{ path: [], rule: "must have at least one place", value: places }]
        : texts.check(places),
    decode: (places) => (places as string[]).map((place) => parse(place)!),
    encode: (places) => places.map(formatPlace),
  };
}

/** The first of them that a request has a token in is taken. */
export const tokenPlaces: Kind<readonly TokenPlace[]> = listOfPlaces(parsePlace, PLACE_RULE);

const REALM_RULE = "must be printable ASCII without quotes and backslashes";

/** RFC 9110 section 11.5, without what would have to be escaped. */
export const realm: Kind<string> = text(
  REALM_RULE,
  (realm) => /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm) ? null : REALM_RULE,
);

const JWKS_RULE = "must be the path of a file or an http:// or https:// URL";

/** A file or a URL of a JSON Web Key Set. */
export const keySet: Kind<string> = text(JWKS_RULE, (place) => {
  if (place === "" || place.includes("\0")) return JWKS_RULE;
  if (!isUrl(place)) return /^[a-z][a-z0-9+.-]*:\/\//i.test(place) ? JWKS_RULE : null;
  const url = URL.parse(place);
  if (url === null) return JWKS_RULE;
  return url.username + url.password === "" ? null : "must have no password in its URL";
});

/** Whether a key set is asked for by HTTP. */
export function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

export const name: Kind<string> = text(
  "must be text",
  (name) => name === "" ? "must not be empty" : null,
);

const NAMES_RULE = "must be text or a list of texts";

/** One name or several, of which any will do. */
export const names: Kind<readonly string[]> = {
  ...plain<readonly string[]>({ anyOf: [name.schema, { type: "array" }] }, () => NAMES_RULE),
  check: (value) =>
    Array.isArray(value) ? listOf(name, NAMES_RULE).check(value) : name.check(value),
  decode: (value) => [value].flat() as string[],
  encode: (names) => names.length === 1 ? names[0] : names,
};

/** How a token may be signed with a secret, and with a private key. `none` is not among them. */
export const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;
export const KEY_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const,
  ...["ES256", "ES384", "ES512", "EdDSA"] as const,
] as const;
export const ALGORITHMS = [...SECRET_ALGORITHMS, ...KEY_ALGORITHMS] as const;

export type Algorithm = typeof ALGORITHMS[number];

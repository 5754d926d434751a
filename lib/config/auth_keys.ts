/**
 * The key `auth`: who may come in by a route, how that is proved, and where a token is looked for.
 *
 * @module
 */
import {
  ALGORITHMS,
  KEY_ALGORITHMS,
  keySet,
  name,
  names,
  realm,
  SECRET_ALGORITHMS,
  tokenPlaces,
} from "./auth_kinds.ts";
import { encode, type Keys, type Values } from "./key.ts";
import { type Kind, listOf, oneOf, seconds } from "./kinds.ts";
import { nestedTable } from "./nested_table.ts";
import { type Finding, finding } from "./problem.ts";
import { isTable, type Table } from "./table.ts";
import { filePath } from "./text_kinds.ts";

/** Of a JSON Web Token: what proves that it is genuine, and what it must say. */
export const JWT = {
  secretFile: {
    name: "secret-file",
    kind: filePath,
    about:
      "File of the secret that HS256, HS384 and HS512 sign with: its bytes, without a newline at their end.",
  },
  key: {
    name: "key",
    kind: filePath,
    about: "File of the public key, as PEM: of RSA, of an elliptic curve, or Ed25519.",
  },
  jwks: {
    name: "jwks",
    kind: keySet,
    secret: "query",
    about: "File or URL of a JSON Web Key Set, from which a token names its key.",
  },
  algorithms: {
    name: "algorithms",
    kind: listOf(oneOf(ALGORITHMS), "must be a list of algorithms"),
    /** All that the kind of the key allows. */
    unsaid: null,
    about: "Algorithms that are taken; without it all that are made for the key.",
  },
  issuers: {
    name: "iss",
    kind: names,
    /** Any. */
    unsaid: null,
    about: "Who must have issued a token, one or several; without it anybody who has the key.",
  },
  audiences: {
    name: "aud",
    kind: names,
    /** Any. */
    unsaid: null,
    about: "Whom a token must be for, one or several of whom any will do; without it anybody.",
  },
  required: {
    name: "require",
    kind: listOf(name, "must be a list of claims"),
    default: ["exp"],
    about: "Claims that a token must have.",
  },
  leewayMs: {
    name: "leeway",
    kind: seconds(0),
    default: 0,
    about: "Seconds that the clock of who issues tokens may differ from ours.",
  },
  userClaim: {
    name: "user-claim",
    kind: name,
    default: "sub",
    about: "Claim that says whose the token is.",
  },
} as const satisfies Keys;

/** How tokens are proved to be genuine, and what they must say. */
export type JwtConfig = Values<typeof JWT>;

const KEYS = [JWT.secretFile, JWT.key, JWT.jwks].map(({ name }) => name);

function checkJwt(table: Table): Finding[] {
  const given = KEYS.filter((name) => table[name] !== undefined);
  if (given.length === 0) return [{ path: [], rule: `must have one of ${KEYS.join(", ")}` }];
  return [
    ...given.slice(1)
      .map((name) => finding([name], `must not stand beside ${given[0]}`, table[name])),
    ...checkAlgorithms(table, given[0]!),
  ];
}

/** Which algorithms there are follows from the key, so that nobody takes a public key for a secret (RFC 8725 section 2.1). */
function checkAlgorithms(table: Table, key: string): Finding[] {
  const { algorithms: { name }, secretFile } = JWT;
  const written = table[name];
  if (!Array.isArray(written)) return [];
  if (written.length === 0) return [finding([name], "must have at least one algorithm", written)];
  const fit: readonly string[] = key === secretFile.name ? SECRET_ALGORITHMS : KEY_ALGORITHMS;
  return written.flatMap((algorithm, at) =>
    fit.includes(algorithm) || !ALGORITHMS.some((known) => known === algorithm)
      ? []
      : [finding([name, at], `is not for ${key}: ${fit.join(", ")} are`, algorithm)]
  );
}

/** The keys of `auth`. */
export const AUTH = {
  basic: {
    name: "basic",
    kind: filePath,
    about: "File of names and hashed passwords, a line each, as htpasswd -B writes them.",
  },
  token: {
    name: "token",
    kind: filePath,
    about: "File of names and hashed tokens, a line each: NAME sha256:HEX.",
  },
  jwt: {
    name: "jwt",
    kind: nestedTable(JWT, checkJwt),
    about: "JSON Web Tokens.",
  },
  certificate: {
    name: "certificate",
    kind: names,
    about: "Common names of clients' certificates, one or several; a listener's client-ca says " +
      "whose certificates are believed.",
  },
  from: {
    name: "from",
    kind: tokenPlaces,
    default: ["authorization"],
    about: 'Where a token is looked for, in this order: "authorization", "query:NAME", ' +
      '"cookie:NAME", "subprotocol".',
  },
  realm: {
    name: "realm",
    kind: realm,
    default: "wstunnel",
    about: "What a browser calls the place that it asks a password for.",
  },
} as const satisfies Keys;

/** Of several ways to prove who one is, any lets in. */
export type AuthConfig = Values<typeof AUTH>;

const WAYS = [AUTH.basic, AUTH.token, AUTH.jwt, AUTH.certificate].map(({ name }) => name);

function checkAuth(table: Table): Finding[] {
  if (Object.keys(table).length === 0) return [];
  const ways = WAYS.filter((name) => table[name] !== undefined);
  if (ways.length === 0) return [{ path: [], rule: `must have ${WAYS.join(", ")} or be empty` }];
  const takesTokens = [AUTH.token, AUTH.jwt].some(({ name }) => ways.includes(name));
  const { from } = AUTH;
  if (takesTokens || table[from.name] === undefined) return [];
  return [finding([from.name], "has no effect without token or jwt", table[from.name])];
}

const table = nestedTable(AUTH, checkAuth);

/** Null, which is an empty table: whoever asks may come in. */
export const auth: Kind<AuthConfig | null> = {
  ...table,
  decode: (written) =>
    isTable(written) && Object.keys(written).length > 0 ? table.decode(written) : null,
  encode: (values) => values === null ? {} : encode(AUTH, withoutIdlePlaces(values)),
};

/** Where no token is taken, the places for one would be refused. */
function withoutIdlePlaces({ from, ...others }: AuthConfig): Partial<AuthConfig> {
  const takesTokens = others.token !== undefined || others.jwt !== undefined;
  return takesTokens ? { ...others, from } : others;
}

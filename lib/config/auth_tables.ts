/**
 * The tables of `auth` in a configuration as it was written, and the files that they name.
 *
 * @module
 */
import { AUTH, JWT } from "./auth_keys.ts";
import { isUrl } from "./auth_kinds.ts";
import {
  type Reader,
  readKeySet,
  readPasswords,
  readPublicKey,
  readSecret,
  readTokens,
} from "./auth_files.ts";
import type { Key } from "./key.ts";
import type { Machine } from "./machine.ts";
import { asksClients, eachListener } from "./listen.ts";
import { type Finding, finding, type Path, type SecretFile, valueAt } from "./problem.ts";
import { isTable, type Table, tableAt } from "./table.ts";

const WSTUNNEL: Path = ["wstunnel"];

/** A table and where it stands. */
interface AuthTable {
  readonly table: Table;
  readonly path: Path;
}

/** What stands under `[wstunnel]`, and what routes and files say for themselves. */
function eachAuth(raw: unknown): AuthTable[] {
  const routes = Object.keys(tableAt(raw, [...WSTUNNEL, "server"]))
    .map((key) => [...WSTUNNEL, "server", key]);
  const webs = [[], ...routes].map((place) => [...place, "web"]);
  return [WSTUNNEL, ...routes, ...webs].flatMap((place) => {
    const path = [...place, "auth"];
    const table = valueAt(raw, path);
    return isTable(table) ? [{ table, path }] : [];
  });
}

/** The keys that name files, by the table under `auth` that they are of, what these hold, and whether others may not read it. */
const FILES: readonly {
  readonly of: Path;
  readonly key: Key;
  readonly read: Reader<unknown>;
  readonly secret: boolean;
}[] = [
  { of: [], key: AUTH.basic, read: readPasswords, secret: true },
  { of: [], key: AUTH.token, read: readTokens, secret: true },
  { of: ["jwt"], key: JWT.secretFile, read: readSecret, secret: true },
  { of: ["jwt"], key: JWT.key, read: readPublicKey, secret: false },
  { of: ["jwt"], key: JWT.jwks, read: readKeySet, secret: false },
];

/** Those that are right in form; the others are told of as they are, and not by what stands there. */
function eachFile(raw: unknown) {
  return eachAuth(raw).flatMap(({ table, path }) =>
    FILES.flatMap(({ of, key: { name: key, kind }, read, secret }) => {
      const name = valueAt(table, [...of, key]);
      if (typeof name !== "string" || isUrl(name) || kind.check(name).length > 0) return [];
      return [{ name, read, secret, path: [...path, ...of, key] }];
    })
  );
}

/** What is wrong with the files that `auth` names: with such a file nobody could come in, or not whoever should. */
export function findAuthProblems(raw: unknown, machine: Machine): Finding[] {
  return eachFile(raw).flatMap(({ name, path, read }): Finding[] => {
    const file = machine.read(name);
    const result = "problem" in file ? file : read(file.bytes);
    return "problem" in result ? [{ path, rule: `${JSON.stringify(name)} ${result.problem}` }] : [];
  });
}

/** Files of users, tokens and secrets. */
export function secretFilesOfAuth(raw: unknown): SecretFile[] {
  return eachFile(raw).flatMap(({ name, path, secret }) => secret ? [{ file: name, path }] : []);
}

/** Warns of files that whoever has an account on the machine can read. */
export function warnOfOpenFiles(raw: unknown, machine: Machine): Finding[] {
  return eachFile(raw).flatMap(({ name, path, secret }): Finding[] => {
    if (!secret || !machine.isReadByAll(name)) return [];
    const rule = `${JSON.stringify(name)} can be read by every user of this machine: chmod o-rwx`;
    return [{ path, rule }];
  });
}

/** Warns of files of users or tokens that have none: nobody comes in by them. */
export function warnOfEmptyFiles(raw: unknown, machine: Machine): Finding[] {
  return eachFile(raw).flatMap(({ name, path, read }): Finding[] => {
    const file = machine.read(name);
    const result = "problem" in file ? file : read(file.bytes);
    const isEmpty = "value" in result && result.value instanceof Map && result.value.size === 0;
    return isEmpty
      ? [{ path, rule: `${JSON.stringify(name)} names nobody: nobody comes in by it` }]
      : [];
  });
}

/** The table that holds for a route, and where it stands. */
function authOf(raw: unknown, key: string): AuthTable {
  const own = [...WSTUNNEL, "server", key];
  const place = valueAt(raw, [...own, "auth"]) === undefined ? WSTUNNEL : own;
  const path = [...place, "auth"];
  return { table: tableAt(raw, path), path };
}

/** Whether a route asks who comes in. */
export function asksWho(raw: unknown, key: string): boolean {
  return Object.keys(authOf(raw, key).table).length > 0;
}

/** Nobody has a certificate that counts where no listener asks for one. */
export function checkCertificates(raw: unknown): Finding[] {
  const asks = eachListener(raw).some(({ listener }) => asksClients(listener));
  const { name } = AUTH.certificate;
  const rule =
    "needs a listener with client-ca beside its tls: nobody else's certificate is believed";
  return eachAuth(raw).flatMap(({ table, path }) =>
    asks || table[name] === undefined ? [] : [finding([...path, name], rule, table[name])]
  );
}

/** A browser sends passwords, cookies and certificates along with the tunnel of whatever page its user has before him. */
export function warnOfForeignPages(raw: unknown): Finding[] {
  const server = tableAt(raw, [...WSTUNNEL, "server"]);
  const found = Object.entries(server).flatMap(([key, route]): Finding[] => {
    const { table: { basic, certificate, from }, path } = authOf(raw, key);
    const origins = (isTable(route) ? route["origins"] : undefined) ??
      valueAt(raw, [...WSTUNNEL, "origins"]);
    const isChecked = Array.isArray(origins) && origins.length > 0;
    const isSent = basic !== undefined || certificate !== undefined ||
      Array.isArray(from) && from.some((place) => String(place).startsWith("cookie:"));
    const rule = "browsers send passwords, cookies and certificates along for any web page: " +
      "origins say which pages may open a tunnel (--origin)";
    return isSent && !isChecked ? [{ path, rule }] : [];
  });
  // Those under [wstunnel] are of many routes.
  return found.filter(({ path }, at) =>
    found.findIndex((one) => one.path.join() === path.join()) === at
  );
}

/** Whoever gives tokens to many, as the big ones do, gives them to others' users as well. */
export function warnOfAnyAudience(raw: unknown): Finding[] {
  return eachAuth(raw).flatMap(({ table, path }): Finding[] => {
    const jwt = tableAt(table, ["jwt"]);
    if (jwt["jwks"] === undefined || jwt["aud"] !== undefined) return [];
    const rule = "without aud every token of its issuer is taken, those for other services as well";
    return [{ path: [...path, "jwt"], rule }];
  });
}

/** Key sets are asked for by plain HTTP of another machine: whoever stands between puts his own key in. */
export function warnOfPlainKeySets(raw: unknown): Finding[] {
  return eachAuth(raw).flatMap(({ table, path }): Finding[] => {
    const url = URL.parse(String(valueAt(table, ["jwt", "jwks"])));
    if (url?.protocol !== "http:" || isLoopback(url.hostname)) return [];
    const rule = "is asked for by plain HTTP: whoever stands between can put in a key of his own";
    return [{ path: [...path, "jwt", "jwks"], rule }];
  });
}

export function isLoopback(hostname: string): boolean {
  return /^(?:127\.[0-9.]+|localhost|\[::1\])$/.test(hostname);
}

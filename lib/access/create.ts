/**
 * What the routes of a configuration ask of whoever wants to come in.
 *
 * @module
 */
import { readPasswords, readTokens } from "../config/auth_files.ts";
import type { AuthConfig } from "../config/auth_keys.ts";
import type { RouteConfig } from "../config/config.ts";
import type { Emit } from "../events/events.ts";
import type { Access } from "./access.ts";
import { createAsking } from "./asking.ts";
import { createCertificateWay } from "./certificate_way.ts";
import { createJwtWay } from "./jwt.ts";
import { createPasswordChecks } from "./password_checks.ts";
import { createKnownPasswords, createPasswordWay } from "./passwords.ts";
import { createTokenWay } from "./tokens.ts";
import type { Holding } from "./kept.ts";
import { watchFor } from "./watched_file.ts";
import type { Way } from "./way.ts";

/**
 * By key of `wstunnel.server`, of the routes that not everybody may enter. They share files, keys and the thread for passwords, with each other and
 * with those of the next configuration, which `holding` is for.
 */
export function createAccess(
  routes: readonly Pick<RouteConfig, "key" | "auth">[],
  holding: Holding,
  emit: Emit,
): Map<string, Access> {
  const watch = watchFor(holding, emit);

  function waysOf({ basic, token, jwt, certificate, from: places }: AuthConfig): Way[] {
    const ways: Way[] = [];
    if (certificate !== undefined) ways.push(createCertificateWay(certificate));
    if (token !== undefined) ways.push(createTokenWay(watch(token, readTokens), places));
    if (jwt !== undefined) ways.push(createJwtWay(jwt, { places, holding, watch, emit }));
    // Last, for it is what costs.
    if (basic !== undefined) {
      const checks = holding.get("password checks", () => createPasswordChecks(emit));
      const known = holding.get("known passwords", createKnownPasswords);
      ways.push(createPasswordWay(watch(basic, readPasswords), checks, known));
    }
    return ways;
  }

  // What stands under [wstunnel] is one table, of which each route has not a copy but the table.
  const made = new Map<AuthConfig, Access>();
  return new Map(routes.flatMap(({ key, auth }): [string, Access][] => {
    if (auth === null) return [];
    const access = made.get(auth) ?? { enter: createAsking(waysOf(auth), auth.realm) };
    made.set(auth, access);
    return [[key, access]];
  }));
}

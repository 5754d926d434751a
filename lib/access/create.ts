/**
 * What the routes of a configuration ask of whoever wants to come in.
 *
 * @module
 */
import type { RouteConfig } from "../config/config.ts";
import { answer } from "../http/answer.ts";
import type { Access } from "./access.ts";

/** By key of `wstunnel.server`, of the routes that not everybody may enter. */
export function createAccess(routes: readonly RouteConfig[]): Map<string, Access> {
  return new Map(
    routes.filter(({ auth }) => auth !== null).map(({ key }) => [key, NOBODY_ENTERS]),
  );
}

/** Until it is built, nobody comes in. */
const NOBODY_ENTERS: Access = {
  enter() {
    const refusal = answer(503, "nobody can be asked who he is yet");
    return Promise.resolve({ answer: refusal, cause: "auth" });
  },
  close() {},
};

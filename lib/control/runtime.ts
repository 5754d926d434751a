/**
 * What this machine or an older runtime can't do, measured on Deno 2.4.2: refused where it was asked for, told at the start where it only
 * might matter, so that nobody has to find out. Of the runtime's, 2.9.6 has none of it.
 *
 * @module
 */
import { isAtLeast } from "../base/version.ts";
import type { Config } from "../config/config.ts";
import { noLoop } from "./engine_choice.ts";

/** What of a configuration can't be done here, a sentence each; `why` there is no loop, or null. */
export function runtimeProblems(version: string, config: Config, why = noLoop): string[] {
  return [
    ...(config.engine === "loop" && why !== null ? [`engine = "loop" can't be had: ${why}`] : []),
    ...versionProblems(version, config),
  ];
}

/** Of them, those that a newer Deno hasn't. */
function versionProblems(version: string, { engine, listen, routes }: Config): string[] {
  if (isAtLeast(version, 2, 9)) return [];
  const needs = `needs Deno 2.9 or newer, this is ${version}`;
  const timed = routes.filter(({ hosts, targets }) =>
    [...hosts, targets?.host].some((host) => host !== undefined && host.writeTimeoutMs > 0)
  );
  return [
    ...(engine === "native" ? [`engine = "native" ${needs}: it would send a second Close`] : []),
    ...(listen.some(({ tls }) => tls !== undefined)
      ? [`listen: tls ${needs}: it has no sockets of Node's that speak TLS as a server`]
      : []),
    ...timed.map(({ key }) =>
      `wstunnel.server.${JSON.stringify(key)}: write-timeout ${needs}: it can't cut a write off`
    ),
  ];
}

/** What doesn't hold on this Deno, a sentence each. */
export function runtimeLimits(version: string, { routes }: Config): string[] {
  if (isAtLeast(version, 2, 9)) return [];
  const runsPrograms = routes.some(({ hosts }) =>
    hosts.some(({ target }) => target.transport === "exec")
  );
  return [
    "this Deno can't cut a write off: a peer that stops reading holds its tunnel until it reads on or leaves",
    ...(runsPrograms
      ? ["this Deno gives a program of exec two pipes: one that asks for a socket doesn't work"]
      : []),
  ];
}

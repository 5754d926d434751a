/**
 * Where a request leads, of a route that has targets in place of hosts: a token says it, or the client names an address that it may reach. Asked
 * once it is known who the client is.
 *
 * @module
 */
import type { Target } from "../../backend/backend.ts";
import { stampAt } from "../../base/file_stamp.ts";
import type { RouteConfig, TargetsConfig } from "../../config/config.ts";
import type { RefusalCause } from "../../events/event.ts";
import type { Emit } from "../../events/events.ts";
import { type Answer, answer } from "../../http/answer.ts";
import type { Claims, Visit } from "../access.ts";
import type { Holding, Keepable } from "../kept.ts";
import { createApi } from "./api.ts";
import { readAuthorities } from "./authorities.ts";
import { LEFT, unlessLeft } from "../left.ts";
import { type ChooseAddress, createNamed } from "./named.ts";
import { createRedis } from "./redis.ts";
import type { TargetSource } from "./source.ts";
import { targetOf } from "../../config/target_text.ts";
import { createTokenFile } from "./token_file.ts";
import { createTokenFolder } from "./token_folder.ts";
import { findTargetToken } from "./token.ts";

/** Where it leads, or the answer that it gets. */
export type Choice =
  | { readonly target: Target }
  | {
    readonly answer: Answer;
    readonly cause: RefusalCause;
    /** What the client is not told; never a token. */
    readonly why?: string;
  };

export interface Targets {
  /** `claims` are those of the token that has let it in. Never rejects. */
  choose(visit: Visit, claims: Claims | null): Promise<Choice>;
}

/** What is asked, and whether it answers, which outlives the configuration. */
interface KeptTargets extends Targets, Keepable {}

/**
 * By key of `wstunnel.server`, of the routes that have targets. They watch the files, and have the connections, of those of the configuration before,
 * where nothing of what they ask has changed; `holding` is for this one.
 */
export function createTargets(
  routes: readonly RouteConfig[],
  holding: Holding,
  emit: Emit,
): Map<string, Targets> {
  return new Map(
    routes.flatMap(({ key, targets }) =>
      targets === undefined ? [] : [[key, createRouteTargets(key, targets, holding, emit)]]
    ),
  );
}

function createRouteTargets(
  route: string,
  config: TargetsConfig,
  holding: Holding,
  emit: Emit,
): Targets {
  const { choose } = createWaiting(route, config, holding, emit);
  return { choose: (visit, claims) => unlessLeft(choose(visit, claims), visit.signal) };
}

/** Who chooses may take as long as the one who is asked does. */
function createWaiting(
  route: string,
  config: TargetsConfig,
  holding: Holding,
  emit: Emit,
): Targets {
  const { address, jwt, parameter, host } = config;
  if (address !== undefined) return byAddress(createNamed(address, parameter, host));
  if (jwt) return { choose: (_, claims) => Promise.resolve(byClaims(claims)) };
  return holding.get(
    identityOf(route, config),
    () => byToken(route, config, createSource(route, config, emit), emit),
  );
}

/** What makes the source of a route the same one under another configuration. Authorities are read as it connects: changed ones are others. */
function identityOf(route: string, config: TargetsConfig): string {
  const { file, folder, api, redis, prefix, ca, from, host } = config;
  const trusted = ca === undefined ? null : [ca, stampAt(ca)];
  const { connectTimeoutMs } = host;
  return JSON.stringify([
    route,
    { file, folder, api, redis },
    prefix,
    trusted,
    from,
    connectTimeoutMs,
  ]);
}

/** Whatever is wrong with what the client brings has this one answer, so that it learns nothing of the tokens there are. */
function refused(why: string): Choice {
  const refusal = answer(403, "this request names no target that it may reach");
  return { answer: refusal, cause: "target", why };
}

/** `down` is an outage that is told of by itself. */
function unknowable(why: string, cause: "down" | "target"): Choice {
  const refusal = answer(503, "no backend can be reached", { "retry-after": "1" });
  return { answer: refusal, cause, why };
}

function byAddress(choose: ChooseAddress): Targets {
  return {
    async choose({ head, signal }) {
      const chosen = await choose(head, signal);
      if ("refused" in chosen) return refused(chosen.refused);
      return "failed" in chosen ? unknowable(chosen.failed, "target") : { target: chosen };
    },
  };
}

function byClaims(claims: Claims | null): Choice {
  const address = targetOf(claims);
  return address === null
    ? refused("the token has no claims host and port, and no target")
    : { target: { address } };
}

/** An outage of the source is told of once, however many requests meet it. */
function byToken(
  route: string,
  { from }: TargetsConfig,
  source: TargetSource,
  emit: Emit,
): KeptTargets {
  let isDown = false;
  return {
    async choose({ head, signal }) {
      const token = findTargetToken(head, from);
      if ("problem" in token) return refused(token.problem);
      const found = await source.find(token.token, signal);
      // What it comes to then says nothing of the source.
      if (signal.aborted) return LEFT;
      if ("busy" in found) return unknowable(found.busy, "target");
      if ("failed" in found) {
        if (!isDown) emit({ kind: "targets-down", route, reason: found.failed });
        isDown = true;
        return unknowable(found.failed, "down");
      }
      if (isDown) emit({ kind: "targets-up", route });
      isDown = false;
      return "unknown" in found ? refused(found.unknown) : { target: found };
    },
    look: () => source.look?.(),
    close: source.close,
  };
}

function createSource(route: string, config: TargetsConfig, emit: Emit): TargetSource {
  const { file, folder, api, redis, prefix, host } = config;
  const ca = readAuthorities(config.ca);
  const timeoutMs = host.connectTimeoutMs;
  if (file !== undefined) return createTokenFile({ route, path: file, emit });
  if (folder !== undefined) return createTokenFolder(folder);
  if (api !== undefined) return createApi({ url: api, ca, timeoutMs });
  return createRedis({ url: redis!, prefix, ca, timeoutMs });
}

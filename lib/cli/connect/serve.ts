/**
 * Listeners: each connection becomes a tunnel of its own, for as long as nobody ends the program, or `once`.
 *
 * @module
 */
import { type Address, formatAddress } from "../../base/address.ts";
import type { Cause } from "../../tunnel/cause.ts";
import { endingOf, LOST, problemCode } from "./ending.ts";
import { listenAt, type LocalConnection, type LocalListener } from "./listen.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import { openWebSocket } from "./open.ts";
import type { ConnectSettings } from "./settings.ts";
import { untilSignal } from "./signals.ts";
import { createTeller, type Teller } from "./telling.ts";
import { joinOptions, type Joints } from "./tunnel.ts";

/** A server, and where to listen for it. */
export interface ServedLane {
  readonly settings: ConnectSettings;
  readonly listen: readonly Address[];
}

export interface ServeOptions {
  /** Whether the first connection is the only one. */
  readonly once: boolean;
  readonly joints: Joints;
  readonly complain: (text: string) => void;
}

/** What one lane's connections need. */
interface Serving extends Pick<ServeOptions, "joints"> {
  readonly settings: ConnectSettings;
  readonly teller: Teller;
  readonly attempts: Attempts;
  readonly signal: AbortSignal;
}

/** Gives the exit code: with `once` that of the connection, else 0 after a signal; 1 where anything can't listen. */
export async function serveLocally(
  lanes: readonly ServedLane[],
  { once, joints, complain }: ServeOptions,
): Promise<number> {
  const bound = await bindAll(lanes, complain);
  if (bound === null) return LOST;
  const { signal, stop } = untilSignal();
  const tunnels = new Set<Promise<number>>();
  const closeAll = () => Promise.all(bound.map(({ listener }) => listener.close()));
  const { promise: over, resolve } = Promise.withResolvers<number>();
  signal.addEventListener("abort", () => resolve(0));
  const onFailing = (error: unknown) =>
    complain(`cannot accept a connection: ${(error as Error).message}`);
  const several = lanes.length > 1;
  let isTaken = false;
  for (const { lane, listener } of bound) {
    const { settings } = lane;
    const { authority } = settings;
    complain(`listening on ${listener.name}${several ? ` for ${authority}` : ""}`);
    const place = several ? `${listener.name}=${authority}` : authority;
    const teller = createTeller((text) => complain(`${place}: ${text}`));
    const attempts = createAttempts({
      open: () => openWebSocket(settings),
      // The first is the only one.
      patienceMs: once ? 0 : settings.connectTimeoutMs,
      teller,
      signal,
    });
    const serving = { settings, joints, teller, attempts, signal };
    listener.accept((local) => {
      // Two may come in one turn.
      if (once && isTaken) return local.close();
      isTaken = true;
      const served = serveOne(local, serving).finally(() => tunnels.delete(served));
      tunnels.add(served);
      if (!once) return;
      closeAll();
      served.then(resolve);
    }, onFailing);
  }
  const code = await over;
  stop();
  await closeAll();
  await Promise.all(tunnels);
  return code;
}

interface Bound {
  readonly lane: ServedLane;
  readonly listener: LocalListener;
}

/** All, or none: then null, once it has been said why. */
async function bindAll(
  lanes: readonly ServedLane[],
  complain: (text: string) => void,
): Promise<Bound[] | null> {
  const bound: Bound[] = [];
  for (const lane of lanes) {
    for (const address of lane.listen) {
      try {
        bound.push({ lane, listener: await listenAt(address) });
      } catch (error) {
        complain(`cannot listen on ${formatAddress(address)}: ${(error as Error).message}`);
        await Promise.all(bound.map(({ listener }) => listener.close()));
        return null;
      }
    }
  }
  return bound;
}

/** Gives the exit code that stands for how it went. */
async function serveOne(
  local: LocalConnection,
  { settings, joints, teller, attempts, signal }: Serving,
): Promise<number> {
  const opened = await attempts.open();
  if ("kind" in opened) {
    local.close();
    return problemCode(opened);
  }
  const end = await joints.join(joinOptions(settings, opened, local, signal));
  const { code, text } = endingOf(end, "the connection here");
  if (text === null) return code;
  if (isOutage(end.cause)) teller.trouble(text);
  else teller.ended(text);
  return code;
}

/** Whether it is the server that is gone: all who have a tunnel see that. */
function isOutage(cause: Cause): boolean {
  return cause === "client-lost" || cause === "client-silent";
}

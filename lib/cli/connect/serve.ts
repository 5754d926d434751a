/**
 * Listeners: each connection becomes a tunnel of its own, for as long as nobody ends the program, or `once`.
 *
 * @module
 */
import { type Address, formatAddress } from "../../base/address.ts";
import type { Cause } from "../../tunnel/cause.ts";
import { createAttempts } from "./attempts.ts";
import { type Begin, createPlain } from "./begin.ts";
import { endingOf, LOST, problemCode } from "./ending.ts";
import { listenAt, type LocalConnection, type LocalListener } from "./listen.ts";
import type { ConnectSettings } from "./settings.ts";
import { untilSignal } from "./signals.ts";
import { createSocks } from "./socks/open.ts";
import { isOfTheAddress } from "./socks/target.ts";
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
  /** Whether it says by SOCKS5 where to. */
  readonly socks: boolean;
  readonly joints: Joints;
  readonly complain: (text: string) => void;
}

/** What one lane's connections need. */
interface Serving extends Pick<ServeOptions, "joints"> {
  readonly settings: ConnectSettings;
  readonly teller: Teller;
  readonly begin: Begin;
  readonly signal: AbortSignal;
}

/** Gives the exit code: with `once` that of the connection, else 0 after a signal; 1 where anything can't listen. */
export async function serveLocally(
  lanes: readonly ServedLane[],
  options: ServeOptions,
): Promise<number> {
  const { once, complain } = options;
  const bound = await bindAll(lanes, complain);
  if (bound === null) return LOST;
  const { signal, stop } = untilSignal();
  const tunnels = new Set<Promise<number>>();
  const listeners = bound.flatMap((one) => one.listeners);
  const closeAll = () => Promise.all(listeners.map((listener) => listener.close()));
  const { promise: over, resolve } = Promise.withResolvers<number>();
  signal.addEventListener("abort", () => resolve(0));
  const teller = createTeller(complain);
  const onFailing = (error: unknown) =>
    teller.ended(`cannot accept a connection: ${(error as Error).message}`);
  let isTaken = false;
  for (const one of bound) {
    const serving = createServing(one, lanes.length > 1, signal, options);
    const onConnection = (local: LocalConnection) => {
      // Two may come in one turn.
      if (once && isTaken) return local.close();
      isTaken = true;
      const served = serveOne(local, serving).finally(() => tunnels.delete(served));
      tunnels.add(served);
      if (!once) return;
      closeAll();
      served.then(resolve);
    };
    for (const listener of one.listeners) listener.accept(onConnection, onFailing);
  }
  const code = await over;
  stop();
  await closeAll();
  await Promise.all(tunnels);
  return code;
}

interface Bound {
  readonly settings: ConnectSettings;
  readonly listeners: readonly LocalListener[];
}

/** All, or none: then null, once it has been said why. */
async function bindAll(
  lanes: readonly ServedLane[],
  complain: (text: string) => void,
): Promise<Bound[] | null> {
  const bound: Bound[] = [];
  const open: LocalListener[] = [];
  for (const { settings, listen } of lanes) {
    const listeners: LocalListener[] = [];
    for (const address of listen) {
      try {
        const listener = await listenAt(address);
        listeners.push(listener);
        open.push(listener);
      } catch (error) {
        complain(`cannot listen on ${formatAddress(address)}: ${(error as Error).message}`);
        await Promise.all(open.map((listener) => listener.close()));
        return null;
      }
    }
    bound.push({ settings, listeners });
  }
  return bound;
}

/** `several`: what is told names the listener, too. */
function createServing(
  { settings, listeners }: Bound,
  several: boolean,
  signal: AbortSignal,
  { once, socks, joints, complain }: ServeOptions,
): Serving {
  const { authority } = settings;
  const what = socks ? " for SOCKS5" : several ? ` for ${authority}` : "";
  for (const { name } of listeners) complain(`listening on ${name}${what}`);
  const place = several ? `${listeners[0]!.name}=${authority}` : authority;
  const teller = createTeller((text) => complain(`${place}: ${text}`));
  const attempts = createAttempts({
    // The first is the only one.
    patienceMs: once ? 0 : settings.connectTimeoutMs,
    teller,
    signal,
    ...(socks ? { isOfOne: isOfTheAddress } : {}),
  });
  const begin = socks
    ? createSocks({ settings, attempts, teller, signal })
    : createPlain(settings, attempts);
  return { settings, joints, teller, begin, signal };
}

/** Gives the exit code that stands for how it went. */
async function serveOne(
  local: LocalConnection,
  { settings, joints, teller, begin, signal }: Serving,
): Promise<number> {
  const begun = await begin(local);
  if ("kind" in begun) return problemCode(begun);
  const { opened, connection } = begun;
  const end = await joints.join(joinOptions(settings, opened, connection, signal));
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

/**
 * From an address to a connection over which its server is spoken with: straight or by a proxy, with TLS or without.
 *
 * @module
 */
import { closeQuietly } from "../../base/close_quietly.ts";
import { isExhaustion, isShortage } from "../../base/exhaustion.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { dial } from "../../backend/dial.ts";
import { tlsFailure } from "../../backend/tls_failure.ts";
import type { OpenProblem } from "./open_problem.ts";
import { askProxy, proxyName } from "./proxy.ts";
import { lookupBy } from "./resolved.ts";
import { secure } from "./secure.ts";
import type { ConnectSettings } from "./settings.ts";
import { byFlags } from "./tls_settings.ts";

type Reached = BackendConnection | OpenProblem;

/** Connects what comes first, the server or its proxy, within the whole time that there is. */
export async function dialFirst(settings: ConnectSettings): Promise<Reached> {
  const { proxy, connectTimeoutMs, resolved } = settings;
  const { address } = proxy ?? settings;
  const tls = proxy === null && isDoneAtOnce(settings) ? settings.tls : proxy?.tls;
  const dialled = await dial(address, {
    timeoutMs: connectTimeoutMs,
    signal: new AbortController().signal,
    lookup: lookupBy(resolved, address.port),
    tls: tls ?? undefined,
  });
  if (dialled.ok) return dialled.connection;
  const name = proxy === null ? "" : ` to ${proxyName(proxy)}`;
  const reason = `cannot connect${name}: ${byFlags(dialled.reason)}`;
  return { kind: "failed", reason, isOurs: isShortage(dialled.kind) };
}

/** Whether TLS with the server begins as it is connected. */
function isDoneAtOnce({ proxy, tls }: ConnectSettings): boolean {
  return proxy === null && tls !== null && !tls.isInsecure;
}

/** Goes on to the server from what came first, which it takes over. */
export async function goOn(
  first: BackendConnection,
  settings: ConnectSettings,
  cancel: AbortSignal,
): Promise<Reached> {
  const { proxy, address, tls } = settings;
  let way: Reached = first;
  if (proxy !== null) {
    try {
      way = await orClosed(first, cancel, () => askProxy(first, proxy, address));
    } catch (error) {
      return failed(proxyName(proxy), error);
    }
  }
  if ("kind" in way || tls === null || isDoneAtOnce(settings)) return way;
  try {
    return await secure(way, tls, cancel);
  } catch (error) {
    closeQuietly(way);
    return failed("cannot connect", error);
  }

  function failed(what: string, error: unknown): OpenProblem {
    const words = byFlags(wordsOf(error, cancel, settings));
    return { kind: "failed", reason: `${what}: ${words}`, isOurs: isExhaustion(error) };
  }
}

/** Closes the connection unless something comes of it in time. */
export async function orClosed<T extends object>(
  connection: BackendConnection,
  cancel: AbortSignal,
  act: () => Promise<T | OpenProblem>,
): Promise<T | OpenProblem> {
  const close = () => closeQuietly(connection);
  if (cancel.aborted) close();
  cancel.addEventListener("abort", close);
  try {
    const done = await act();
    if ("kind" in done) close();
    return done;
  } catch (error) {
    close();
    throw error;
  } finally {
    cancel.removeEventListener("abort", close);
  }
}

/** Why something has failed. In TLS 1.3 a server says only behind the handshake what it has against us. */
export function wordsOf(
  error: unknown,
  cancel: AbortSignal,
  { connectTimeoutMs }: ConnectSettings,
): string {
  if (cancel.aborted) return `no answer within ${connectTimeoutMs / 1000} s`;
  const { message } = error as Error;
  return message.includes("fatal alert") ? tlsFailure(message) : message;
}

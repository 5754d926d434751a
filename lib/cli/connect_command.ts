/**
 * `wstunnel connect URL`: the client's side of a tunnel, joined to standard input and output, or to each connection
 * of a listener. Loaded only by who gives it.
 *
 * The end of the input is told by a Close, since a WebSocket has no half-close; what the server sends until its own Close is still written.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import { isAtLeast } from "../base/version.ts";
import type { BackendConnection } from "../backend/connection.ts";
import type { Encoding } from "../tunnel/encoder.ts";
import type { ConnectRequest } from "./arguments.ts";
import { endingOf } from "./connect/ending.ts";
import { createOutageTeller, listenAt, type LocalListener } from "./connect/listen.ts";
import { type Opened, type OpenProblem, openWebSocket } from "./connect/open.ts";
import { type ConnectSettings, readSettings } from "./connect/settings.ts";
import { createStdio, type Streams } from "./connect/stdio.ts";
import { createJoints, type JoinOptions, type Joints } from "./connect/tunnel.ts";

export interface ConnectOptions {
  /** A line to standard error. */
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
  readonly streams: Streams;
}

const LOST = 1;
const USAGE = 2;
const REFUSED = 3;

/** Ask for the end; a second one is the system's to deal with. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Gives the exit code: 0 it ended as it should, 1 it is lost or never came about, 2 usage, 3 the server refuses. */
export async function runConnect(
  { url, given, switches }: ConnectRequest,
  { complain, environment, streams }: ConnectOptions,
): Promise<number> {
  const settings = await readSettings(url, given, switches, environment);
  if ("problem" in settings) {
    complain(`connect: ${settings.problem}`);
    return USAGE;
  }
  // Measured on 2.4.2: its handshake doesn't end.
  if (settings.tls?.isInsecure && !isAtLeast(Deno.version.deno, 2, 9)) {
    complain(`connect: --insecure needs Deno 2.9 or newer, this is ${Deno.version.deno}`);
    return USAGE;
  }
  const tell = (text: string) => complain(`${settings.authority}: ${text}`);
  const joints = createJoints();
  try {
    return settings.listen.length === 0
      ? await joinStreams(settings, streams, joints, tell)
      : await serveLocally(settings, joints, tell, complain);
  } finally {
    await joints.close();
  }
}

async function joinStreams(
  settings: ConnectSettings,
  streams: Streams,
  joints: Joints,
  tell: (text: string) => void,
): Promise<number> {
  const opened = await openWebSocket(settings);
  if ("kind" in opened) {
    tell(wordsFor(opened));
    return opened.kind === "refused" ? REFUSED : LOST;
  }
  const stdio = createStdio(streams);
  const { signal, stop } = untilSignal();
  const end = await joints.join(joinOptions(settings, opened, stdio, signal));
  stop();
  const { code, text } = stdio.outputFailure === null
    ? endingOf(end, "standard input")
    : { code: LOST, text: stdio.outputFailure };
  if (text !== null) tell(text);
  return code;
}

async function serveLocally(
  settings: ConnectSettings,
  joints: Joints,
  tell: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  const teller = createOutageTeller(tell);
  const { signal, stop } = untilSignal();
  const tunnels = new Set<Promise<void>>();
  const serve = async (local: BackendConnection) => {
    const opened = await openWebSocket(settings);
    if ("kind" in opened) {
      teller.trouble(wordsFor(opened));
      return local.close();
    }
    teller.well();
    const end = await joints.join(joinOptions(settings, opened, local, signal));
    const { text } = endingOf(end, "the connection here");
    // What one connection does is no outage.
    if (text !== null && !end.cause.startsWith("backend-")) teller.trouble(text);
  };
  const onConnection = (local: Deno.TcpConn | Deno.UnixConn) => {
    const served = serve(local).finally(() => tunnels.delete(served));
    tunnels.add(served);
  };
  const listeners: LocalListener[] = [];
  let code = 0;
  for (const address of settings.listen) {
    try {
      const onFailing = (error: unknown) =>
        complain(`cannot accept a connection: ${(error as Error).message}`);
      const listener = await listenAt(address, onConnection, onFailing);
      listeners.push(listener);
      complain(`listening on ${listener.name}`);
    } catch (error) {
      complain(`cannot listen on ${formatAddress(address)}: ${(error as Error).message}`);
      code = LOST;
      break;
    }
  }
  if (code === 0 && !signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
  stop();
  await Promise.all(listeners.map((listener) => listener.close()));
  await Promise.all(tunnels);
  return code;
}

function wordsFor({ kind, reason }: OpenProblem): string {
  return kind === "refused" ? `refuses: ${reason}` : reason;
}

function joinOptions(
  { frameType, pingIntervalMs }: ConnectSettings,
  { connection, subprotocol }: Opened,
  local: BackendConnection,
  signal: AbortSignal,
): JoinOptions {
  const encoding = encodingOf(subprotocol) ?? frameType;
  return { server: connection, local, encoding, pingIntervalMs, signal };
}

/** Two subprotocols say themselves how bytes are sent. */
function encodingOf(subprotocol: string | null): Encoding | null {
  return subprotocol === "base64" || subprotocol === "binary" ? subprotocol : null;
}

function untilSignal() {
  const ending = new AbortController();
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  };
  const onSignal = () => {
    stop();
    ending.abort();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return { signal: ending.signal, stop };
}

/**
 * `wstunnel connect URL`: the client's side of a tunnel, joined to standard input and output. Loaded only by who gives it.
 *
 * The end of the input is told by a Close, since a WebSocket has no half-close; what the server sends until its own Close is still written.
 *
 * @module
 */
import type { Encoding } from "../tunnel/encoder.ts";
import type { ConnectRequest } from "./arguments.ts";
import { endingOf } from "./connect/ending.ts";
import { openWebSocket } from "./connect/open.ts";
import { readSettings } from "./connect/settings.ts";
import { createStdio, type Streams } from "./connect/stdio.ts";
import { join } from "./connect/tunnel.ts";

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
  { url, given }: ConnectRequest,
  { complain, environment, streams }: ConnectOptions,
): Promise<number> {
  const settings = await readSettings(url, given, environment);
  if ("problem" in settings) {
    complain(`connect: ${settings.problem}`);
    return USAGE;
  }
  const { authority } = settings;
  const opened = await openWebSocket(settings);
  if ("kind" in opened) {
    const isRefused = opened.kind === "refused";
    complain(`${authority}${isRefused ? " refuses" : ""}: ${opened.reason}`);
    return isRefused ? REFUSED : LOST;
  }
  const stdio = createStdio(streams);
  const { signal, stop } = untilSignal();
  const end = await join({
    server: opened.connection,
    local: stdio,
    encoding: encodingOf(opened.subprotocol) ?? settings.frameType,
    pingIntervalMs: settings.pingIntervalMs,
    signal,
  });
  stop();
  const { code, text } = stdio.outputFailure === null
    ? endingOf(end)
    : { code: LOST, text: stdio.outputFailure };
  if (text !== null) complain(`${authority}: ${text}`);
  return code;
}

/** Two subprotocols say themselves how bytes are sent. */
function encodingOf(subprotocol: string | null): Encoding | null {
  return subprotocol === "base64" || subprotocol === "binary" ? subprotocol : null;
}

function untilSignal() {
  const ending = new AbortController();
  const stop = () => {
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  };
  const onSignal = () => {
    stop();
    ending.abort();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return { signal: ending.signal, stop };
}

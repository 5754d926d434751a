/**
 * `wstunnel connect URL`: the client's side of a tunnel, joined to standard input and output, or to each connection
 * of a listener. Loaded only by who gives it.
 *
 * The end of the input is told by a Close, since a WebSocket has no half-close; what the server sends until its own Close is still written.
 *
 * @module
 */
import { isAtLeast } from "../base/version.ts";
import type { ConnectRequest } from "./arguments.ts";
import { endingOf, LOST, problemCode } from "./connect/ending.ts";
import { openWebSocket } from "./connect/open.ts";
import { readPlan } from "./connect/plan.ts";
import { serveLocally } from "./connect/serve.ts";
import { type ConnectSettings, readSettings } from "./connect/settings.ts";
import { untilSignal } from "./connect/signals.ts";
import { createStdio, type Streams } from "./connect/stdio.ts";
import { createJoints, joinOptions, type Joints } from "./connect/tunnel.ts";

export interface ConnectOptions {
  /** A line to standard error. */
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
  readonly streams: Streams;
}

const USAGE = 2;

/** Gives the exit code: 0 it ended as it should, 1 it is lost or never came about, 2 usage, 3 the server refuses. */
export async function runConnect(
  { words, given, switches }: ConnectRequest,
  { complain, environment, streams }: ConnectOptions,
): Promise<number> {
  const misuse = (problem: string) => {
    complain(`connect: ${problem}`);
    return USAGE;
  };
  const plan = readPlan(words, given, switches);
  if ("problem" in plan) return misuse(plan.problem);
  const { lanes, once, socks } = plan;
  const all = await readSettings(lanes.map(({ url }) => url), given, switches, environment);
  if ("problem" in all) return misuse(all.problem);
  // Measured on 2.4.2: its handshake doesn't end.
  if (switches.includes("--insecure") && !isAtLeast(Deno.version.deno, 2, 9)) {
    return misuse(`--insecure needs Deno 2.9 or newer, this is ${Deno.version.deno}`);
  }
  const joints = createJoints();
  try {
    if (lanes.every(({ listen }) => listen.length === 0)) {
      const [settings] = all as [ConnectSettings];
      return await joinStreams(settings, streams, joints, complain);
    }
    const served = lanes.map(({ listen }, at) => ({ listen, settings: all[at]! }));
    return await serveLocally(served, { once, socks, joints, complain });
  } finally {
    await joints.close();
  }
}

async function joinStreams(
  settings: ConnectSettings,
  streams: Streams,
  joints: Joints,
  complain: (text: string) => void,
): Promise<number> {
  const tell = (text: string) => complain(`${settings.authority}: ${text}`);
  const opened = await openWebSocket(settings);
  if ("kind" in opened) {
    tell(opened.reason);
    return problemCode(opened);
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

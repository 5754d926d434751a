/**
 * What `top` hears of the server, once a second, for as long as it runs: the server may go and come back.
 *
 * @module
 */
import type { BackendRow, Sample, StatusAnswer, TunnelRow } from "../../control/admin/shapes.ts";
import type { SentEvent } from "../../http/event_stream.ts";
import {
  type AdminPlace,
  askAdmin,
  explainAnswer,
  followAdmin,
  objectIn,
  rowsIn,
} from "../admin_client.ts";
import type { Happening, Seen } from "./state.ts";

const PAUSE_MS = 1_000;

export interface Feed {
  /** Asks now, since something has been changed. */
  refresh(): void;
  stop(): void;
}

/** Tells what it hears; never throws, unless `tell` does. */
export function startFeed(place: AdminPlace, tell: (happening: Happening) => void): Feed {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake = () => {};
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function look(): Promise<void> {
    while (!signal.aborted) {
      const looked = await lookAt(place);
      if (signal.aborted) return;
      tell(
        "problem" in looked ? { kind: "lost", why: looked.problem } : { kind: "seen", ...looked },
      );
      await pause();
    }
  }

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      await followSamples(place, tell, signal);
      // Why it has ended is told by who looks, too.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  void look();
  void follow();
  return {
    refresh: () => wake(),
    stop() {
      stopping.abort();
      wake();
    },
  };
}

/** Follows the samples until `signal` is aborted or the server ends them. */
export async function followSamples(
  place: AdminPlace,
  tell: (happening: Happening) => void,
  signal: AbortSignal,
): Promise<void> {
  await followAdmin(place, "/api/events", (event) => {
    const happening = happeningOf(event);
    if (happening !== null && !signal.aborted) tell(happening);
  }, signal);
}

function happeningOf({ name, data }: SentEvent): Happening | null {
  if (name === "sample") {
    const sample = objectIn(data);
    return sample === null ? null : { kind: "sample", sample: sample as unknown as Sample };
  }
  if (name !== "history") return null;
  const samples = rowsIn<Sample>(objectIn(`{"samples":${data}}`) ?? {}, "samples");
  return samples === null ? null : { kind: "history", samples };
}

/** Asks for all that `top` shows but the samples. */
export async function lookAt(
  place: AdminPlace,
): Promise<{ readonly seen: Seen } | { readonly problem: string }> {
  const got: Readonly<Record<string, unknown>>[] = [];
  for (const path of ["/api/status", "/api/tunnels", "/api/backends"]) {
    const answer = await askAdmin(place, { method: "GET", path });
    if ("problem" in answer) return answer;
    const object = answer.status === 200 ? objectIn(answer.text) : null;
    if (object === null) return { problem: explainAnswer(place, answer) };
    got.push(object);
  }
  const [status, listed, others] = got as [typeof got[0], typeof got[0], typeof got[0]];
  const tunnels = rowsIn<TunnelRow>(listed, "tunnels");
  const backends = rowsIn<BackendRow>(others, "backends");
  if (tunnels === null || backends === null || rowsIn(status, "listeners") === null) {
    return { problem: explainAnswer(place, { status: 200, text: "" }) };
  }
  return { seen: { status: status as unknown as StatusAnswer, tunnels, backends } };
}

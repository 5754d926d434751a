/**
 * What a program prints, as it is told of: so many lines a second, the rest told of by their number, and the last ones kept to explain an end.
 *
 * @module
 */
import { createRateGate } from "../base/rate_gate.ts";
import type { ProgramIdentity } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import type { LineSink } from "./lines.ts";

/**
 * Of each program. A burst is what starts up with a banner, or dies with a stack; what goes on is told of by 50 lines a second, each of at most
 * 4 KiB, while one that writes without a pause has a million.
 */
const GATE = { burst: 200, perSecond: 50, maxKinds: 1 };

/** How soon it is told how many were left out. */
const SUMMARY_MS = 1_000;

/** Lines kept to explain an end. */
const TAIL_LINES = 5;

export interface Output {
  /** The last lines, oldest first. */
  readonly tail: readonly string[];
  /** For the lines of one of its outputs. */
  sink(stream: "stdout" | "stderr"): LineSink;
  /** Tells what is yet to be told; nothing more comes. */
  end(): void;
}

/** `names` says whose output it is, asked for with each line. */
export function createOutput(
  events: Pick<Events, "emit" | "wants">,
  names: () => ProgramIdentity,
): Output {
  const { emit } = events;
  const isWanted = () => events.wants("program-output");
  const gate = createRateGate(GATE);
  const tail: string[] = [];
  let leftOut = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    const count = leftOut;
    leftOut = 0;
    emit({ kind: "program-output-left-out", ...names(), lines: count });
  };
  const leaveOut = (count: number) => {
    leftOut += count;
    if (isWanted()) timer ??= setTimeout(tell, SUMMARY_MS);
  };
  return {
    tail,
    sink: (stream) => ({
      line(text) {
        if (text !== "") tail.push(text);
        if (tail.length > TAIL_LINES) tail.shift();
        if (!isWanted()) return;
        if (!gate.admits("", performance.now())) leaveOut(1);
        else if (text !== "") emit({ kind: "program-output", ...names(), stream, line: text });
      },
      wantsAll: () => isWanted() && leftOut === 0,
      skipped: leaveOut,
    }),
    end() {
      if (timer === undefined) return;
      clearTimeout(timer);
      tell();
    },
  };
}

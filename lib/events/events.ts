/**
 * The way from where something happens to whoever is to know: each event goes to every sink in turn.
 *
 * @module
 */
import type { Event } from "./event.ts";

/** Tells of what happened. Never throws. */
export type Emit = (event: Event) => void;

/** Kinds that come by the frame or the line: told of only where a sink looks at them. */
export type CostlyKind = "frame" | "program-output";

/** Is told of everything, in order: the log is one. */
export interface Sink {
  take(event: Event): void;
  /** Whether it looks at a kind that costs much to tell of; a reload may change that. */
  wants(kind: CostlyKind): boolean;
  /** Resolves when what it was told is where it belongs; for ever pending when nobody takes it. @default at once */
  flushed?(): Promise<void>;
  /** How many lines it could not write. @default none */
  dropped?(): number;
  /** The last of everything has been told: writes what is yet to be written, and keeps no timer. */
  close?(): void;
}

export interface Events {
  readonly emit: Emit;
  /** From now on this one is told as well. */
  add(sink: Sink): void;
  /**
   * Whether events of a costly kind need be made at all, by now: of frames it is asked as a tunnel opens, which tells of them, or doesn't, as
   * long as it is open; of what programs print with each line.
   */
  wants(kind: CostlyKind): boolean;
  /** How many lines all sinks together could not write. */
  dropped(): number;
  /** Resolves when every sink is {@linkcode Sink.flushed}. */
  flushed(): Promise<void>;
  close(): void;
}

/** A sink that throws harms neither the others nor who tells: its first defect is told to the others. */
export function createEvents(first: readonly Sink[]): Events {
  const sinks = [...first];
  const failed = new Set<Sink>();
  const emit = (event: Event) => {
    for (const sink of sinks) {
      try {
        sink.take(event);
      } catch (error) {
        if (failed.has(sink)) continue;
        failed.add(sink);
        emit({ kind: "defect", error });
      }
    }
  };
  return {
    emit,
    add: (sink) => void sinks.push(sink),
    wants: (kind) => sinks.some((sink) => sink.wants(kind)),
    dropped: () => sinks.reduce((sum, sink) => sum + (sink.dropped?.() ?? 0), 0),
    flushed: async () => {
      await Promise.all(sinks.map((sink) => sink.flushed?.()));
    },
    close: () => sinks.forEach((sink) => sink.close?.()),
  };
}

/**
 * A line of the log before it is written.
 *
 * @module
 */
import type { LogFields } from "../../base/logger.ts";
import type { EventKind, EventOf } from "../event.ts";

export interface Line {
  /** `answer`: what somebody asked for just now, written at every level but none. */
  readonly level: "error" | "warn" | "info" | "debug" | "answer";
  readonly message: string;
  readonly fields: LogFields;
  /** Of what anybody can cause as often as he likes: the line that stands for many of the same message and fields. */
  readonly summary?: Summary;
}

export interface Summary {
  readonly message: string;
  readonly fields: LogFields;
  /** Of what comes and goes: how it is since, so that the last word tells it. */
  readonly now?: string;
}

/** The lines of some kinds of events; null: there is none. */
export type LinesOf<Kinds extends EventKind> = {
  readonly [Kind in Kinds]: (event: EventOf<Kind>) => Line | null;
};

export const error = (message: string, fields: LogFields = {}): Line => ({
  level: "error",
  message,
  fields,
});

export const warn = (message: string, fields: LogFields = {}): Line => ({
  level: "warn",
  message,
  fields,
});

export const info = (message: string, fields: LogFields = {}): Line => ({
  level: "info",
  message,
  fields,
});

export const debug = (message: string, fields: LogFields): Line => ({
  level: "debug",
  message,
  fields,
});

export const answer = (message: string, fields: LogFields): Line => ({
  level: "answer",
  message,
  fields,
});

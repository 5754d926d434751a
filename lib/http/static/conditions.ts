/**
 * Conditions that a request makes, RFC 9110 section 13, in the order of section 13.2.2.
 *
 * @module
 */
import type { HeaderFields } from "../request.ts";
import { parseDate } from "./date.ts";
import { ANY, hasStrongly, hasWeakly, parseTags } from "./entity_tag.ts";

/** By what a client knows again what it has. */
export interface Validators {
  /** A strong entity tag. */
  readonly tag: string;
  /** As Last-Modified says it: a whole second, and not after the present. */
  readonly modifiedMs: number;
}

/** `send`: the conditions hold; `not-modified`: the client has it (304); `failed`: it must not be sent (412). */
export type Outcome = "send" | "not-modified" | "failed";

/** Below that a file may have changed after a client was told of its time (section 8.8.2.2). */
const SURE_AFTER_MS = 1_000;

/** Decides for a file that is there, asked for by GET or HEAD. A date that is none makes no condition. */
export function judge(headers: HeaderFields, validators: Validators, nowMs: number): Outcome {
  const { tag, modifiedMs } = validators;
  const match = headers.get("if-match");
  if (match !== null) {
    const tags = parseTags(match);
    if (tags !== ANY && !hasStrongly(tags, tag)) return "failed";
  } else {
    const since = dateOf(headers, "if-unmodified-since", nowMs);
    if (since !== null && modifiedMs > since) return "failed";
  }
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    const tags = parseTags(noneMatch);
    return tags === ANY || hasWeakly(tags, tag) ? "not-modified" : "send";
  }
  const since = dateOf(headers, "if-modified-since", nowMs);
  return since !== null && modifiedMs <= since ? "not-modified" : "send";
}

/**
 * Whether a range may be sent, which fits what the client has (section 13.1.5): without If-Range it may. A tag is compared strongly; a
 * date must be the very one, and old enough to be sure.
 */
export function allowsRange(
  headers: HeaderFields,
  { tag, modifiedMs }: Validators,
  nowMs: number,
): boolean {
  const value = headers.get("if-range");
  if (value === null) return true;
  if (/^(?:W\/)?"/.test(value)) return value === tag;
  return parseDate(value, nowMs) === modifiedMs && nowMs - modifiedMs >= SURE_AFTER_MS;
}

function dateOf(headers: HeaderFields, name: string, nowMs: number): number | null {
  const value = headers.get(name);
  return value === null ? null : parseDate(value, nowMs);
}

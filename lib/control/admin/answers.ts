/**
 * Answers of the admin listener, none of which anybody keeps or another origin may use.
 *
 * @module
 */
import type { ErrorAnswer } from "./shapes.ts";

export type Headers = Readonly<Record<string, string>>;

const GUARDED: Headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

/** Any body. */
export function answer(
  status: number,
  type: string,
  body: BodyInit,
  headers: Headers = {},
): Response {
  return new Response(body, { status, headers: { ...GUARDED, "content-type": type, ...headers } });
}

export function json(value: unknown, status = 200): Response {
  return answer(status, "application/json", JSON.stringify(value) + "\n");
}

/** A word of what is asked for by people and probes. */
export function plain(text: string, status = 200): Response {
  return answer(status, "text/plain; charset=utf-8", text + "\n");
}

/** Done, with nothing to tell. */
export function nothing(): Response {
  return new Response(null, { status: 204, headers: GUARDED });
}

export function failure(status: number, error: string, headers: Headers = {}): Response {
  const body: ErrorAnswer = { error };
  return answer(status, "application/json", JSON.stringify(body) + "\n", headers);
}

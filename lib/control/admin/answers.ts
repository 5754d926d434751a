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

/** One that is there as a whole. */
export function answer(
  status: number,
  type: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Headers = {},
): Response {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const length = { "content-length": String(bytes.length) };
  return respond(status, bytes, { "content-type": type, ...length, ...headers });
}

/** One that goes on until it is ended. */
export function streamed(
  type: string,
  body: ReadableStream<Uint8Array>,
  headers: Headers = {},
): Response {
  return respond(200, body, { "content-type": type, ...headers });
}

function respond(status: number, body: BodyInit | null, headers: Headers): Response {
  return new Response(body, { status, headers: { ...GUARDED, ...headers } });
}

const encoder = new TextEncoder();

export function json(value: unknown, status = 200): Response {
  return answer(status, JSON_TYPE, jsonBytes(value));
}

export const JSON_TYPE = "application/json";

export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(value) + "\n");
}

/** A word of what is asked for by people and probes. */
export function plain(text: string, status = 200): Response {
  return answer(status, "text/plain; charset=utf-8", text + "\n");
}

/** Done, with nothing to tell. */
export function nothing(): Response {
  return respond(204, null, {});
}

export function failure(status: number, error: string, headers: Headers = {}): Response {
  const body: ErrorAnswer = { error };
  return answer(status, JSON_TYPE, jsonBytes(body), headers);
}

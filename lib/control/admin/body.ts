/**
 * The body of a request, bounded in size and time.
 *
 * @module
 */
import { within } from "../../base/within.ts";

/** What is asked for is some words. */
const MAX_BYTES = 64 * 1024;

const PATIENCE_MS = 5_000;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that a body is as JSON, or what is wrong with it. */
export type JsonBody =
  | { readonly value: JsonObject }
  | { readonly problem: string };

export async function readJson({ body }: Request): Promise<JsonBody> {
  if (body === null) return { problem: "the body must be JSON" };
  const reading = readAtMost(body);
  if (!await within(reading, PATIENCE_MS)) return { problem: "the body has not come in time" };
  try {
    const text = await reading;
    if (text === null) return { problem: `the body must be at most ${MAX_BYTES} bytes` };
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject
      ? { value: value as JsonObject }
      : { problem: "the body must be an object as JSON" };
  } catch {
    return { problem: "the body must be JSON" };
  }
}

async function readAtMost(body: ReadableStream<Uint8Array>): Promise<string | null> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let count = 0;
  for await (const part of body) {
    count += part.length;
    if (count > MAX_BYTES) return null;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

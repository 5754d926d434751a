/**
 * The body of a request.
 *
 * @module
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that a body is as JSON, or what is wrong with it. */
export type JsonBody =
  | { readonly value: JsonObject }
  | { readonly problem: string };

export function readJson(body: Uint8Array<ArrayBuffer>): JsonBody {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject
      ? { value: value as JsonObject }
      : { problem: "the body must be an object as JSON" };
  } catch {
    return { problem: 'the body must be JSON, such as {"backend": "127.0.0.1:5900"}' };
  }
}

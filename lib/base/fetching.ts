/**
 * What the answer of another server holds, and why there is none.
 *
 * @module
 */

/** The whole of a body; null where it is longer than that. */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array[] = [];
  let count = 0;
  for await (const part of body ?? []) {
    count += part.length;
    if (count > maxBytes) return null;
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/**
 * Why `fetch` has failed. The runtime's words for it, or for its cause, begin with the whole URL, which may hold a secret; of words that
 * have one in them all the same none are repeated.
 */
export function fetchFailure(error: unknown): string {
  const { cause } = error as Error;
  const { message } = cause instanceof Error ? cause : error as Error;
  const reason = message.replace(/^.*\bfor url \(.*\): /s, "");
  return reason.includes("://") ? "the reason has a URL in it" : reason;
}

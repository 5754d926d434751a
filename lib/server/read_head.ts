/**
 * Reading a request's head from a connection.
 *
 * @module
 */
import { startDeadline } from "../base/deadline.ts";
import { type Answer, answer } from "../http/answer.ts";
import { HeadParser, MAX_HEAD_BYTES } from "../http/head.ts";
import type { RequestHead } from "../http/request.ts";
import type { ElasticBuffer } from "../websocket/elastic_buffer.ts";

/** A head; what came behind it are the first `behind` bytes of the buffer. */
export interface ReadHead {
  readonly head: RequestHead;
  readonly behind: number;
}

/**
 * What came of it: a head; an answer to what is none, with the read that is still under way; or null, the client went
 * away.
 */
export type HeadResult = ReadHead | HeadRefusal | null;

export interface HeadRefusal {
  readonly refusal: Answer;
  /** False: it is the answer to HEAD (RFC 9110 section 9.3.2), right in form or not. */
  readonly withBody: boolean;
  readonly pending: Promise<number | null> | null;
}

/** Reads a head into the buffer, which must be small, and grows where that isn't enough; within the time. */
export async function readHead(
  connection: Pick<Deno.Conn, "read">,
  buffer: ElasticBuffer,
  timeoutMs: number,
): Promise<HeadResult> {
  const parser = new HeadParser();
  const { promise: timeout, resolve } = Promise.withResolvers<"timeout">();
  const cancel = startDeadline(timeoutMs, () => resolve("timeout"));
  try {
    for (let to = 0;;) {
      if (to === buffer.wide.bytes.length) buffer.swap(0, to, 0);
      const { bytes } = buffer.wide;
      // No more than a head may have: what comes behind it is held by the system.
      const pending = connection.read(bytes.subarray(to, MAX_HEAD_BYTES));
      const count = await Promise.race([pending, timeout]);
      if (count === "timeout") {
        const seconds = timeoutMs / 1000;
        const refusal = answer(408, `no request within ${seconds} seconds`);
        return { refusal, withBody: !asksForHead(bytes.subarray(0, to)), pending };
      }
      if (count === null) return null;
      to += count;
      const parsed = parser.parse(bytes, 0, to);
      if (parsed === "incomplete") continue;
      if ("head" in parsed) {
        buffer.moveToFront(parsed.end, to);
        return { head: parsed.head, behind: to - parsed.end };
      }
      const { status, reason } = parsed.problem;
      const withBody = !asksForHead(bytes.subarray(0, to));
      return { refusal: answer(status, reason), withBody, pending: null };
    }
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/** An empty line may come before the request (RFC 9112 section 2.2). */
function asksForHead(bytes: Uint8Array): boolean {
  return /^(?:\r\n)?HEAD /.test(String.fromCharCode(...bytes.subarray(0, 7)));
}

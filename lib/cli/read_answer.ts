/**
 * The head of a server's answer, and what it says in words.
 *
 * @module
 */
import { shorten } from "../base/shorten.ts";
import type { BackendConnection } from "../backend/connection.ts";
import { type AnswerHead, AnswerHeadParser } from "../http/answer_head.ts";
import { MAX_HEAD_BYTES } from "../http/head.ts";

/** What is wrong with "the answer" where the connection ends without one. */
export const NO_ANSWER = "has not come: the connection has ended";

/** Of a status line, and of a body that is no explanation in one line. */
const MAX_WORDS_LENGTH = 200;

/** An answer's head and what came with it. */
export interface Answer {
  readonly head: AnswerHead;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Reads the head of the first answer that is final: informational ones may come before it (RFC 9110 section 15.2). */
export async function readAnswer(
  connection: BackendConnection,
): Promise<Answer | { readonly problem: string }> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  let parser = new AnswerHeadParser();
  for (let end = 0;;) {
    const parsed = parser.parse(bytes, 0, end);
    if (parsed === "incomplete") {
      const count = await connection.read(bytes.subarray(end));
      if (count === null) return { problem: end === 0 ? NO_ANSWER : "ends inside its head" };
      end += count;
    } else if ("problem" in parsed) {
      return parsed;
    } else if (isFinal(parsed.head)) {
      return { head: parsed.head, rest: bytes.subarray(parsed.end, end) };
    } else {
      parser = new AnswerHeadParser();
      bytes.copyWithin(0, parsed.end, end);
      end -= parsed.end;
    }
  }
}

function isFinal({ status }: AnswerHead): boolean {
  return status === 101 || status >= 200;
}

/** A server's words without what would move a terminal's cursor, or more. */
export function printable(words: string): string {
  return words.replace(/\p{Cc}/gu, "?");
}

/** The status and what the server calls it. */
export function statusWords({ status, reasonPhrase }: AnswerHead): string {
  return printable(shorten(`${status} ${reasonPhrase}`.trim(), MAX_WORDS_LENGTH));
}

/** The status and the first line of the body, where that is no page and stands as it is. */
export function explain({ head, rest }: Answer): string {
  const { headers } = head;
  const isCoded = ["transfer-encoding", "content-encoding"].some((name) =>
    headers.get(name) !== null
  );
  const isText = !isCoded && /^text\/plain\b/i.test(headers.get("content-type") ?? "text/plain");
  const line = isText ? new TextDecoder().decode(rest).split("\n")[0]!.trim() : "";
  const words = printable(shorten(line, MAX_WORDS_LENGTH));
  return statusWords(head) + (words && `: ${words}`);
}

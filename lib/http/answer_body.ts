/**
 * Reads the body of an answer, RFC 9112 sections 6.3 and 7.1: of a known length, in chunks, or up to the end of the connection.
 *
 * @module
 */
import type { AnswerHead } from "./answer_head.ts";
import { latin1 } from "./fields.ts";

/** What of some bytes is the body; a problem says what is wrong with "the answer". */
export type BodyPart =
  | { readonly parts: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly problem: string };

/** Longest line around a chunk: its size with extensions, or a field behind the last one. */
const MAX_LINE_BYTES = 4096;

const LF = 0x0a;

/**
 * - `data`: the body, or a chunk of it, goes on for so many bytes
 * - `size`: the line with the size of the next chunk is due
 * - `gap`: the empty line behind a chunk
 * - `trailer`: fields behind the last chunk, up to an empty line
 * - `over`: there is no more
 */
type State = "data" | "size" | "gap" | "trailer" | "over";

/** The body behind a head. Bytes behind its end are passed over: one request is asked on a connection. */
export class AnswerBody {
  #state: State;
  #isChunked: boolean;
  #left: number;
  #line = "";

  constructor({ status, headers }: AnswerHead) {
    const length = headers.get("content-length");
    this.#isChunked = /(?:^|,)\s*chunked\s*$/i.test(headers.get("transfer-encoding") ?? "");
    this.#left = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : Infinity;
    const isEmpty = status === 204 || status === 304 || (!this.#isChunked && this.#left === 0);
    this.#state = isEmpty ? "over" : this.#isChunked ? "size" : "data";
  }

  /** Whether it has come whole. One that ends with the connection never says so itself. */
  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Whether the connection may end here. */
  get mayEnd(): boolean {
    return this.isOver || (!this.#isChunked && this.#left === Infinity);
  }

  /** Takes what has come; the parts lie in `bytes`. Not to be called after a problem. */
  take(bytes: Uint8Array<ArrayBuffer>): BodyPart {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length && this.#state !== "over";) {
      if (this.#state === "data") {
        const part = bytes.subarray(at, at + this.#left);
        parts.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = this.#isChunked ? "gap" : "over";
        continue;
      }
      const end = bytes.indexOf(LF, at);
      this.#line += latin1(bytes, at, end < 0 ? bytes.length : end);
      if (this.#line.length > MAX_LINE_BYTES) return { problem: "has too long a line in its body" };
      if (end < 0) break;
      at = end + 1;
      const line = this.#line.replace(/\r$/, "");
      this.#line = "";
      if (!this.#endLine(line)) return { problem: "has a broken chunk" };
    }
    return { parts };
  }

  #endLine(line: string): boolean {
    if (this.#state === "gap") {
      this.#state = "size";
      return line === "";
    }
    if (this.#state === "trailer") {
      if (line === "") this.#state = "over";
      return true;
    }
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line);
    if (size === null) return false;
    this.#left = parseInt(size[1]!, 16);
    this.#state = this.#left === 0 ? "trailer" : "data";
    return true;
  }
}

/**
 * Reads the head of an answer, RFC 9112 sections 2, 4 and 5, as strictly as that of a request.
 *
 * @module
 */
import { CR, latin1, LF, nameStray, parseFields, skipText } from "./fields.ts";
import { MAX_HEAD_BYTES } from "./head.ts";
import type { HeaderFields } from "./request.ts";

export interface AnswerHead {
  readonly version: "1.0" | "1.1";
  readonly status: number;
  /** May be empty. */
  readonly reasonPhrase: string;
  readonly headers: HeaderFields;
}

/** What has come of a head so far; a problem says what is wrong with "the answer". */
export type ParsedAnswer =
  | "incomplete"
  | {
    readonly head: AnswerHead;
    /** Where the bytes after the head begin. */
    readonly end: number;
  }
  | { readonly problem: string };

/** How every answer begins that is read here. */
const PREFIX = new TextEncoder().encode("HTTP/1.");

export const NO_HTTP = "is no HTTP";

/** Reads one head, as its bytes come; each byte is looked at once. */
export class AnswerHeadParser {
  /** Offsets from the start of the head. */
  #scanned = 0;
  #lineStart = 0;
  #fieldsStart = 0;
  #line: Omit<AnswerHead, "headers"> | null = null;

  /**
   * Reads on in a head that begins at `start` and has come up to `end`; called again with the same start, or wherever the
   * bytes were moved to, as more come. Not to be called after a head or a problem.
   */
  parse(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): ParsedAnswer {
    if (!beginsRight(bytes, start, end)) return { problem: NO_HTTP };
    const limit = Math.min(end, start + MAX_HEAD_BYTES);
    for (;;) {
      const at = skipText(bytes, start + this.#scanned, limit);
      this.#scanned = at - start;
      if (at < limit && bytes[at] !== CR) return { problem: `has ${nameStray(bytes[at]!)}` };
      if (at + 1 >= limit) break;
      if (bytes[at + 1] !== LF) return { problem: "has a bare carriage return" };
      this.#scanned += 2;
      const parsed = this.#endLine(bytes, start, at);
      if (parsed !== null) return parsed;
      this.#lineStart = this.#scanned;
    }
    if (end - start < MAX_HEAD_BYTES) return "incomplete";
    return { problem: `has a head over ${MAX_HEAD_BYTES} bytes` };
  }

  /** Deals with a line; null: the next one follows. */
  #endLine(
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    lineEnd: number,
  ): ParsedAnswer | null {
    const lineStart = start + this.#lineStart;
    if (this.#line === null) {
      this.#line = parseStatusLine(latin1(bytes, lineStart, lineEnd));
      this.#fieldsStart = this.#scanned;
      return this.#line === null ? { problem: NO_HTTP } : null;
    }
    if (lineStart !== lineEnd) return null;
    const fields = parseFields(latin1(bytes, start + this.#fieldsStart, lineStart));
    if (!(fields instanceof Map)) return { problem: `has ${fields.reason}` };
    const headers: HeaderFields = { get: (name) => fields.get(name) ?? null };
    return { head: { ...this.#line, headers }, end: lineEnd + 2 };
  }
}

/** Looks at what has come: who speaks something else may wait for us before it sends more. */
function beginsRight(bytes: Uint8Array, start: number, end: number): boolean {
  const count = Math.min(end - start, PREFIX.length);
  for (let i = 0; i < count; i++) if (bytes[start + i] !== PREFIX[i]) return false;
  return true;
}

/** RFC 9112 section 4; that the space in front of an empty phrase is left out is common. */
function parseStatusLine(line: string): Omit<AnswerHead, "headers"> | null {
  const match = /^HTTP\/(1\.[01]) ([1-5]\d\d)(?: (.*))?$/.exec(line);
  if (match === null) return null;
  const version = match[1] as AnswerHead["version"];
  return { version, status: Number(match[2]), reasonPhrase: match[3] ?? "" };
}

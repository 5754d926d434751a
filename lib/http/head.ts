/**
 * Reads the head of a request, RFC 9112 sections 2 to 5, strictly: what two readers could understand differently is refused.
 *
 * Lines end with CRLF; no control characters but tabs in values; no folded lines (section 5.2); no space before a colon
 * (section 5.1); one Host, Content-Length and Transfer-Encoding at most; no body with an upgrade. One empty line in
 * front is passed over (section 2.2). Whether Host is there, and what it says, is the handshake's business.
 *
 * @module
 */

import { CR, latin1, LF, nameStray, parseFields, skipText } from "./fields.ts";
import type { HeaderFields, RequestHead } from "./request.ts";
import {
  badRequest,
  type HeadProblem,
  parseRequestLine,
  type RequestLine,
} from "./request_line.ts";

/** The whole head, with the empty line that ends it, where nothing else is said. */
export const MAX_HEAD_BYTES = 16384;

/** Of the whole head, what its first line may take, without its CRLF: 8192, where RFC 9112 section 3 recommends at least 8000. */
const REQUEST_LINE_SHARE = 1 / 2;

/** What has come of a head so far. */
export type ParsedHead =
  | "incomplete"
  | {
    readonly head: RequestHead; /** Where the bytes after the head begin. */
    readonly end: number;
  }
  | { readonly problem: HeadProblem };

/** The first byte of a TLS client: the type of its record (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 0x16;

/** Reads one head, as its bytes come; each byte is looked at once. */
export class HeadParser {
  /** Offsets from the start of the head. */
  #scanned = 0;
  #lineStart = 0;
  #fieldsStart = 0;
  #line: RequestLine | null = null;
  /** What has come, as text, while it is looked at: most heads come whole. */
  #text: string | null = null;
  readonly #maxBytes: number;

  /** `maxBytes`: of the whole head, its empty line among them. */
  constructor(maxBytes: number = MAX_HEAD_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads on in a head that begins at `start` and has come up to `end`; called again with the same start, or wherever the
   * bytes were moved to, as more come. Not to be called after a head or a problem.
   */
  parse(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): ParsedHead {
    const parsed = this.#parse(bytes, start, end);
    this.#text = null;
    return parsed;
  }

  #parse(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): ParsedHead {
    const maxBytes = this.#maxBytes;
    const maxLineBytes = Math.floor(maxBytes * REQUEST_LINE_SHARE);
    const limit = Math.min(end, start + maxBytes);
    for (;;) {
      const lineStart = start + this.#lineStart;
      const lineLimit = lineStart + maxLineBytes + 1;
      const stop = this.#line === null ? Math.min(limit, lineLimit) : limit;
      const at = skipText(bytes, start + this.#scanned, stop);
      this.#scanned = at - start;
      if (this.#line === null && at === lineLimit) {
        return { problem: { status: 414, reason: `a request line over ${maxLineBytes} bytes` } };
      }
      if (at < limit && bytes[at] !== CR) {
        if (at === start && bytes[at] === TLS_HANDSHAKE) {
          return {
            problem: badRequest("a TLS handshake: wss:// and https:// are not spoken here"),
          };
        }
        return { problem: badRequest(nameStray(bytes[at]!)) };
      }
      if (at + 1 >= limit) break;
      if (bytes[at + 1] !== LF) return { problem: badRequest("a bare carriage return") };
      this.#scanned += 2;
      const parsed = this.#endLine(bytes, start, limit, at - start);
      if (parsed !== null) return parsed;
      this.#lineStart = this.#scanned;
    }
    if (end - start < maxBytes) return "incomplete";
    return { problem: { status: 431, reason: `a head over ${maxBytes} bytes` } };
  }

  /** Deals with the line that ends at an offset; null: the next one follows. */
  #endLine(
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    limit: number,
    lineEnd: number,
  ): ParsedHead | null {
    const lineStart = this.#lineStart;
    if (this.#line === null) {
      if (lineStart === lineEnd && lineStart === 0) return null;
      const line = parseRequestLine(this.#textOf(bytes, start, limit).slice(lineStart, lineEnd));
      if ("status" in line) return { problem: line };
      this.#line = line;
      this.#fieldsStart = this.#scanned;
      return null;
    }
    if (lineStart !== lineEnd) return null;
    const text = this.#textOf(bytes, start, limit);
    const fields = parseFields(text.slice(this.#fieldsStart, lineStart));
    if (!(fields instanceof Map)) return { problem: fields };
    const problem = bodyProblem(fields);
    if (problem !== null) return { problem };
    const { method, target, version, authority } = this.#line;
    // RFC 9112 section 3.2.2; that Host is missing is for the handshake to see.
    if (authority !== null && fields.has("host")) fields.set("host", authority);
    const headers: HeaderFields = { get: (name) => fields.get(name) ?? null };
    return { head: { method, target, version, headers }, end: start + lineEnd + 2 };
  }

  #textOf(bytes: Uint8Array<ArrayBuffer>, start: number, limit: number): string {
    return this.#text ??= latin1(bytes, start, limit);
  }
}

/** RFC 9110 section 8.6, RFC 9112 section 6.1: what could hide a second request; and no body comes with an upgrade. */
function bodyProblem(fields: Map<string, string>): HeadProblem | null {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (length !== undefined && !/^\d+$/.test(length)) return badRequest("a bad content-length");
  if (length !== undefined && coding !== undefined) {
    return badRequest("content-length with transfer-encoding");
  }
  const body = coding !== undefined || (length !== undefined && !/^0+$/.test(length));
  return body && fields.has("upgrade") ? badRequest("a body with an upgrade") : null;
}

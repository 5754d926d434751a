/**
 * From a request for a file, and what is known of it, to the answer's head and the bytes that follow it.
 *
 * @module
 */
import { type Answer, answer } from "../answer.ts";
import { hasBody, type RequestHead } from "../request.ts";
import { chooseCoding, type Coding } from "./coding.ts";
import { allowsRange, judge, type Validators } from "./conditions.ts";
import { formatDate } from "./date.ts";
import { entityTag } from "./entity_tag.ts";
import { type Bounds, contentRange, parseRange } from "./range.ts";
import { typeOf } from "./type.ts";

/** What is seen of a file that is open. */
export interface FileFacts {
  readonly sizeBytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** A file, and those beside it that hold the same compressed; null: there is none. */
export interface KnownFile extends FileFacts {
  /** By its end the type is known. */
  readonly name: string;
  readonly br: FileFacts | null;
  readonly gzip: FileFacts | null;
}

/** An answer of which the bytes are in a file. */
export interface FileAnswer {
  readonly status: 200 | 206 | 304;
  /** With the content's length, where it has one. */
  readonly headers: Readonly<Record<string, string>>;
  /** What follows the head; null: nothing. */
  readonly slice: Slice | null;
}

/** A part of a file, or of the one beside it that has a coding. */
export interface Slice extends Bounds {
  readonly coding: Coding;
}

/** Both are sent alike but for the content. */
const METHODS = ["GET", "HEAD"];

/** May be kept, and is asked for again before it is used: who updates the files sees them at once, and what is unchanged costs a 304. */
const CACHE_CONTROL = "no-cache";

const SECOND_MS = 1_000;

/** Refuses a method that is none of a file's, and what brings something; null: neither. */
export function refuseRequest(
  { method, headers }: Pick<RequestHead, "method" | "headers">,
): Answer | null {
  if (!METHODS.includes(method)) {
    return answer(405, "files are only read here", { "allow": METHODS.join(", ") });
  }
  return hasBody({ headers }) ? answer(400, "a request for a file has no body") : null;
}

/** Answers a request for a file that is there, which `refuseRequest()` lets pass. `nowMs`: since 1970. */
export function answerFile(
  { method, headers }: Pick<RequestHead, "method" | "headers">,
  file: KnownFile,
  nowMs: number,
): Answer | FileAnswer {
  const available = (["br", "gzip"] as const).filter((coding) => isFresh(file[coding], file));
  const coding = chooseCoding(headers.get("accept-encoding"), available);
  const { sizeBytes, modifiedMs } = coding === "" ? file : file[coding]!;
  const validators: Validators = {
    tag: entityTag(modifiedMs, sizeBytes, coding),
    // RFC 9110 section 8.8.2.1: never later than the answer.
    modifiedMs: wholeSeconds(Math.min(modifiedMs, nowMs)),
  };
  const kept = {
    "etag": validators.tag,
    "cache-control": CACHE_CONTROL,
    ...(available.length > 0 ? { "vary": "accept-encoding" } : {}),
  };
  const outcome = judge(headers, validators, nowMs);
  if (outcome === "failed") {
    return answer(412, "the file is not what If-Match or the like asks for");
  }
  // RFC 9110 section 15.4.5: what a cache needs, no more.
  if (outcome === "not-modified") return { status: 304, headers: kept, slice: null };
  const range = method === "GET" ? headers.get("range") : null;
  const bounds = range !== null && allowsRange(headers, validators, nowMs)
    ? parseRange(range, sizeBytes)
    : null;
  if (bounds === "unsatisfiable") {
    const reason = `the file has no such range: it has ${sizeBytes} bytes`;
    return answer(416, reason, { "content-range": `bytes */${sizeBytes}` });
  }
  const { from, to } = bounds ?? { from: 0, to: sizeBytes };
  return {
    status: bounds === null ? 200 : 206,
    headers: {
      "content-type": typeOf(file.name),
      ...(coding === "" ? {} : { "content-encoding": coding }),
      "content-length": String(to - from),
      ...(bounds === null ? {} : { "content-range": contentRange(bounds, sizeBytes) }),
      "accept-ranges": "bytes",
      "last-modified": formatDate(validators.modifiedMs),
      ...kept,
      "x-content-type-options": "nosniff",
    },
    slice: method === "HEAD" ? null : { coding, from, to },
  };
}

/** Whether what is compressed was so since the file was written; some tools keep its time, others only the second of it. */
function isFresh(compressed: FileFacts | null, { modifiedMs }: FileFacts): boolean {
  return compressed !== null && wholeSeconds(compressed.modifiedMs) >= wholeSeconds(modifiedMs);
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / SECOND_MS) * SECOND_MS;
}

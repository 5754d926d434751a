/**
 * Sending an answer and the file that it is in, a chunk at a time: the next one is read when the client has taken the last.
 *
 * @module
 */
import type { FileOutcome } from "../../events/event.ts";
import { formatAnswer, formatHead } from "../../http/format.ts";
import type { RequestHead } from "../../http/request.ts";
import type { FileAnswer } from "../../http/static/answer_file.ts";
import type { FileRequest } from "../../http/verdict.ts";
import { type FileReading, giveChunk, takeChunk } from "./file_reading.ts";
import { findFile } from "./find_file.ts";

/** The connection of whoever asked. */
export interface Outlet {
  /** Whether it ends behind the answer; asked as the head is sent. */
  readonly closes: boolean;
  /** Sends bytes; resolves once they are out and nobody reads them any more, or with why they can't be: then somebody may. */
  send(bytes: Uint8Array<ArrayBuffer>): Promise<"out" | "left" | "stalled">;
}

/** Answers a request for a file. Gives what has become of it; unless all was sent the connection can be of no more use. Never rejects. */
export async function sendFile(
  head: RequestHead,
  request: FileRequest,
  outlet: Outlet,
): Promise<FileOutcome> {
  const { answer, reading, why } = await findFile(head, request);
  const { status } = answer;
  if ("body" in answer) {
    const withBody = head.method !== "HEAD";
    const bytes = formatAnswer(answer, withBody, new Date(), outlet.closes);
    const end = await outlet.send(bytes);
    const sentBytes = end === "out" && withBody ? encoder.encode(answer.body).length : 0;
    return { status, bytes: sentBytes, end: end === "out" ? "sent" : end, why };
  }
  try {
    return { status, why, ...await sendReading(answer, reading, outlet) };
  } finally {
    reading?.close();
  }
}

async function sendReading(
  answer: FileAnswer,
  reading: FileReading | null,
  outlet: Outlet,
): Promise<Pick<FileOutcome, "bytes" | "end">> {
  const chunk = takeChunk();
  // The head stands in front of the first chunk: a small file goes out in one piece.
  let filled = encoder.encodeInto(formatHead(answer, new Date(), outlet.closes), chunk).written;
  let bytes = 0;
  for (;;) {
    let count = 0;
    if (reading !== null && reading.left > 0) {
      const read = await reading.read(chunk.subarray(filled));
      if (typeof read === "string") {
        giveChunk(chunk);
        return { bytes, end: read };
      }
      count = read;
    }
    const end = await outlet.send(chunk.subarray(0, filled + count));
    // It may still be read by the system, and is the collector's.
    if (end !== "out") return { bytes, end };
    bytes += count;
    filled = 0;
    if (reading === null || reading.left === 0) break;
  }
  giveChunk(chunk);
  return { bytes, end: "sent" };
}

const encoder = new TextEncoder();

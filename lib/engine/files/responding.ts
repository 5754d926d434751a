/**
 * Files by the runtime's own server, which sends what a stream has and asks for more as its client takes it.
 *
 * @module
 */
import type { FileOutcome } from "../../events/event.ts";
import type { RequestHead } from "../../http/request.ts";
import type { FileRequest } from "../../http/verdict.ts";
import { CHUNK_BYTES, type FileReading } from "./file_reading.ts";
import { findFile } from "./find_file.ts";

/** Answers a request for a file by `give`; resolves once that is over, with what has become of it. Never rejects. */
export async function respondWithFile(
  head: RequestHead,
  request: FileRequest,
  give: (response: Response) => void,
): Promise<FileOutcome> {
  const { answer, reading, why } = await findFile(head, request);
  const { status, headers } = answer;
  if ("body" in answer) {
    // The runtime leaves out the body of an answer to HEAD and counts its length.
    give(new Response(answer.body, { status, headers }));
    const bytes = head.method === "HEAD" ? 0 : encoder.encode(answer.body).length;
    return { status, bytes, end: "sent", why };
  }
  if (reading === null) {
    give(new Response(null, { status, headers }));
    return { status, bytes: 0, end: "sent", why };
  }
  const { writeTimeoutMs } = request.config;
  const { stream, over } = streamOf(reading, writeTimeoutMs);
  give(new Response(stream, { status, headers }));
  return { status, why, ...await over };
}

const encoder = new TextEncoder();

type Over = Pick<FileOutcome, "bytes" | "end">;

/** The bytes as they are asked for; it fails where nobody asks for the next of it in time. */
function streamOf(
  reading: FileReading,
  patienceMs: number,
): { readonly stream: ReadableStream<Uint8Array>; readonly over: Promise<Over> } {
  const { promise: over, resolve } = Promise.withResolvers<Over>();
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const end = (end: Over["end"]) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    reading.close();
    resolve({ bytes, end });
  };
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(timer);
      if (reading.left === 0) {
        controller.close();
        return end("sent");
      }
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, reading.left));
      const read = await reading.read(chunk);
      if (typeof read === "string") {
        controller.error(new Error("the file can't be read any further"));
        return end(read);
      }
      // It was cancelled meanwhile.
      if (isOver) return;
      bytes += read;
      controller.enqueue(chunk.subarray(0, read));
      timer = setTimeout(() => {
        controller.error(new Error("the client takes nothing"));
        end("stalled");
      }, patienceMs);
    },
    cancel: () => end("left"),
  }, { highWaterMark: 0 });
  return { stream, over };
}

/**
 * Samples as Server-Sent Events: first those of the last minutes, then each as it comes. Who reads slower than they come misses some, and who
 * doesn't read at all is let go, so that nothing is kept for them.
 *
 * @module
 */
import { failure, streamed } from "./answers.ts";
import type { Monitor } from "./monitor.ts";
import type { Sample } from "./shapes.ts";

/** Pages and terminals at once. */
const MOST = 16;

/** Chunks that wait for a reader; a sample is some 200 bytes, the first chunk 300 of them. */
const WAITING = 16;

/** Samples in a row that a reader may miss. */
const MISSED = 60;

export interface Streams {
  open(): Response;
  /** Ends all of them, and opens none any more. */
  close(): void;
}

export function createStreams({ history, follow }: Pick<Monitor, "history" | "follow">): Streams {
  const open = new Set<() => void>();
  let closed = false;

  function begin(controller: ReadableStreamDefaultController<Uint8Array>): () => void {
    let missed = 0;
    const leave = () => {
      unfollow();
      open.delete(end);
    };
    const end = () => {
      leave();
      controller.close();
    };
    const unfollow = follow((sample) => {
      const isBehind = (controller.desiredSize ?? 0) <= 0;
      missed = isBehind ? missed + 1 : 0;
      if (!isBehind) return controller.enqueue(encode("sample", sample));
      if (missed === MISSED) end();
    });
    open.add(end);
    controller.enqueue(encode("history", history));
    return leave;
  }

  return {
    open() {
      if (closed) return failure(503, "the program ends");
      if (open.size >= MOST) {
        return failure(503, `there are ${MOST} streams of events, as many as there may be`);
      }
      let leave = () => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          leave = begin(controller);
        },
        cancel: () => leave(),
      }, { highWaterMark: WAITING });
      // A proxy's compression would have it come in lumps.
      return streamed("text/event-stream", body, { "cache-control": "no-store, no-transform" });
    },
    close() {
      closed = true;
      for (const end of open) end();
    },
  };
}

const encoder = new TextEncoder();

function encode(event: string, value: Sample | readonly Sample[]): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
}

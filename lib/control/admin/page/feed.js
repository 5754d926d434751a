/**
 * What the server sends by itself, by Server-Sent Events. `EventSource` can't send a token, so they are read from an answer.
 *
 * @module
 */
import { ask } from "./requests.js";

/** A sample comes each second: after this the connection is as good as lost. */
const SILENCE_MS = 5000;

const RETRY_MS = 1000;

/**
 * Reads events for ever, over a new connection whenever one is lost.
 *
 * @param {object} listener
 * @param {(name: string, value: unknown) => void} listener.hear
 * @param {(error: unknown) => void} listener.lose told after each try that failed
 * @returns {Promise<never>}
 */
export async function follow({ hear, lose }) {
  while (true) {
    const controller = new AbortController();
    let timer = setTimeout(() => controller.abort(), SILENCE_MS);
    try {
      const { body } = await ask("api/events", { signal: controller.signal });
      if (body !== null) {
        for await (const { name, value } of readEvents(body)) {
          clearTimeout(timer);
          timer = setTimeout(() => controller.abort(), SILENCE_MS);
          hear(name, value);
        }
      }
      lose(null);
    } catch (error) {
      lose(error);
    }
    clearTimeout(timer);
    controller.abort();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * The events of a stream, their values read as JSON (HTML Standard, section 9.2.6; its lines end with LF here, as the server has them).
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 */
export async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = readEvent(block);
      if (event !== null) yield event;
    }
  }
}

/** @param {string} block @returns {{ name: string, value: unknown } | null} null: a comment */
function readEvent(block) {
  let name = "message";
  const values = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") values.push(value);
  }
  return values.length === 0 ? null : { name, value: JSON.parse(values.join("\n")) };
}

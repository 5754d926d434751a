/** One request on a connection of its own, and all that comes of it. */
import { type Backend, openBackend } from "../support/backends.ts";
import {
  closeQuietly,
  connect,
  createReader,
  type StreamEnd,
  writeAll,
} from "../support/connection.ts";
import { type Endpoint, type EndpointOptions, openEndpoint } from "./endpoint.ts";

const encoder = new TextEncoder();

export interface Answered {
  readonly line: string;
  readonly headers: Headers;
  /** What follows the head. */
  readonly body: string;
  /** Everything up to the empty line and with it. */
  readonly head: string;
  readonly end: StreamEnd;
}

/** Sends a request as it is and takes in all that comes until the server ends the connection. */
export async function ask(endpoint: Endpoint, request: string | Uint8Array): Promise<Answered> {
  const connection = await connect(endpoint.address);
  try {
    await writeAll(connection, typeof request === "string" ? encoder.encode(request) : request);
    const { bytes, end } = await createReader(connection).rest("an answer and its end");
    const text = new TextDecoder().decode(bytes);
    const split = text.indexOf("\r\n\r\n");
    const [line = "", ...fields] = text.slice(0, split).split("\r\n");
    const headers = new Headers(
      fields.map((field): [string, string] => {
        const colon = field.indexOf(": ");
        return [field.slice(0, colon), field.slice(colon + 2)];
      }),
    );
    return { line, headers, body: text.slice(split + 4), head: text.slice(0, split + 4), end };
  } finally {
    closeQuietly(connection);
  }
}

/** An endpoint with a backend whose connections the test takes. */
export async function withEndpoint(
  body: (endpoint: Endpoint, backend: Backend) => Promise<void>,
  options?: EndpointOptions,
): Promise<void> {
  await using backend = openBackend();
  await using endpoint = openEndpoint(backend.address, options);
  await body(endpoint, backend);
}

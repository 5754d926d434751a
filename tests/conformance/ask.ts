/** One request on a connection of its own, and all that comes of it. */
import { can, type Engine } from "../e2e/engine_limits.ts";
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
  /** `open`: the server keeps the connection, as only an engine does that can't end it. */
  readonly end: StreamEnd | "open";
}

/** Sends a request as it is and takes in all that comes until the server ends the connection, or keeps it; time may pass once it is sent. */
export async function ask(
  endpoint: Endpoint,
  request: string | Uint8Array,
  passingMs = 0,
): Promise<Answered> {
  const connection = await connect(endpoint.address);
  try {
    await writeAll(connection, typeof request === "string" ? encoder.encode(request) : request);
    if (passingMs > 0) {
      await endpoint.sockets.untilRead(connection);
      endpoint.pass(passingMs);
    }
    const reader = createReader(connection);
    const head = await reader.through("\r\n\r\n", "an answer");
    const [line = "", ...fields] = head.trimEnd().split("\r\n");
    const headers = new Headers(
      fields.map((field): [string, string] => {
        const colon = field.indexOf(": ");
        return [field.slice(0, colon), field.slice(colon + 2)];
      }),
    );
    const isKept = !line.includes(" 101 ") &&
      !can(endpoint.engine, "end the connection behind a refusal");
    const { bytes, end } = isKept
      ? { bytes: await reader.exactly(lengthOf(headers), "its body"), end: "open" as const }
      : await reader.rest("its end");
    return { line, headers, body: new TextDecoder().decode(bytes), head, end };
  } finally {
    closeQuietly(connection);
  }
}

function lengthOf(headers: Headers): number {
  return Number(headers.get("content-length"));
}

/** How the connection of a refused request ends. */
export function endOfRefused(engine: Engine): Answered["end"] {
  return can(engine, "end the connection behind a refusal") ? "fin" : "open";
}

/** An endpoint of an engine with a backend whose connections the test takes. */
export async function withEndpoint(
  engine: Engine,
  body: (endpoint: Endpoint, backend: Backend) => Promise<void>,
  options?: EndpointOptions,
): Promise<void> {
  await using backend = openBackend();
  await using endpoint = openEndpoint(engine, backend.address, options);
  await body(endpoint, backend);
}

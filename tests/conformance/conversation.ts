/** One connection: all that a client sends, and all that comes of it. */
import assert from "node:assert/strict";
import type { Engine } from "../e2e/engine_limits.ts";
import { openBackend } from "../support/backends.ts";
import { closeQuietly, concat, connect, createReader, writeAll } from "../support/connection.ts";
import { handshake } from "../support/raw_client.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";
import { hex, wire } from "./wire.ts";

/** What must come of it. */
export interface Outcome {
  /** What the backend gets before its end of stream, or some of it where there is no Close. @default nothing */
  readonly backend?: string;
  /** The frames before the Close, byte for byte. @default none */
  readonly answers?: string;
  /** The Close's payload, byte for byte, or only its code where we word the reason; null: there is none. */
  readonly close: string | number | null;
}

/** Where the bytes are cut into writes that are read one by one: the ends of all writes but the last. */
export type Cuts = readonly number[];

export function everyByte(length: number): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

export const HEAD = new TextEncoder().encode(handshake());

/** Has one conversation after the other. */
export interface Lane extends AsyncDisposable {
  /**
   * Opens a connection, sends the bytes of handshake and frames in pieces, and compares all that comes at both ends until
   * the server ends the connection.
   */
  converse(bytes: Uint8Array, cuts: Cuts, outcome: Outcome): Promise<void>;
}

/** A server and a backend of its own: the backend tells its connections apart by their order. */
export function openLane(engine: Engine): Lane {
  const backend = openBackend();
  const endpoint = openEndpoint(engine, backend.address);
  return {
    async converse(bytes, cuts, outcome) {
      const connection = await connect(endpoint.address);
      try {
        const writing = writeCut(endpoint, connection, bytes, cuts);
        const taken = await backend.take();
        const reader = createReader(connection);
        assert.match(await reader.through("\r\n\r\n", "the head"), /^HTTP\/1\.1 101 /);
        const [answered, delivered] = await Promise.all([
          reader.rest("the server to end the connection"),
          taken.reader.rest("the backend's end of stream"),
          writing,
        ]);
        taken.close();
        assert.equal(delivered.end, "fin", "the backend sees an end of stream");
        const backendHad = hex(delivered.bytes);
        const backendMay = hex(wire(outcome.backend ?? ""));
        if (outcome.close === null) {
          assert.equal(hex(answered.bytes), hex(wire(outcome.answers ?? "")), "no Close");
          assert.ok(backendMay.startsWith(backendHad), `backend: no more than ${backendMay}`);
          return;
        }
        assert.equal(answered.end, "fin", "the server ends the connection, without a reset");
        assert.equal(backendHad, backendMay, "backend");
        checkAnswers(answered.bytes, outcome.answers ?? "", outcome.close);
      } finally {
        closeQuietly(connection);
      }
    },
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

async function writeCut(
  endpoint: Endpoint,
  connection: Deno.Conn,
  bytes: Uint8Array,
  cuts: Cuts,
): Promise<void> {
  let from = 0;
  for (const to of cuts) {
    await writeAll(connection, bytes.subarray(from, to));
    await endpoint.sockets.untilRead(connection);
    from = to;
  }
  await writeAll(connection, bytes.subarray(from));
}

function checkAnswers(bytes: Uint8Array, answers: string, close: string | number): void {
  const before = wire(answers);
  const rest = bytes.subarray(before.length);
  assert.equal(hex(bytes.subarray(0, before.length)), hex(before), "frames before the Close");
  if (typeof close === "string") {
    const payload = wire(close);
    assert.equal(hex(rest), hex(concat([Uint8Array.of(0x88, payload.length), payload])), "Close");
    return;
  }
  const head = Uint8Array.of(0x88, rest.length - 2, close >> 8, close);
  assert.equal(hex(rest.subarray(0, 4)), hex(head), "Close");
  assert.notEqual(new TextDecoder("utf-8", { fatal: true }).decode(rest.subarray(4)), "", "reason");
}

/** Goes through the items with a few lanes side by side. */
export async function inLanes<Item>(
  engine: Engine,
  items: readonly Item[],
  visit: (lane: Lane, item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const travel = async () => {
    await using lane = openLane(engine);
    for (const item of queue) await visit(lane, item);
  };
  const results = await Promise.allSettled(Array.from({ length: 8 }, travel));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

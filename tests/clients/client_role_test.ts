/** Our endpoint in the role of a client, over real sockets: with our own server, and with Python's websockets. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { StreamTransport } from "../../lib/engine/stream_transport.ts";
import { AnswerHeadParser } from "../../lib/http/answer_head.ts";
import { formatHandshake, handshakeKey, readOpened } from "../../lib/http/client_handshake.ts";
import { formatUpgrade } from "../../lib/http/format.ts";
import { type ClientFinish, HEADROOM } from "../../lib/websocket/client_end.ts";
import { Endpoint } from "../../lib/websocket/endpoint.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { echo, freePort, openBackend, serveBackend } from "../support/backends.ts";
import { closeQuietly, connect, createReader, writeAll } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { startProgram } from "../support/program.ts";
import { closePayload, frame, Opcode } from "../support/raw_client.ts";
import { randomFrom } from "../support/random.ts";

const MEBIBYTE = 1024 * 1024;

/** One at least for each way to say a length, up to a mebibyte in all. */
const SIZES = [1, 2, 3, 125, 126, 127, 511, 512, 65535, 65536];

interface Conversation {
  readonly sent: string;
  readonly received: string;
  readonly finish: ClientFinish | null;
}

/** Shakes hands. */
async function open(address: string): Promise<Deno.Conn> {
  const connection = await connect(address);
  const key = handshakeKey(crypto.getRandomValues(new Uint8Array(16)));
  const subprotocols = ["binary"];
  await writeAll(
    connection,
    formatHandshake({ authority: address, target: "/", key, subprotocols }),
  );
  const head = await createReader(connection).through("\r\n\r\n", "the answer");
  const bytes = new TextEncoder().encode(head);
  const parsed = new AnswerHeadParser().parse(bytes, 0, bytes.length);
  assert(parsed !== "incomplete" && "head" in parsed, head);
  assert.equal(parsed.head.status, 101);
  const opened = readOpened(parsed.head, { key, subprotocols });
  assert(!("problem" in opened), JSON.stringify(opened));
  return connection;
}

/** Opens a client's end that tells of what it gets. */
async function openClient(
  address: string,
  onPayload: (bytes: Uint8Array) => void,
  onFinished: (finish: ClientFinish) => void,
) {
  const closed = Promise.withResolvers<void>();
  const connection = await open(address);
  const buffers = plainBuffers(16_384);
  const transport = new StreamTransport(connection, { buffers, breather: NO_BREATHER });
  const endpoint = new Endpoint(transport, {
    clientPayload: (wide, start, end) => onPayload(wide.bytes.subarray(start, end)),
    clientFinished: onFinished,
    clientRefused() {},
    clientDrained() {},
    clientClosed: closed.resolve,
  }, { role: "client", frameType: "binary", onFrame: null });
  transport.begin(endpoint, null);
  return { endpoint, closed: inTime("the end", closed.promise, () => closeQuietly(connection)) };
}

/** Sends a mebibyte to somebody who sends it back, and closes once all of it is there. */
async function converse(address: string): Promise<Conversation> {
  const random = randomFrom(MEBIBYTE);
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  let [left, awaited] = [MEBIBYTE, MEBIBYTE];
  let finish: ClientFinish | null = null;
  const { endpoint, closed } = await openClient(address, (bytes) => {
    received.update(bytes);
    awaited -= bytes.length;
    if (awaited <= 0) endpoint.close(1000, "done");
  }, (seen) => finish = seen);
  for (let count = 0; left > 0; count++) {
    const size = Math.min(SIZES[count % SIZES.length]!, left);
    const wide = wideBytes(new Uint8Array(HEADROOM + size));
    random.fill(wide.bytes.subarray(HEADROOM));
    sent.update(wide.bytes.subarray(HEADROOM));
    endpoint.send(wide, HEADROOM, HEADROOM + size);
    left -= size;
    if (count % 7 === 0) endpoint.ping();
  }
  await closed;
  assert.equal(awaited, 0);
  return { sent: sent.digest("hex"), received: received.digest("hex"), finish };
}

for (const engine of ["stream", "native"]) {
  Deno.test(`${engine}: a client's end of ours moves a mebibyte each way, and ends with 1000`, async () => {
    await using backend = serveBackend(echo);
    await using program = await startProgram(["--server", backend.address, "--engine", engine]);
    const { sent, received, finish } = await converse(program.address);
    assert.equal(received, sent);
    assert.deepEqual([finish?.kind, finish?.code], ["close", 1000]);
    const { cause, up, down } = await program.entry("tunnel closed");
    assert.deepEqual([cause, up, down], ["client-close", MEBIBYTE, MEBIBYTE]);
  });
}

const PYTHON = installed("python3");
const REASON = whyNot();

/** Why it can't be tested, or null. */
function whyNot(): string | null {
  if (PYTHON === null) return "python3 is not installed";
  const { success } = new Deno.Command(PYTHON, { args: ["-c", "import websockets"] }).outputSync();
  return success ? null : "Python's websockets is not installed";
}

Deno.test({
  name:
    "a client's end of ours moves a mebibyte each way with Python's websockets, and ends with 1000" +
    (REASON === null ? "" : ` (skipped: ${REASON})`),
  ignore: REASON !== null,
  async fn() {
    const port = freePort();
    const script = new URL("echo.py", import.meta.url).pathname;
    const address = `127.0.0.1:${port}`;
    await using _server = await startServer(PYTHON!, [script, String(port)], address);
    const { sent, received, finish } = await converse(address);
    assert.equal(received, sent);
    assert.deepEqual(finish, { kind: "close", code: 1000, reason: "done" });
  },
});

Deno.test("a client's end of ours ends with 1002 what a server masks", async () => {
  await using server = openBackend();
  let finish: ClientFinish | null = null;
  const opening = openClient(server.address, () => assert.fail("payload"), (seen) => {
    finish = seen;
  });
  const { reader, write, close } = await server.take();
  const head = await reader.through("\r\n\r\n", "the request");
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(head)![1]!;
  await write(new TextDecoder().decode(formatUpgrade(key, "binary")));
  const { endpoint, closed } = await opening;
  await write(frame(Opcode.BINARY, "masked"));
  const expected = { kind: "protocol", code: 1002, reason: "a masked frame" };
  await eventually("the breach to be seen", () => finish !== null);
  assert.deepEqual(finish, expected);
  endpoint.close(1002, "a masked frame");
  const told = await reader.exactly(2 + 4 + 2 + expected.reason.length, "its Close");
  const payload = told.subarray(6).map((byte, i) => byte ^ told[2 + (i & 3)]!);
  assert.deepEqual(payload, closePayload(1002, expected.reason));
  assert.equal((await reader.rest("its end")).end, "fin");
  close();
  await closed;
});

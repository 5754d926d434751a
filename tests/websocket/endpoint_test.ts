import assert from "node:assert/strict";
import type { Transport } from "../../lib/base/transport.ts";
import type { ClientListener } from "../../lib/websocket/client_end.ts";
import { Endpoint } from "../../lib/websocket/endpoint.ts";
import { Opcode } from "../../lib/websocket/frame.ts";
import { FrameParser, type Role } from "../../lib/websocket/frame_parser.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { closePayload, frame } from "../support/raw_client.ts";

/** A transport whose writes are out when the test says so, and which takes no more than there is room. */
function transport() {
  const writes: number[][] = [];
  let pending = 0;
  const it = {
    sent: 0,
    room: Infinity,
    holds: false,
    isShut: false,
    isClosed: false,
    get busy() {
      return pending > 0;
    },
    send(bytes: Uint8Array, start: number, end: number) {
      if (it.busy) return 0;
      const count = Math.min(it.room, end - start);
      if (count === 0) return 0;
      it.room -= count;
      it.sent += count;
      writes.push([...bytes.subarray(start, start + count)]);
      if (it.holds) pending = count;
      return count;
    },
    out() {
      pending = 0;
    },
    pauseReading() {},
    resumeReading() {},
    probe() {},
    get pending() {
      return pending;
    },
    arrived: () => 0,
    askPeer: () => null,
    shutdown: () => void (it.isShut = true),
    close: () => void (it.isClosed = true),
  } satisfies Transport & Record<string, unknown>;
  return { transport: it, writes };
}

function listener() {
  const told: string[] = [];
  const it: ClientListener = {
    clientPayload: (wide, start, end) =>
      void told.push(new TextDecoder().decode(wide.bytes.subarray(start, end))),
    clientFinished: ({ kind }) => void told.push(kind),
    clientRefused: () => void told.push("refused"),
    clientDrained: () => void told.push("drained"),
    clientClosed: () => void told.push("closed"),
  };
  return { listener: it, told };
}

function openEndpoint(
  onFrame: ((opcode: number, bytes: number) => void) | null = null,
  role: Role = "server",
) {
  const way = transport();
  const heard = listener();
  const endpoint = new Endpoint(way.transport, heard.listener, {
    role,
    frameType: "binary",
    onFrame: onFrame && ((what, opcode, bytes) => what === "sent" && onFrame(opcode, bytes)),
  });
  const receive = (bytes: Uint8Array) => {
    const from = endpoint.receiveAt();
    const wide = wideBytes(new Uint8Array(from + bytes.length));
    wide.bytes.set(bytes, from);
    endpoint.received(wide, from, wide.bytes.length);
  };
  const say = (byte: number) => {
    const wide = wideBytes(new Uint8Array(16));
    wide.bytes[14] = byte;
    return endpoint.send(wide, 14, 15);
  };
  const out = () => {
    way.transport.out();
    endpoint.writable();
  };
  return { endpoint, receive, say, out, ...way, ...heard };
}

const PING = frame(Opcode.PING);
const PONG = [0x8a, 0];
const MESSAGE = [0x82, 1, 7];
const CLOSE = [0x88, 2, 3, 0xe8];

Deno.test("a Pong owed while a message waits is not mixed into it", () => {
  const { transport, writes, receive, say, out } = openEndpoint();
  transport.holds = true;
  receive(PING);
  assert.equal(say(7), false, "the message waits for the Pong");
  receive(PING);
  assert.deepEqual(writes, [PONG], "of two frames at a time the parts would mix");
  out();
  assert.deepEqual(writes, [PONG, MESSAGE]);
  out();
  assert.deepEqual(writes, [PONG, MESSAGE, PONG]);
});

Deno.test("a frame that the system takes in parts goes out whole before the next one", () => {
  const { endpoint, transport, writes, receive, say } = openEndpoint();
  transport.room = 1;
  say(7);
  receive(PING);
  endpoint.close(1000, "");
  for (let i = 1; i < 9; i++) {
    assert.equal(writes.length, i);
    transport.room = 1;
    endpoint.writable();
  }
  assert.deepEqual(writes.map(([byte]) => byte), [...MESSAGE, ...PONG, ...CLOSE]);
  assert.ok(endpoint.closeSent);
});

Deno.test("a message behind a Close is not sent", () => {
  const { endpoint, transport, writes, say, out } = openEndpoint();
  transport.holds = true;
  say(7);
  endpoint.close(1000, "");
  say(8);
  out();
  out();
  assert.deepEqual(writes, [MESSAGE, CLOSE]);
});

Deno.test("of the Pongs that wait for a message only the latest are sent", () => {
  const { transport, writes, receive, say, out } = openEndpoint();
  transport.holds = true;
  say(7);
  receive(frame(Opcode.PING, Uint8Array.of(1)));
  receive(frame(Opcode.PING, Uint8Array.of(2)));
  out();
  assert.deepEqual(writes, [MESSAGE, [0x8a, 1, 2]]);
});

Deno.test("a connection that takes no more is told of once, and nothing waits for ever", () => {
  const { endpoint, transport, writes, receive, say, told } = openEndpoint();
  transport.room = 0;
  assert.equal(say(7), false);
  endpoint.sendFailed();
  assert.ok(endpoint.drained);
  receive(PING);
  assert.equal(say(8), true, "it is dropped");
  endpoint.close(1000, "");
  assert.deepEqual(writes, []);
  assert.deepEqual(told, ["refused", "closed"]);
});

Deno.test("a frame is told of once all of it is out", () => {
  const sent: number[] = [];
  const { endpoint, transport, receive, out } = openEndpoint((opcode) => sent.push(opcode));
  transport.holds = true;
  receive(PING);
  endpoint.close(1000, "");
  assert.deepEqual(sent, []);
  out();
  assert.deepEqual(sent, [Opcode.PONG]);
  out();
  assert.deepEqual(sent, [Opcode.PONG, Opcode.CLOSE]);
});

Deno.test("Pings that come together are answered by a frame each, of which each is told", () => {
  for (const role of ["server", "client"] as const) {
    const sent: number[][] = [];
    const { receive, writes } = openEndpoint((...frame) => sent.push(frame), role);
    const masked = role === "server";
    const pings = ["ab", "", "c"].map((text) => frame(Opcode.PING, text, { masked }));
    receive(Uint8Array.from(pings.flatMap((ping) => [...ping])));
    assert.deepEqual(sent, [2, 0, 1].map((bytes) => [Opcode.PONG, bytes]), role);
    const parser = new FrameParser(role === "server" ? "client" : "server");
    const seen: number[][] = [];
    parser.onFrame = (_way, opcode, bytes) => void seen.push([opcode, bytes]);
    const out = Uint8Array.from(writes.flat());
    assert.equal(parser.parse(wideBytes(out), 0, out.length), out.length);
    assert.deepEqual([seen, parser.ended], [sent, null], role);
  }
});

Deno.test("a client that ends its stream behind its Close still gets what waits, and our Close", () => {
  const { endpoint, transport, writes, receive, say, out, told } = openEndpoint();
  transport.holds = true;
  say(7);
  receive(frame(Opcode.CLOSE, closePayload(1000)));
  endpoint.close(1000, "");
  endpoint.ended("fin");
  assert.ok(!transport.isClosed, "the message is not out yet");
  out();
  assert.ok(!transport.isClosed, "nor is the Close");
  out();
  assert.deepEqual(writes, [MESSAGE, CLOSE]);
  assert.ok(transport.isClosed);
  assert.deepEqual(told, ["close", "closed"]);
});

Deno.test("a client's Close ends both directions in turn: ours behind it, then our end, then its end", () => {
  const { endpoint, transport, writes, receive, told } = openEndpoint();
  receive(frame(Opcode.BINARY, "abc"));
  receive(frame(Opcode.CLOSE, closePayload(1000)));
  assert.deepEqual(told, ["abc", "close"]);
  assert.ok(!transport.isShut, "whoever passes its bytes on says when");
  endpoint.close(1000, "");
  assert.deepEqual(writes, [CLOSE]);
  assert.ok(transport.isShut && !transport.isClosed);
  endpoint.ended("fin");
  assert.ok(transport.isClosed);
  assert.deepEqual(told, ["abc", "close", "closed"]);
});

Deno.test("frames that are cut anywhere come out whole", () => {
  const bytes = Uint8Array.of(
    ...frame(Opcode.BINARY, "abc"),
    ...PING,
    ...frame(Opcode.TEXT, "d".repeat(300)),
  );
  for (let at = 1; at < bytes.length; at++) {
    const { receive, writes, told } = openEndpoint();
    receive(bytes.subarray(0, at));
    receive(bytes.subarray(at));
    assert.equal(told.join(""), "abc" + "d".repeat(300), `cut at ${at}`);
    assert.deepEqual(writes, [PONG]);
  }
});

Deno.test("`unreadBytes` is what was sent since the last Ping that was answered, and all of it of a Pong that lies", () => {
  const { endpoint, writes, receive, say } = openEndpoint();
  const messageBytes = MESSAGE.length;
  assert.equal(endpoint.unreadBytes, 0);
  say(7);
  endpoint.ping();
  const [, ping] = writes as [number[], number[]];
  say(7);
  assert.equal(endpoint.unreadBytes, 2 * messageBytes);
  receive(frame(Opcode.PONG));
  assert.equal(endpoint.unreadBytes, 2 * messageBytes, "it says nothing of a Ping of ours");
  receive(frame(Opcode.PONG, Uint8Array.from(ping.slice(2))));
  assert.equal(endpoint.unreadBytes, messageBytes);
  receive(frame(Opcode.PONG, new Uint8Array(8).fill(255)));
  assert.equal(endpoint.unreadBytes, 2 * messageBytes, "a number that was never sent");
});

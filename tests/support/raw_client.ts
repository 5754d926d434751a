/**
 * A WebSocket client that sends exactly what it is told, right or wrong, and shows every frame that comes: for what no
 * decent client would do.
 */
import assert from "node:assert/strict";
import { assertNoSecret } from "./secrets.ts";
import {
  closeQuietly,
  concat,
  connect,
  createReader,
  type StreamEnd,
  writeAll,
} from "./connection.ts";

/** RFC 6455 section 5.2. */
export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** The sample key of RFC 6455 section 1.3 and what answers it. */
export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The sample mask of RFC 6455 section 5.7. */
const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits. */
  readonly reserved: number;
  readonly opcode: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface FrameOptions {
  readonly fin?: boolean;
  readonly reserved?: number;
  readonly masked?: boolean;
  /** Bytes that the length takes in the header: 1, or 3, or 9, longer than it needs when wished. */
  readonly lengthBytes?: 1 | 3 | 9;
}

/** A client's frame. */
export function frame(
  opcode: number,
  payload: Uint8Array | string = "",
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { fin = true, reserved = 0, masked = true } = options;
  const lengthBytes = options.lengthBytes ??
    (bytes.length < 126 ? 1 : bytes.length < 65536 ? 3 : 9);
  const header = 1 + lengthBytes;
  const whole = new Uint8Array(header + (masked ? 4 : 0) + bytes.length);
  const view = new DataView(whole.buffer);
  whole[0] = (fin ? 0x80 : 0) | reserved << 4 | opcode;
  const maskBit = masked ? 0x80 : 0;
  whole[1] = maskBit | (lengthBytes === 1 ? bytes.length : lengthBytes === 3 ? 126 : 127);
  if (lengthBytes === 3) view.setUint16(2, bytes.length);
  if (lengthBytes === 9) view.setBigUint64(2, BigInt(bytes.length));
  if (!masked) {
    whole.set(bytes, header);
    return whole;
  }
  whole.set(MASK, header);
  for (let i = 0, at = header + 4; i < bytes.length; i++, at++) {
    whole[at] = bytes[i]! ^ MASK[i & 3]!;
  }
  return whole;
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason = ""): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(code >> 8, code & 255), new TextEncoder().encode(reason)]);
}

export interface Response {
  readonly status: number;
  readonly headers: Headers;
}

export interface Closed {
  /** 1005: the frame was empty. */
  readonly code: number;
  readonly reason: string;
}

export interface RawClient extends Disposable {
  readonly connection: Deno.Conn;
  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** Reads the head of an HTTP response. */
  head(): Promise<Response>;
  /** Reads a response's body, of the length that its head says, or none. */
  body(response: Response): Promise<string>;
  /** Sends one frame. */
  send(opcode: number, payload?: Uint8Array | string, options?: FrameOptions): Promise<void>;
  /** The next frame. */
  frame(): Promise<Frame>;
  /** The payload of the next data frame, which must be of this opcode when one is given. */
  message(opcode?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The payloads of data frames up to exactly `length` bytes in all. */
  payload(length: number, opcode?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The Close frame, which must come next. */
  closed(): Promise<Closed>;
  /** Sends a Close and reads on to the answer, past Pings and data on their way. */
  close(code: number): Promise<Closed>;
  /** Waits for the end of the connection, before which nothing more may come, and ends it as well. */
  end(): Promise<StreamEnd>;
  /** Drops the connection. */
  [Symbol.dispose](): void;
}

/** Connects to `host:port` or `unix:/path`; says nothing yet. */
export async function openRaw(address: string): Promise<RawClient> {
  return rawOn(await connect(address));
}

/** The same on a connection that is there. */
export function rawOn(connection: Deno.Conn): RawClient {
  const reader = createReader(connection);
  const write = (bytes: Uint8Array | string) =>
    writeAll(connection, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  const readFrame = async (): Promise<Frame> => {
    const head = await reader.exactly(2, "a frame");
    const short = head[1]! & 127;
    assert.equal(head[1]! & 128, 0, "a server's frame must not be masked");
    let length = short;
    if (short >= 126) {
      const long = await reader.exactly(short === 126 ? 2 : 8, "a frame's length");
      const view = new DataView(long.buffer);
      length = short === 126 ? view.getUint16(0) : Number(view.getBigUint64(0));
      assert.ok(length > (short === 126 ? 125 : 65535), "the length must be minimal");
    }
    const payload = await reader.exactly(length, `a frame's ${length} bytes`);
    const opcode = head[0]! & 15;
    return { fin: head[0]! >= 128, reserved: head[0]! >> 4 & 7, opcode, payload };
  };
  const message = async (opcode?: number): Promise<Uint8Array<ArrayBuffer>> => {
    const next = await readFrame();
    if (next.opcode === Opcode.CLOSE) {
      const { code, reason } = parseClose(next);
      throw new Error(`a Close came in place of data: ${code} ${reason}`);
    }
    if (next.opcode >= 8) return await message(opcode);
    if (opcode !== undefined) assert.equal(next.opcode, opcode, "opcode");
    assert.equal(next.reserved, 0);
    return next.payload;
  };
  return {
    connection,
    write,
    message,
    frame: readFrame,
    async head() {
      const text = await reader.through("\r\n\r\n", "a response");
      assertNoSecret("an answer", text);
      const [first, ...lines] = text.trim().split("\r\n");
      const headers = new Headers();
      for (const line of lines) {
        const colon = line.indexOf(":");
        headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
      }
      return { status: Number(first!.split(" ")[1]), headers };
    },
    async body({ headers }) {
      const length = Number(headers.get("content-length"));
      const text = new TextDecoder().decode(await reader.exactly(length, "the body"));
      assertNoSecret("an answer", text);
      return text;
    },
    send: (opcode, payload, options) => write(frame(opcode, payload, options)),
    async payload(length, opcode) {
      const parts: Uint8Array[] = [];
      for (let got = 0; got < length;) {
        const part = await message(opcode);
        got += part.length;
        assert.ok(got <= length, `${got - length} bytes too many came`);
        parts.push(part);
      }
      return concat(parts);
    },
    async closed() {
      const next = await readFrame();
      assert.equal(next.opcode, Opcode.CLOSE, "a Close must come next");
      return parseClose(next);
    },
    async close(code) {
      await write(frame(Opcode.CLOSE, closePayload(code)));
      let next = await readFrame();
      while (next.opcode !== Opcode.CLOSE) next = await readFrame();
      return parseClose(next);
    },
    async end() {
      const { bytes, end } = await reader.rest("the end of the connection");
      assert.equal(bytes.length, 0, `nothing may come before the end: ${bytes}`);
      closeQuietly(connection);
      return end;
    },
    [Symbol.dispose]: () => closeQuietly(connection),
  };
}

function parseClose({ fin, payload }: Frame): Closed {
  assert.ok(fin, "a Close must not be fragmented");
  if (payload.length === 0) return { code: 1005, reason: "" };
  const code = new DataView(payload.buffer).getUint16(0);
  return { code, reason: new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2)) };
}

/** Header fields by name; null leaves one of the usual ones out. */
export type Fields = Readonly<Record<string, string | null>>;

/** The head of an opening handshake, RFC 6455 section 4.1, changed as told. */
export function handshake(
  target = "/",
  fields: Fields = {},
  line = `GET ${target} HTTP/1.1`,
): string {
  const all = {
    Host: "example.com",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": SAMPLE_KEY,
    ...fields,
  };
  const given = Object.entries(all).filter(([, value]) => value !== null);
  return `${line}\r\n${given.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** Opens a tunnel: connects, shakes hands and checks the answer. */
export async function openTunnel(
  address: string,
  target = "/",
  fields: Fields = {},
): Promise<RawClient> {
  return await shakeHands(await openRaw(address), target, fields);
}

/** The same for a client that is connected. */
export async function shakeHands(
  client: RawClient,
  target = "/",
  fields: Fields = {},
): Promise<RawClient> {
  try {
    await client.write(handshake(target, fields));
    const response = await client.head();
    if (response.status !== 101) {
      throw new Error(`refused: ${response.status} ${await client.body(response)}`);
    }
    assert.equal(response.headers.get("sec-websocket-accept"), SAMPLE_ACCEPT);
    const protocol = fields["Sec-WebSocket-Protocol"];
    assert.equal(response.headers.get("sec-websocket-protocol"), protocol ?? null);
    return client;
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

/** A TCP or unix-domain connection whose every read and write has a deadline. */
import { inTime } from "./eventually.ts";

/** Connects to `host:port`, `unix:/path` or, by TLS with {@linkcode TEST_ROOTS}, `tls:host:port`. */
export async function connect(address: string): Promise<Deno.Conn> {
  if (address.startsWith("tls:")) return await connectTls(address.slice("tls:".length));
  if (address.startsWith("unix:")) {
    return await Deno.connect({ transport: "unix", path: address.slice("unix:".length) });
  }
  const { hostname, port } = new URL(`tcp://${address}`);
  const connection = await Deno.connect({
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
  });
  connection.setNoDelay();
  return connection;
}

/** Of the certificates that tests make for themselves, as PEM. */
export const TEST_ROOTS: string[] = [];

async function connectTls(address: string): Promise<Deno.TlsConn> {
  const connection = await connect(address) as Deno.TcpConn;
  const options = { hostname: "localhost", caCerts: TEST_ROOTS, alpnProtocols: ["http/1.1"] };
  const secure = await Deno.startTls(connection, options);
  try {
    await inTime("a TLS handshake", secure.handshake(), () => closeQuietly(secure));
    return secure;
  } catch (error) {
    closeQuietly(secure);
    throw error;
  }
}

/** How a connection ended: by the peer's FIN or by a reset. */
export type StreamEnd = "fin" | "reset";

/** Reads a connection in pieces of a wanted size. */
export interface Reader {
  /** Exactly `length` bytes. */
  exactly(length: number, what: string): Promise<Uint8Array<ArrayBuffer>>;
  /** All bytes up to and with `mark`, as text of one byte a character. */
  through(mark: string, what: string): Promise<string>;
  /** Whatever comes next, a view valid until the next call; null at the end. */
  some(what: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** What is left and how it ended. */
  rest(what: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; end: StreamEnd }>;
}

export function createReader(connection: Deno.Conn): Reader {
  const buffer = new Uint8Array(256 * 1024);
  let unread = buffer.subarray(0, 0);
  const fill = async (what: string): Promise<boolean> => {
    const count = await inTime(what, connection.read(buffer), () => closeQuietly(connection));
    unread = buffer.subarray(0, count ?? 0);
    return count !== null;
  };
  const some = async (what: string) => {
    if (unread.length === 0 && !await fill(what)) return null;
    const taken = unread;
    unread = buffer.subarray(0, 0);
    return taken;
  };
  return {
    some,
    async exactly(length, what) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length;) {
        if (unread.length === 0 && !await fill(what)) {
          throw new Error(`the connection ended before ${what}: ${at} of ${length} bytes came`);
        }
        const part = unread.subarray(0, length - at);
        bytes.set(part, at);
        at += part.length;
        unread = unread.subarray(part.length);
      }
      return bytes;
    },
    async through(mark, what) {
      let text = "";
      while (!text.endsWith(mark)) {
        if (unread.length === 0 && !await fill(what)) {
          throw new Error(`the connection ended before ${what}, after ${JSON.stringify(text)}`);
        }
        text += String.fromCharCode(unread[0]!);
        unread = unread.subarray(1);
      }
      return text;
    },
    async rest(what) {
      const parts: Uint8Array[] = [];
      try {
        for (let part; (part = await some(what)) !== null;) parts.push(part.slice());
        return { bytes: concat(parts), end: "fin" };
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        return { bytes: concat(parts), end: "reset" };
      }
    },
  };
}

/** Writes all of `bytes`. */
export async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
  what = "the peer to take bytes",
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const write = connection.write(bytes.subarray(at));
    at += await inTime(what, write, () => closeQuietly(connection));
  }
}

export function closeQuietly(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

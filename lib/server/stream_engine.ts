/**
 * The stream engine: connections accepted by us, heads and frames parsed by us.
 *
 * @module
 */
import { within } from "../base/within.ts";
import type { ListenConfig } from "../config/config.ts";
import type { Answer } from "../http/answer.ts";
import { formatAnswer, formatUpgrade } from "../http/format.ts";
import { StreamSocket } from "../websocket/stream.ts";
import { ElasticBuffer } from "../websocket/elastic_buffer.ts";
import type { SocketDiag, TcpAnswer } from "../sys/socket_diag.ts";
import { acceptAll } from "./accept.ts";
import { readEarly } from "./early_bytes.ts";
import type { EngineOptions, Handler, Listener, Peer } from "./engine.ts";
import { fromRuntime, peerOf } from "./peer.ts";
import { type ReadHead, readHead } from "./read_head.ts";
import { openSocketFile, removeStaleSocket } from "./unix_socket.ts";

/** How long a refused client may take to end its connection, so that the answer reaches it. */
const REFUSED_LINGER_MS = 1_000;

type Connection = Deno.TcpConn | Deno.UnixConn;

/** What a listener's connections share. */
interface Context {
  readonly handler: Handler;
  readonly options: EngineOptions;
  /** Connections whose head has not come. */
  readonly reading: Set<Connection>;
  /** Requests whose backend is being connected. */
  readonly waiting: Set<AbortController>;
  /** How many connections have not become tunnels. */
  opening: number;
  /** Called when there is none any more. */
  onSettled: (() => void) | null;
}

/** Listens at an address; throws where it can't. */
export function listenStream(
  place: ListenConfig,
  handler: Handler,
  options: EngineOptions,
): Listener {
  const { address } = place;
  const listener = openListener(place);
  const context: Context = {
    handler,
    options,
    reading: new Set(),
    waiting: new Set(),
    opening: 0,
    onSettled: null,
  };
  let closed = false;
  const accepting = acceptAll<Connection>(
    listener,
    () => closed,
    options.log,
    (connection) => serveConnection(connection, context),
  );
  return {
    address: fromRuntime(listener.addr),
    async close() {
      closed = true;
      listener.close();
      for (const connection of context.reading) closeQuietly(connection);
      for (const gone of context.waiting) gone.abort();
      await accepting;
      // An older runtime leaves its file behind.
      if (address.transport === "unix") await removeStaleSocket(address.path);
      if (context.opening > 0) await new Promise<void>((resolve) => context.onSettled = resolve);
    },
  };
}

function openListener({ address, file }: ListenConfig): Deno.Listener<Connection> {
  if (address.transport === "tcp") {
    return Deno.listen({ hostname: address.hostname, port: address.port });
  }
  const open = () => Deno.listen({ transport: "unix", path: address.path });
  if (file === undefined) return open();
  return openSocketFile(address.path, file, open, (listener) => listener.close());
}

/** From an accepted connection to a tunnel or an answer. Never rejects. */
async function serveConnection(connection: Connection, context: Context): Promise<void> {
  context.opening++;
  let upgraded = false;
  try {
    upgraded = await serveRequest(connection, context);
  } catch (error) {
    context.options.log.debug("connection lost before the upgrade", { reason: String(error) });
  }
  if (!upgraded) closeQuietly(connection);
  if (--context.opening === 0) context.onSettled?.();
}

/** True: the connection is a tunnel's now. */
async function serveRequest(connection: Connection, context: Context): Promise<boolean> {
  const { options, reading } = context;
  if ("setNoDelay" in connection) {
    connection.setNoDelay(true);
    // Without Pings it is what finds a client that has vanished; after two hours, unless the system is told otherwise.
    connection.setKeepAlive(true);
  }
  const peer = peerOf(connection.remoteAddr);
  const buffer = new ElasticBuffer(options.buffers);
  reading.add(connection);
  const result = await readHead(connection, buffer, options.handshakeTimeoutMs);
  reading.delete(connection);
  if (result !== null && "head" in result) {
    return await admit(connection, result, buffer, peer, context);
  }
  if (result !== null) {
    const { status, body } = result.refusal;
    const kind = { status, reason: body.trimEnd() };
    options.requests.info("request refused", { client: peer.name }, kind);
    await refuse(connection, result.refusal, result.withBody, result.pending);
  }
  buffer.free();
  return false;
}

async function admit(
  connection: Connection,
  { head, behind }: ReadHead,
  buffer: ElasticBuffer,
  peer: Peer,
  { handler, options: { buffers, breather, diag }, waiting }: Context,
): Promise<boolean> {
  const gone = new AbortController();
  // Reads on while the backend is connected: to see a client that goes away, and the first frames.
  const stopReading = readEarly(connection, buffer, behind, () => gone.abort());
  waiting.add(gone);
  const admission = await handler(head, peer, gone.signal);
  waiting.delete(gone);
  const { length, pending } = stopReading();
  if ("answer" in admission) {
    await refuse(connection, admission.answer, head.method !== "HEAD", pending);
    buffer.free();
    return false;
  }
  const { tunnel } = admission;
  const accepted = formatUpgrade(head.headers.get("sec-websocket-key")!, tunnel.protocol);
  if (await writeAll(connection, accepted)) {
    const ask = () => askSystem(connection, diag);
    tunnel.run(
      new StreamSocket(connection, tunnel, buffers, breather, buffer, length, pending, ask),
    );
    return true;
  }
  // The client went away before it was told of the upgrade.
  tunnel.abandon();
  closeQuietly(connection);
  await pending?.catch(() => {});
  buffer.free();
  return false;
}

/** Of a unix-domain connection the system has nothing to tell: who is at its other end can't vanish without ending it. */
function askSystem({ localAddr, remoteAddr }: Connection, diag: SocketDiag): TcpAnswer {
  if (localAddr.transport !== "tcp" || remoteAddr.transport !== "tcp") return null;
  return diag.ask(localAddr, remoteAddr);
}

/** Sends an answer and ends the connection; waits until no read is under way. */
async function refuse(
  connection: Connection,
  refusal: Answer,
  withBody: boolean,
  pending: Promise<number | null> | null,
): Promise<void> {
  const linger = async () => {
    if (!await writeAll(connection, formatAnswer(refusal, withBody))) return;
    await connection.closeWrite();
    // A close with unread bytes would be a reset, and could overtake the answer on its way.
    let count = pending === null ? 0 : await pending;
    const discarded = new Uint8Array(1024);
    while (count !== null) count = await connection.read(discarded);
  };
  const lingering = linger().catch(() => {});
  await within(lingering, REFUSED_LINGER_MS);
  closeQuietly(connection);
  await lingering;
  await pending?.catch(() => {});
}

async function writeAll(connection: Connection, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    return true;
  } catch {
    return false;
  }
}

function closeQuietly(connection: Connection): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

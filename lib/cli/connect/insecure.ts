/**
 * TLS with a server whose certificate nobody looks at, as `--insecure` asks for. By `node:tls`, since what the runtime has of its own verifies always.
 *
 * @module
 */
import type { Socket } from "node:net";
import { tlsFailure } from "../../backend/tls_failure.ts";
import { readTrust, type Trust } from "../../backend/tls_files.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { SocketConnection } from "../../engine/socket_connection.ts";
import { loadTlsRuntime, type TlsRuntime } from "../../engine/tls_runtime.ts";
import { layBridge, type Near } from "./bridge.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** Takes a connection over, whatever comes of it. Rejects with what is wrong, in words. */
export async function startInsecurely(
  far: BackendConnection,
  settings: TlsSettings,
  cancel: AbortSignal,
): Promise<BackendConnection> {
  const { identity } = readTrust(settings);
  const runtime = await loadTlsRuntime();
  const bridge = await layBridge(far, (host, port) => connectSocket(runtime.net, host, port));
  try {
    const terms = { serverName: settings.serverName, identity };
    return bridge.carry(await shakeHands(bridge.near, terms, runtime, cancel));
  } catch (error) {
    bridge.near.destroy();
    bridge.release();
    throw error;
  }
}

async function shakeHands(
  tcp: Socket,
  { serverName, identity }: Pick<Trust, "identity"> & { readonly serverName: string },
  { net, tls }: TlsRuntime,
  cancel: AbortSignal,
): Promise<BackendConnection> {
  const secure = tls.connect({
    socket: tcp,
    rejectUnauthorized: false,
    // An address is no name to be told (RFC 6066 section 3).
    ...(net.isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...identity,
  });
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: Error) => reject(new Error(tlsFailure(error.message), { cause: error }));
  const abort = () => reject(cancel.reason);
  if (cancel.aborted) abort();
  cancel.addEventListener("abort", abort);
  secure.once("secureConnect", resolve);
  secure.on("error", fail);
  tcp.on("error", fail);
  secure.once("close", () => reject(new Error("it ended the connection in the TLS handshake")));
  try {
    await opened;
    return new SocketConnection(secure, tcp, null);
  } catch (error) {
    secure.destroy();
    throw error;
  } finally {
    cancel.removeEventListener("abort", abort);
  }
}

function connectSocket(net: TlsRuntime["net"], host: string, port: number) {
  const { promise, resolve, reject } = Promise.withResolvers<Near<Socket>>();
  const socket = net.connect({ host, port, noDelay: true });
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    resolve({ connection: socket, port: socket.localPort!, close: () => socket.destroy() });
  });
  return promise;
}

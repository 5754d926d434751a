/**
 * TLS with a server whose certificate nobody looks at, as `--insecure` asks for. By `node:tls`, since what the runtime has of its own verifies always.
 *
 * @module
 */
import type { TcpAddress } from "../../base/address.ts";
import { startDeadline } from "../../base/deadline.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { SocketConnection } from "../../engine/socket_connection.ts";
import { loadTlsRuntime } from "../../engine/tls_runtime.ts";

/** Rejects with what is wrong, in words. */
export async function dialInsecurely(
  { hostname, port }: TcpAddress,
  serverName: string,
  timeoutMs: number,
): Promise<BackendConnection> {
  const { net, tls } = await loadTlsRuntime();
  const tcp = net.connect({ host: hostname, port, noDelay: true });
  // An address is no name to be told (RFC 6066 section 3).
  const servername = net.isIP(serverName) === 0 ? { servername: serverName } : {};
  const secure = tls.connect({ socket: tcp, rejectUnauthorized: false, ...servername });
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  const cancel = startDeadline(
    timeoutMs,
    () => reject(new Error(`no end of the TLS handshake within ${timeoutMs / 1000} s`)),
  );
  secure.once("secureConnect", resolve);
  secure.on("error", reject);
  tcp.on("error", reject);
  secure.once("close", () => reject(new Error("it ended the connection in the TLS handshake")));
  try {
    await opened;
    return new SocketConnection(secure, tcp, null);
  } catch (error) {
    secure.destroy();
    tcp.destroy();
    throw error;
  } finally {
    cancel();
  }
}

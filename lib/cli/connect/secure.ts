/**
 * TLS with the server over a stream that leads to it.
 *
 * @module
 */
import type { BackendConnection } from "../../backend/connection.ts";
import { connectFor, startTls } from "../../backend/tls.ts";
import { readTrust } from "../../backend/tls_files.ts";
import { layBridge } from "./bridge.ts";
import { startInsecurely } from "./insecure.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** Takes the stream over, whatever comes of it. Rejects with what is wrong, in words. */
export async function secure(
  far: BackendConnection,
  tls: TlsSettings,
  cancel: AbortSignal,
): Promise<BackendConnection> {
  if (tls.isInsecure) return await startInsecurely(far, tls, cancel);
  const terms = { serverName: tls.serverName, ...readTrust(tls) };
  if (terms.identity === null && isTcp(far)) return await startTls(far, terms, cancel);
  const bridge = await layBridge(far, async (hostname, port) => {
    const connection = await connectFor(terms)(hostname, port, cancel);
    const { port: from } = connection.localAddr as Deno.NetAddr;
    return { connection, port: from, close: () => connection.close() };
  });
  try {
    return bridge.carry(await startTls(bridge.near, terms, cancel));
  } catch (error) {
    bridge.release();
    throw error;
  }
}

function isTcp(connection: BackendConnection): connection is Deno.TcpConn {
  return "setNoDelay" in connection;
}

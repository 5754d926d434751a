/**
 * All listeners that speak TLS, which share their certificates: loaded only where there is one.
 *
 * @module
 */
import type { ListenConfig } from "../config/config.ts";
import type { TlsFiles } from "../config/tls_keys.ts";
import type { Door } from "./door.ts";
import type { EngineOptions, Listener } from "./engine.ts";
import { type Certificates, openCertificates } from "./tls_certificates.ts";
import { listenTls } from "./tls_listener.ts";
import { loadTlsRuntime } from "./tls_runtime.ts";

export interface TlsListeners {
  /** The listeners of one place, which may have several addresses, have the same files. */
  listen(place: ListenConfig, files: readonly TlsFiles[]): Promise<Listener>;
  /** Looks at the files of all certificates at once, and tells of what is wrong with them. */
  look(): void;
  /** Looks at none any more. */
  close(): void;
}

export async function createTlsListeners(
  door: Door,
  options: EngineOptions,
): Promise<TlsListeners> {
  const runtime = await loadTlsRuntime();
  const opened = new Map<readonly TlsFiles[], Certificates>();
  return {
    async listen(place, files) {
      const certificates = opened.get(files) ?? openCertificates(files, runtime, options.emit);
      opened.set(files, certificates);
      return await listenTls(place, certificates, runtime, door, options);
    },
    look: () => opened.forEach((certificates) => certificates.look()),
    close: () => opened.forEach((certificates) => certificates.close()),
  };
}

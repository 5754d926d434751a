/**
 * All listeners that speak TLS, which share their certificates: loaded only where there is one.
 *
 * @module
 */
import type { ListenConfig } from "../config/config.ts";
import type { TlsFiles } from "../config/tls_keys.ts";
import type { Door } from "./door.ts";
import type { EngineOptions, Listener, Placeholder } from "./engine.ts";
import { type Certificates, openCertificates } from "./tls_certificates.ts";
import { listenTls } from "./tls_listener.ts";
import { loadTlsRuntime } from "./tls_runtime.ts";

export interface TlsListeners {
  /** Listeners with the same files share their certificates. */
  listen(
    place: ListenConfig,
    files: readonly TlsFiles[],
    placeholder: Placeholder | null,
  ): Promise<Listener>;
  /** Looks at the files of all certificates at once, and tells of what is wrong with them. */
  look(): void;
}

export async function createTlsListeners(
  door: Door,
  options: EngineOptions,
): Promise<TlsListeners> {
  const runtime = await loadTlsRuntime();
  /** By their files, with how many listeners have them. */
  const opened = new Map<string, { readonly certificates: Certificates; users: number }>();

  /** Gives the certificates, and what lets go of them. */
  function use(files: readonly TlsFiles[]): [Certificates, () => void] {
    const key = JSON.stringify(files);
    const one = opened.get(key) ??
      { certificates: openCertificates(files, runtime, options.emit), users: 0 };
    opened.set(key, one);
    one.users++;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      if (--one.users > 0) return;
      one.certificates.close();
      opened.delete(key);
    };
    return [one.certificates, leave];
  }

  return {
    async listen(place, files, placeholder) {
      const [certificates, leave] = use(files);
      try {
        const { close, ...listener } = await listenTls(
          place,
          certificates,
          runtime,
          door,
          options,
          placeholder,
        );
        return { ...listener, close: () => close().finally(leave) };
      } catch (error) {
        leave();
        throw error;
      }
    },
    look: () => opened.forEach(({ certificates }) => certificates.look()),
  };
}

/**
 * What of the runtime speaks TLS, loaded where it is asked for: a start that needs none of it doesn't wait for it. In one bundle an `import` of
 * `node:tls` would be at its top.
 *
 * @module
 */

/** `node:net` and `node:tls`. */
export interface TlsRuntime {
  readonly net: typeof import("node:net");
  readonly tls: typeof import("node:tls");
}

export async function loadTlsRuntime(): Promise<TlsRuntime> {
  const [net, tls] = await Promise.all([import("node:net"), import("node:tls")]);
  return { net, tls };
}

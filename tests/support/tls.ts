/** A listener that speaks TLS, with a certificate of the test's own. */
import { type Authority, type Certified, makeAuthority } from "./certificates.ts";
import { TEST_ROOTS } from "./connection.ts";
import { keepSecret } from "./secrets.ts";

export interface TlsSetting extends AsyncDisposable {
  readonly folder: string;
  readonly authority: Authority;
  readonly server: Certified;
  /** Flags by which the program speaks TLS. */
  readonly flags: readonly string[];
}

/** Makes an authority that {@linkcode TEST_ROOTS} has, and a certificate for `localhost`. */
export async function tlsSetting(): Promise<TlsSetting> {
  const folder = await Deno.makeTempDir();
  const authority = await makeAuthority(folder);
  const server = await authority.issue("server");
  const root = await Deno.readTextFile(authority.cert);
  const [, line] = (await Deno.readTextFile(server.key)).split("\n");
  keepSecret("a line of the private key", line!);
  TEST_ROOTS.push(root);
  return {
    folder,
    authority,
    server,
    flags: ["--tls-cert", server.cert, "--tls-key", server.key],
    async [Symbol.asyncDispose]() {
      TEST_ROOTS.splice(TEST_ROOTS.indexOf(root), 1);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The address of a listener as {@linkcode import("./connection.ts").connect} takes it. */
export function overTls(address: string): string {
  return `tls:${address}`;
}

/** Whether tests that know nothing of TLS run over it: see `scripts/test.ts`. */
export const OVER_TLS = Deno.env.has("WSTUNNEL_TEST_TLS");

let shared: Promise<TlsSetting> | null = null;

/** The flags by which the program speaks TLS where {@linkcode OVER_TLS} asks for it. */
export async function flagsOverTls(): Promise<readonly string[]> {
  if (!OVER_TLS) return [];
  if (shared === null) {
    shared = tlsSetting();
    const { folder } = await shared;
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  }
  return (await shared).flags;
}

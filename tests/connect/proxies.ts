/** Proxies to go by: a real one, and one that answers as a test tells it to. */
import { freePort, serveBackend, type Taken } from "../support/backends.ts";
import { connect, createReader, type Reader, writeAll } from "../support/connection.ts";
import { inFolder } from "../support/folder.ts";
import { installed, startServer } from "../support/installed.ts";
import type { Certified } from "../support/certificates.ts";

const TINYPROXY = installed("tinyproxy");

/** Why there are no tests with it, null when there are. */
export const NO_TINYPROXY = TINYPROXY === null ? "tinyproxy is not installed" : null;

/** A tinyproxy at an address, for as long as the body runs; `basicAuth`: a user and a password. */
export async function withTinyproxy(
  basicAuth: readonly [user: string, password: string] | null,
  body: (address: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const port = freePort();
    const config = `${folder}/tinyproxy.conf`;
    const lines = [`Port ${port}`, "Listen 127.0.0.1", "Timeout 60", "MaxClients 20"];
    if (basicAuth !== null) lines.push(`BasicAuth ${basicAuth.join(" ")}`);
    await Deno.writeTextFile(config, lines.map((line) => `${line}\n`).join(""));
    const address = `127.0.0.1:${port}`;
    await using _server = await startServer(TINYPROXY!, ["-d", "-c", config], address);
    await body(address);
  });
}

const MICROSOCKS = installed("microsocks");

/** Why there are no tests with it, null when there are. */
export const NO_MICROSOCKS = MICROSOCKS === null ? "microsocks is not installed" : null;

/** A microsocks at an address, for as long as the body runs. */
export async function withMicrosocks(
  login: readonly [user: string, password: string] | null,
  body: (address: string) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const address = `127.0.0.1:${port}`;
  const args = ["-i", "127.0.0.1", "-p", String(port)];
  if (login !== null) args.push("-u", login[0], "-P", login[1]);
  await using _server = await startServer(MICROSOCKS!, args, address);
  await body(address);
}

export interface JoiningProxy extends AsyncDisposable {
  readonly address: string;
  /** What it was asked. */
  readonly heads: readonly string[];
}

/** Joins whoever asks for it with the server that he names; by TLS with a certificate. */
export function openProxy(tls?: Certified): JoiningProxy {
  const heads: string[] = [];
  const serve = async (taken: Taken) => {
    const head = await taken.reader.through("\r\n\r\n", "a request");
    heads.push(head);
    const [, authority = ""] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    using server = await connect(authority);
    await taken.write("HTTP/1.1 200 OK\r\n\r\n");
    const { reader } = taken;
    await Promise.all([
      carry(reader, (bytes) => writeAll(server, bytes)).finally(() => server.closeWrite()),
      carry(createReader(server), taken.write).finally(() => taken.closeWrite()),
    ]);
  };
  const proxy = serveBackend(serve, tls === undefined ? {} : { tls });
  return {
    address: proxy.address,
    heads,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

async function carry(from: Reader, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  for (let bytes; (bytes = await from.some("what is to be carried")) !== null;) await write(bytes);
}

/** The program with its admin listener, and requests to that, which are sent as they are told to be. */
import assert from "node:assert/strict";
import { BINARY_FRAMES, hostLines } from "../e2e/whole.ts";
import { closeQuietly, connect, createReader, writeAll } from "../support/connection.ts";
import { type Program, startProgram } from "../support/program.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";

export interface Asked {
  /** @default "GET" */
  readonly method?: string;
  /** In place of the usual ones; null: none. */
  readonly fields?: Readonly<Record<string, string | null>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

/** Asks an admin listener at `host:port` or `unix:/path`, on a connection of its own. No answer may hold a secret. */
export async function ask(
  address: string,
  path: string,
  { method = "GET", fields = {}, body = "" }: Asked = {},
): Promise<Answered> {
  const host = address.startsWith("unix:") ? "localhost" : address;
  const all = {
    Host: host,
    Connection: "close",
    ...(body !== "" && { "Content-Length": String(body.length) }),
    ...fields,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return await askRaw(address, `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** Sends bytes as they are, and reads to the end of the connection. */
export async function askRaw(address: string, request: string): Promise<Answered> {
  const connection = await connect(address);
  try {
    await writeAll(connection, new TextEncoder().encode(request));
    const { bytes } = await createReader(connection).rest("an answer");
    return parse(new TextDecoder().decode(bytes));
  } finally {
    closeQuietly(connection);
  }
}

function parse(answer: string): Answered {
  assertNoSecret("an answer of the admin listener", answer);
  const end = answer.indexOf("\r\n\r\n");
  assert(end > 0, `no answer: ${answer}`);
  const [first, ...lines] = answer.slice(0, end).split("\r\n");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const body = answer.slice(end + 4);
  const text = headers.has("transfer-encoding") ? unchunked(body) : body;
  const isJson = headers.get("content-type") === "application/json" && text !== "";
  return {
    status: Number(first!.split(" ")[1]),
    headers,
    text,
    json: isJson ? JSON.parse(text) : null,
  };
}

/** Of ASCII. */
function unchunked(body: string): string {
  const length = parseInt(body, 16);
  if (!(length > 0)) return "";
  const start = body.indexOf("\r\n") + 2;
  return body.slice(start, start + length) + unchunked(body.slice(start + length + 2));
}

export interface Administered extends AsyncDisposable {
  readonly program: Program;
  /** Of the admin listener. */
  readonly at: string;
  readonly token: string;
  readonly folder: string;
  /** Writes the configuration's file anew; nobody has read it yet. */
  write(text: string): Promise<void>;
  /** Fields that show the token. */
  readonly shown: Readonly<Record<string, string>>;
  ask(path: string, asked?: Asked): Promise<Answered>;
  /** Asks for a change. */
  change(path: string, method: "POST" | "DELETE", body?: unknown): Promise<Answered>;
}

export interface AdministeredOptions {
  /** A free port of loopback with a token's file, or a socket's file. @default "tcp" */
  readonly by?: "tcp" | "unix";
  /** The configuration; it must not have `admin`. */
  readonly text: string;
  readonly words?: readonly [string, ...string[]];
}

/** Starts the program with an admin listener. */
export async function startAdministered(
  { by = "tcp", text, words }: AdministeredOptions,
): Promise<Administered> {
  const folder = await Deno.makeTempDir();
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const token = makeSecret("the admin token");
    await Deno.writeTextFile(`${folder}/token`, `${token}\n`, { mode: 0o600 });
    const admin = by === "unix"
      ? `admin = "unix:${folder}/admin.sock"\n`
      : `admin = "127.0.0.1:0"\nadmin-token-file = "${folder}/token"\n`;
    const write = (text: string) => Deno.writeTextFile(`${folder}/wstunnel.toml`, admin + text);
    await write(text);
    const args = ["--config", `${folder}/wstunnel.toml`];
    const program = await startProgram(args, { ...(words && { words }) });
    const at = adminAddress(program);
    const shown = { Authorization: `Bearer ${token}` };
    return {
      program,
      at,
      token,
      folder,
      write,
      shown,
      ask: (path, asked) => ask(at, path, asked),
      change: (path, method, body) =>
        ask(at, path, {
          method,
          fields: by === "tcp" ? shown : {},
          body: body === undefined ? "" : JSON.stringify(body),
        }),
      async [Symbol.asyncDispose]() {
        await program[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Where the program says that its admin listener is; the last place. */
export function adminAddress(program: Program): string {
  const found = program.log.all.map((line) => /"admin at ([^"]+)"/.exec(line)?.[1])
    .filter((address) => address !== undefined);
  assert(found.length > 0, "no admin listener");
  return found.at(-1)!;
}

/** All paths lead to some backends; `lines` stand under `[wstunnel]`. */
export function leadingTo(backends: readonly string[], lines = ""): string {
  const hosts = backends.map((address) => `[[wstunnel.server."/"]]\n${hostLines(address)}\n`);
  return `[wstunnel]\n${BINARY_FRAMES}\n${lines}\n${hosts.join("")}`;
}

/** A program, a backend and a client with a tunnel between them: what most end-to-end tests begin with. */
import assert from "node:assert/strict";
import { type Backend, openBackend, type Taken } from "../support/backends.ts";
import {
  type LogEntry,
  type Program,
  type StartOptions,
  startProgram,
} from "../support/program.ts";
import { type Fields, openTunnel, type RawClient } from "../support/raw_client.ts";
import { eventually } from "../support/eventually.ts";
import { connectionCount, isRunning } from "../support/processes.ts";
import type { Engine } from "./engine_limits.ts";

export interface Settings extends StartOptions {
  /** Lines of TOML for the top, for `[wstunnel]` and for the host. */
  readonly top?: string;
  readonly wstunnel?: string;
  readonly host?: string;
  /** Flags besides the file. */
  readonly flags?: readonly string[];
}

/** Starts the program with all paths leading to one backend, or to several. */
export async function startFor(
  engine: Engine,
  backends: string | readonly string[],
  { top = "", wstunnel = "", host = "", ...options }: Settings = {},
): Promise<Program> {
  const hosts = [backends].flat().map((address) =>
    `[[wstunnel.server."/"]]\n${hostLines(address)}\n${host}\n`
  );
  const text = `engine = "${engine}"\n${top}\n[wstunnel]\n${wstunnel}\n${hosts.join("")}`;
  return await startWithFile(text, options);
}

/** Starts the program with a configuration file. */
export async function startWithFile(
  text: string,
  options: Omit<Settings, "top" | "wstunnel" | "host"> = {},
): Promise<Program> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/wstunnel.toml`, text);
    const { flags = [], ...others } = options;
    return await startProgram(["--config", `${folder}/wstunnel.toml`, ...flags], others);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An address as keys of a host. */
export function hostLines(address: string): string {
  if (address.startsWith("unix:")) return `socket = "${address.slice("unix:".length)}"`;
  const { hostname, port } = new URL(`tcp://${address}`);
  return `host = "${hostname}"\nport = ${port}`;
}

export interface Whole {
  readonly program: Program;
  readonly backend: Backend;
  readonly client: RawClient;
  /** The backend's end of the tunnel. */
  readonly taken: Taken;
}

/** Opens one tunnel, does what is to be done with it, and clears everything away. */
export async function withTunnel(
  engine: Engine,
  settings: Settings & { readonly fields?: Fields },
  body: (whole: Whole) => Promise<void>,
): Promise<void> {
  await using backend = openBackend();
  await using program = await startFor(engine, backend.address, settings);
  const before = connectionCount(program.pid);
  using client = await openTunnel(program.address, "/", settings.fields);
  const taken = await backend.take();
  await body({ program, backend, client, taken });
  client[Symbol.dispose]();
  taken.close();
  await eventually(
    "both connections of the tunnel to be closed",
    () =>
      !isRunning(program.pid) ||
      connectionCount(program.pid) <= before + (engine === "loop" ? 0 : LOOPBACK),
  );
}

/** A program whose bytes the runtime moves connects to itself once when it is busy, see `lib/base/breather.ts`. */
const LOOPBACK = 2;

/** Checks the access log's entry of the only tunnel. */
export async function assertClosed(
  program: Program,
  expected: Readonly<Record<string, unknown>>,
): Promise<LogEntry> {
  const entry = await program.entry("tunnel closed");
  for (const [key, value] of Object.entries(expected)) assert.equal(entry[key], value, key);
  return entry;
}

export const BINARY_FRAMES = `frame-type = "binary"`;

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

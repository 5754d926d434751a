/** A folder of files, served by the program, and clients of it. */
import assert from "node:assert/strict";
import { type Engine } from "../e2e/engine_limits.ts";
import { startWithFile } from "../e2e/whole.ts";
import { inFolder } from "../support/folder.ts";
import type { Program } from "../support/program.ts";
import { openRaw, type RawClient, type Response } from "../support/raw_client.ts";

export const HOST = "Host: example.com";

/** What is in the root of every folder that is served here. */
export const PAGE = "<!DOCTYPE html><title>Hello</title>\n";

export interface Serving {
  readonly program: Program;
  /** The root, in which `index.html` is {@linkcode PAGE}; what stands beside it is served by nobody. */
  readonly root: string;
  /** Beside the root. */
  readonly outside: string;
}

export interface ServingOptions {
  /** Lines of the table `web`, but `root`. */
  readonly web?: string;
  /** Lines of TOML above it. */
  readonly top?: string;
  /** What follows it: routes. */
  readonly rest?: string;
  readonly flags?: readonly string[];
  /** Empty: `top` says where. @default any free port of 127.0.0.1 */
  readonly listen?: readonly string[];
}

/** Serves a folder; `make` fills it before. */
export async function serving(
  engine: Engine,
  { web = "", top = "", rest = "", flags = [], listen }: ServingOptions,
  test: (serving: Serving) => Promise<void>,
  make: (root: string, outside: string) => void = () => {},
): Promise<void> {
  await inFolder(async (folder) => {
    const [root, outside] = [`${folder}/root`, `${folder}/outside`];
    for (const made of [root, outside]) Deno.mkdirSync(made);
    Deno.writeTextFileSync(`${root}/index.html`, PAGE);
    make(root, outside);
    const text = `engine = "${engine}"\n${top}\n[web]\nroot = "${root}"\n${web}\n${rest}`;
    await using program = await startWithFile(text, {
      flags,
      ...(listen && { listen, listeners: 1 }),
    });
    await test({ program, root, outside });
  });
}

/** The text of a request by HTTP/1.1. */
export function request(target: string, lines: readonly string[] = [], method = "GET"): string {
  return [`${method} ${target} HTTP/1.1`, HOST, ...lines, "", ""].join("\r\n");
}

export interface Answered extends Response {
  readonly body: string;
}

/** Asks on a connection, and reads the answer whole. */
export async function askOn(client: RawClient, text: string): Promise<Answered> {
  await client.write(text);
  const response = await client.head();
  const hasBody = !text.startsWith("HEAD ") && response.status !== 304;
  return { ...response, body: hasBody ? await client.body(response) : "" };
}

/** Asks by a connection of its own. */
export async function ask(
  { address }: Pick<Program, "address">,
  target: string,
  lines: readonly string[] = [],
  method = "GET",
): Promise<Answered> {
  using client = await openRaw(address);
  return await askOn(client, request(target, lines, method));
}

/** Whether a connection is kept: it answers another request. */
export async function assertKept(client: RawClient): Promise<void> {
  const { status, body } = await askOn(client, request("/"));
  assert.deepEqual([status, body], [200, PAGE]);
}

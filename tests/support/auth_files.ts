/** Files of users, tokens and keys, made by the tools that people make them with. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hashSync } from "bcryptjs";

export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file in place; gives its path. */
  write(name: string, text: string): Promise<string>;
  /** Writes a file beside another, whose place it then takes. */
  replace(name: string, text: string): Promise<string>;
}

/** A folder that nobody else may look into. */
export async function openFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${path}/${name}`, text, { mode: 0o600 });
    return `${path}/${name}`;
  };
  return {
    path,
    write,
    async replace(name, text) {
      await Deno.rename(await write(`${name}.new`, text), `${path}/${name}`);
      return `${path}/${name}`;
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A line of a file of tokens. */
export function tokenLine(name: string, token: string): string {
  return `${name} sha256:${createHash("sha256").update(token).digest("hex")}\n`;
}

/** What a program writes to its standard output, of the input. */
export async function outputOf(
  program: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<Uint8Array> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  await writer.write(bytes).then(() => writer.close()).catch(() => {});
  const { success, stdout, stderr } = await output;
  assert.ok(success, `${program}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** A line of a file of passwords. */
export function passwordLine(name: string, password: string, cost = 5): string {
  return `${name}:${hashSync(password, cost)}\n`;
}

/** `Authorization: Basic`. */
export function basic(name: string, password: string): string {
  return `Basic ${new TextEncoder().encode(`${name}:${password}`).toBase64()}`;
}

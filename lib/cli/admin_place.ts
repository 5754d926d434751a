/**
 * Where the admin listener is that a command is to ask, and the token that it wants.
 *
 * Of the configuration file no more is read than these two: what else is wrong with it is for the server to say, when it reads it again.
 *
 * @module
 */
import { parseAddress, parseListenAddress } from "../base/address.ts";
import { readTextFile } from "../base/read_file.ts";
import { formatProblem, quote } from "../config/problem.ts";
import { MAX_FILE_BYTES } from "../config/read.ts";
import { tomlSource } from "../config/source.ts";
import { isTable, type Table } from "../config/table.ts";
import type { AdminPlace } from "./admin_client.ts";
import type { GivenFlag } from "./arguments.ts";
import { TOKEN_VARIABLE } from "./environment.ts";

/** Where it is when nothing says otherwise: the folder is the packaged unit's. */
export const DEFAULT_SOCKET = "/run/wstunnel/admin.sock";

/** A token is a line. */
const MAX_TOKEN_BYTES = 4096;

/** Finds it; a problem is the whole line for a person. */
export async function findAdmin(
  given: readonly GivenFlag[],
  environment: Readonly<Record<string, string>>,
): Promise<AdminPlace | { readonly problem: string }> {
  const flag = (name: string) => given.findLast((one) => one.name === name)?.value;
  const file = flag("--config");
  const read = file === undefined ? { table: {} } : await readTable(file);
  if ("problem" in read) return read;
  const found = addressOf(flag("--admin"), file, read.table);
  if ("problem" in found) return found;
  const token = await tokenOf(
    flag("--admin-token-file") ?? textAt(read.table, "admin-token-file"),
    environment[TOKEN_VARIABLE],
  );
  if (typeof token === "object" && token !== null) return token;
  return { address: found.address, token };
}

async function readTable(
  path: string,
): Promise<{ readonly table: Table } | { readonly problem: string }> {
  const read = await readTextFile(path, MAX_FILE_BYTES);
  if ("problem" in read) return { problem: `${path}: ${read.problem}` };
  const source = tomlSource({ path, text: read.text });
  if ("problem" in source) return { problem: formatProblem(source.problem) };
  return { table: isTable(source.raw) ? source.raw : {} };
}

function textAt(table: Table, key: string): string | undefined {
  const value = table[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function addressOf(flag: string | undefined, file: string | undefined, table: Table) {
  if (flag !== undefined) return named("--admin", flag, parseAddress(flag));
  const said = textAt(table, "admin");
  if (said !== undefined) return named(`${file}: admin`, said, parseListenAddress(said));
  try {
    Deno.lstatSync(DEFAULT_SOCKET);
  } catch (error) {
    // Who may not look into its folder may not connect either, and is told so then.
    if (error instanceof Deno.errors.NotFound) return { problem: NOWHERE };
  }
  return parseAddress(`unix:${DEFAULT_SOCKET}`);
}

const NOWHERE = "where is the admin listener? It is given with --admin ADDRESS, or with --config " +
  `FILE that has the key admin; without these it is ${DEFAULT_SOCKET}, which isn't there`;

function named(name: string, text: string, parsed: ReturnType<typeof parseAddress>) {
  if ("problem" in parsed) {
    return { problem: `${name}: ${parsed.problem}: current value is ${quote(text)}` };
  }
  const { address } = parsed;
  return address.transport === "tcp" && address.port === 0
    ? { problem: `${name}: port 0 is any free one: say which with --admin` }
    : parsed;
}

/** The token, null where there is none, or what is wrong with where it stands; what it is is not repeated. */
async function tokenOf(
  file: string | undefined,
  variable: string | undefined,
): Promise<string | null | { readonly problem: string }> {
  if (file === undefined) {
    return variable === undefined || variable === "" ? null : asToken(TOKEN_VARIABLE, variable);
  }
  const read = await readTextFile(file, MAX_TOKEN_BYTES);
  return "problem" in read
    ? { problem: `${file}: ${read.problem}` }
    : asToken(file, read.text.trim());
}

function asToken(name: string, text: string): string | { readonly problem: string } {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  return { problem: `${name}: must be the token of the admin listener, one word in ASCII` };
}

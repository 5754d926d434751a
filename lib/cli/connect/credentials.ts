/**
 * Who `connect` says it is. Nothing of a password or a token is in a problem.
 *
 * @module
 */
import { readTextFile } from "../../base/read_file.ts";
import { CONNECT_PASSWORD_VARIABLE, CONNECT_TOKEN_VARIABLE } from "../environment.ts";
import { type Environment, type Last, type Problem } from "./given.ts";

/** A password or a token is a line. */
const MAX_SECRET_BYTES = 4096;

/** The value of Authorization (RFC 7617, RFC 6750), null where there is none. */
export async function readCredentials(
  last: Last,
  environment: Environment,
): Promise<string | null | Problem> {
  const user = last("--user");
  const passwordFile = last("--password-file");
  const tokenFile = last("--token-file");
  if (user === undefined) {
    if (passwordFile !== undefined) return { problem: "--password-file is for --user alone" };
    const token = await readSecret(tokenFile, environment[CONNECT_TOKEN_VARIABLE]);
    if (token === null || typeof token === "object") return token;
    if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
    return { problem: "the token must be one word in ASCII" };
  }
  if (tokenFile !== undefined) return { problem: "--token-file has no place beside --user" };
  if (user.includes(":")) {
    // What stands behind it is a password for many another program.
    return {
      problem:
        `--user: must be without a colon; the password is said by --password-file FILE or the variable ${CONNECT_PASSWORD_VARIABLE}`,
    };
  }
  const password = await readSecret(passwordFile, environment[CONNECT_PASSWORD_VARIABLE]);
  if (password === null) {
    return {
      problem:
        `--user: its password is said by --password-file FILE or the variable ${CONNECT_PASSWORD_VARIABLE}`,
    };
  }
  if (typeof password === "object") return password;
  return basicCredentials(user, password);
}

/** RFC 7617 section 2, in UTF-8. */
export function basicCredentials(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** The first line of the file, or what the variable holds. */
export async function readSecret(
  file: string | undefined,
  variable: string | undefined,
): Promise<string | null | Problem> {
  if (file === undefined) return variable || null;
  const read = await readTextFile(file, MAX_SECRET_BYTES);
  if ("problem" in read) return { problem: `${file}: ${read.problem}` };
  const [line] = read.text.split(/\r?\n/);
  return line !== "" ? line! : { problem: `${file}: its first line is empty` };
}

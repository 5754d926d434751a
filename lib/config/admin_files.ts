/**
 * The file of `admin-token-file`: what stands in it, and what is wrong with it on the machine as it is. Nothing of it is ever repeated.
 *
 * @module
 */
import { utf8Text } from "../base/small_file.ts";
import type { Reader } from "./auth_files.ts";
import type { Machine } from "./machine.ts";
import { type Finding, type SecretFile, valueAt } from "./problem.ts";

/** Shorter ones could be guessed: nothing counts who tries. */
const MIN_CHARACTERS = 16;

const MAX_CHARACTERS = 1024;

/** As `Authorization: Bearer` has one, RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The token of a file: its one line, without white space around it. */
export const readAdminToken: Reader<string> = (bytes) => {
  const token = utf8Text(bytes)?.trim() ?? "";
  const isToken = TOKEN.test(token) && token.length >= MIN_CHARACTERS &&
    token.length <= MAX_CHARACTERS;
  return isToken ? { value: token } : { problem: RULE };
};

const RULE =
  `must hold one token, a line of ${MIN_CHARACTERS} to ${MAX_CHARACTERS} letters, digits ` +
  "and -._~+/, as openssl rand -hex 32 makes one";

const PATH = ["admin-token-file"];

/** What is wrong with the file that a configuration of any form names. */
export function findAdminProblems(raw: unknown, machine: Machine): Finding[] {
  const path = valueAt(raw, PATH);
  if (typeof path !== "string" || path === "") return [];
  const file = machine.read(path);
  const read = "problem" in file ? file : readAdminToken(file.bytes);
  return "problem" in read ? [{ path: PATH, rule: `${JSON.stringify(path)} ${read.problem}` }] : [];
}

/** The file, where there is one. */
export function secretFilesOfAdmin(raw: unknown): SecretFile[] {
  const file = valueAt(raw, PATH);
  return typeof file === "string" ? [{ file, path: PATH }] : [];
}

/** Warns of one that every user of the machine can read. */
export function warnOfAdmin(raw: unknown, machine: Machine): Finding[] {
  const path = valueAt(raw, PATH);
  if (typeof path !== "string" || !machine.isReadByAll(path)) return [];
  const rule = `${JSON.stringify(path)} can be read by every user of this machine: chmod o-rwx`;
  return [{ path: PATH, rule }];
}

/**
 * The flags for the files of the sockets that `--listen` names: they make tables of its addresses.
 *
 * @module
 */
import { FILE_MODE_RULE, parseFileMode } from "../base/file_mode.ts";
import type { Setting } from "../config/load.ts";
import { ACCOUNT_RULE, isAccount } from "../sys/accounts.ts";
import type { GivenFlag } from "./arguments.ts";

/** The key of a listener that each flag sets, and what is right there. */
const KEYS = [
  { flag: "--listen-mode", key: "mode", rule: FILE_MODE_RULE, isRight: isMode },
  { flag: "--listen-group", key: "group", rule: ACCOUNT_RULE, isRight: isAccount },
] as const;

function isMode(text: string): boolean {
  return parseFileMode(text) !== null;
}

/** Settings to stand behind that of `--listen`, in whose place they come. */
export function socketFileSettings(flags: readonly GivenFlag[]): Setting[] {
  const listen = flags.filter(({ name }) => name === "--listen").map(({ value }) => value);
  const given = KEYS.flatMap((one) => {
    const text = flags.findLast(({ name }) => name === one.flag)?.value;
    return text === undefined ? [] : [{ ...one, text }];
  });
  if (given.length === 0) return [];
  const broken = given.flatMap(({ flag, rule, isRight, text }): Setting[] => {
    const path = [flag];
    if (!isRight(text)) return [{ flag, path, rule, text }];
    return listen.some(isFile)
      ? []
      : [{ flag, path, rule: "has no effect without --listen unix:/path" }];
  });
  if (broken.length > 0) return broken;
  const keys = Object.fromEntries(given.map(({ key, text }) => [key, text]));
  const value = listen.map((address) => isFile(address) ? { address, ...keys } : address);
  return [{ flag: "--listen", path: ["listen"], value }];
}

function isFile(address: string): boolean {
  return address.startsWith("unix:/");
}

/**
 * The flags for what `--listen` names: they make tables of its addresses.
 *
 * @module
 */
import { FILE_MODE_RULE, parseFileMode } from "../base/file_mode.ts";
import { LISTENER } from "../config/listener.ts";
import type { Setting } from "../config/load.ts";
import { ACCOUNT_RULE, isAccount } from "../sys/accounts.ts";
import type { GivenFlag } from "./arguments.ts";

const FILE = { fits: isFile, needed: "--listen unix:/path" };

const PROXY_PROTOCOLS = LISTENER.proxyProtocol.kind.names;

/** The key of a listener that each flag sets, what is right there, and which listeners have it. */
const KEYS = [
  { flag: "--listen-mode", key: "mode", rule: FILE_MODE_RULE, isRight: isMode, ...FILE },
  { flag: "--listen-group", key: "group", rule: ACCOUNT_RULE, isRight: isAccount, ...FILE },
  {
    flag: "--proxy-protocol",
    key: "proxy-protocol",
    rule: `must be ${PROXY_PROTOCOLS.join(", ").replace(/, (?=\w+$)/, " or ")}`,
    isRight: (text: string) => PROXY_PROTOCOLS.some((name) => name === text),
    fits: () => true,
    needed: "--listen",
  },
];

function isMode(text: string): boolean {
  return parseFileMode(text) !== null;
}

/** Settings to stand behind that of `--listen`, in whose place they come. */
export function listenerSettings(flags: readonly GivenFlag[]): Setting[] {
  const listen = flags.filter(({ name }) => name === "--listen").map(({ value }) => value);
  const given = KEYS.flatMap((one) => {
    const text = flags.findLast(({ name }) => name === one.flag)?.value;
    return text === undefined ? [] : [{ ...one, text }];
  });
  if (given.length === 0) return [];
  const broken = given.flatMap(({ flag, rule, isRight, text, fits, needed }): Setting[] => {
    const path = [flag];
    if (!isRight(text)) return [{ flag, path, rule, text }];
    return listen.some(fits) ? [] : [{ flag, path, rule: `has no effect without ${needed}` }];
  });
  if (broken.length > 0) return broken;
  const value = listen.map((address) => {
    const keys = given.filter(({ fits }) => fits(address)).map(({ key, text }) => [key, text]);
    return keys.length === 0 ? address : { address, ...Object.fromEntries(keys) };
  });
  return [{ flag: "--listen", path: ["listen"], value }];
}

function isFile(address: string): boolean {
  return address.startsWith("unix:/");
}

/**
 * The flags for what `--listen` names: they make tables of its addresses.
 *
 * @module
 */
import { FILE_MODE_RULE, parseFileMode } from "../base/file_mode.ts";
import { LISTENER } from "../config/listener.ts";
import { TLS } from "../config/tls_keys.ts";
import type { Setting } from "../config/load.ts";
import { ACCOUNT_RULE, isAccount } from "../sys/accounts.ts";
import type { GivenFlag } from "./arguments.ts";

const FILE = { fits: isFile, needed: "--listen unix:/path" };

const TLS_FLAG = {
  key: "tls",
  rule: "must be the path of a file",
  isRight: (path: string) => path !== "",
  fits: (address: string) => !address.startsWith("unix:"),
  needed: "--listen HOST:PORT",
};

const PROXY_PROTOCOLS = LISTENER.proxyProtocol.kind.names;

/** What a flag sets of a listener. */
interface ListenerFlag {
  readonly flag: string;
  readonly key: string;
  /** The key of the table that is there. */
  readonly inner?: string;
  /** What is right there. */
  readonly rule: string;
  readonly isRight: (text: string) => boolean;
  /** Which listeners have it. */
  readonly fits: (address: string) => boolean;
  readonly needed: string;
}

const KEYS: readonly ListenerFlag[] = [
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
  { flag: "--tls-cert", inner: TLS.cert.name, ...TLS_FLAG },
  { flag: "--tls-key", inner: TLS.key.name, ...TLS_FLAG },
  { flag: "--tls-client-ca", inner: TLS.clientCa.name, ...TLS_FLAG },
];

/** Those of which each needs the others. */
const TOGETHER = ["--tls-cert", "--tls-key"];

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
  const lone = loneFlags(given);
  if (lone.length > 0) return lone;
  const value = listen.map((address) => {
    const keys = keysOf(given.filter(({ fits }) => fits(address)));
    return Object.keys(keys).length === 0 ? address : { address, ...keys };
  });
  return [{ flag: "--listen", path: ["listen"], value }, ...listen.flatMap(partsOf(given))];
}

type GivenKey = ListenerFlag & { readonly text: string };

/** What a listener's table has of each flag, so that what is wrong with it is told by that flag's name. */
function partsOf(given: readonly GivenKey[]): (address: string, at: number) => Setting[] {
  return (address, at) =>
    given.filter(({ fits }) => fits(address)).map(({ flag, key, inner, text }) => ({
      flag,
      path: ["listen", at, key, ...(inner === undefined ? [] : [inner])],
      value: text,
    }));
}

function keysOf(given: readonly GivenKey[]): Record<string, unknown> {
  const own = given.filter(({ inner }) => inner === undefined).map(({ key, text }) => [key, text]);
  const inner = given.flatMap(({ inner, text }) => inner === undefined ? [] : [[inner, text]]);
  return {
    ...Object.fromEntries(own),
    ...(inner.length > 0 && { [TLS_FLAG.key]: Object.fromEntries(inner) }),
  };
}

/** What needs another flag that isn't there. */
function loneFlags(given: readonly GivenKey[]): Setting[] {
  const tls = given.filter(({ key }) => key === TLS_FLAG.key);
  const lacking = TOGETHER.filter((flag) => !tls.some((one) => one.flag === flag));
  if (tls.length === 0 || lacking.length === 0) return [];
  const { flag } = tls[0]!;
  return [{ flag, path: [flag], rule: `needs ${lacking.join(" and ")} beside it` }];
}

function isFile(address: string): boolean {
  return address.startsWith("unix:/");
}

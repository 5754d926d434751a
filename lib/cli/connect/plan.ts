/**
 * What is joined to which server: standard input and output, or what listens, by the words and flags of the command line.
 *
 * @module
 */
import { type Address, parseListenAddress } from "../../base/address.ts";
import type { GivenFlag } from "../arguments.ts";
import { type Problem, wrong } from "./given.ts";
import { PARAMETER } from "./socks/target.ts";

/** A server, and where to listen for it; nowhere: it is joined to standard input and output. */
export interface Lane {
  readonly url: string;
  readonly listen: readonly Address[];
}

export interface Plan {
  /** One, or several that all listen. */
  readonly lanes: readonly Lane[];
  /** Whether the first connection is the only one. */
  readonly once: boolean;
  /** Whether who connects says by SOCKS5 where to. */
  readonly socks: boolean;
}

/** What stands in front is where to listen: a path or a query may have a `=` of its own. */
const SEAM = /=(?=wss?:\/\/)/i;

/** Reads them. A URL is in no problem: its query may hold a token. */
export function readPlan(
  words: readonly string[],
  given: readonly GivenFlag[],
  switches: readonly string[],
): Plan | Problem {
  const flagged = given.filter(({ name }) => name === "--listen" || name === "--socks");
  const socks = flagged.some(({ name }) => name === "--socks");
  const split = words.map(splitPair);
  const isPairs = split.some(({ listen }) => listen !== null);
  if (!isPairs && words.length > 1) {
    return { problem: "there must be one URL, or for several servers pairs LISTEN=URL" };
  }
  if (isPairs && flagged.length > 0) {
    return { problem: `${flagged[0]!.name} has no place beside LISTEN=URL` };
  }
  if (socks && flagged.some(({ name }) => name === "--listen")) {
    return { problem: "--socks has no place beside --listen" };
  }
  if (socks && words.some(namesAddress)) {
    return { problem: "--socks: the URL must not name an address, which who connects does" };
  }
  const lanes: Lane[] = [];
  for (const { listen, url } of split) {
    if (isPairs && listen === null) {
      return {
        problem: "a URL alone has no place beside pairs LISTEN=URL, where LISTEN is an address",
      };
    }
    const pair = { name: "LISTEN of LISTEN=URL", value: listen ?? "" };
    const addresses = readAddresses(listen === null ? flagged : [pair]);
    if ("problem" in addresses) return addresses;
    lanes.push({ url, listen: addresses });
  }
  const once = switches.includes("--once");
  if (once && lanes.every(({ listen }) => listen.length === 0)) {
    return { problem: "--once is for --listen, LISTEN=URL and --socks" };
  }
  return { lanes, once, socks };
}

/** `listen` is null where the word is a URL, or whatever else has none in it. */
function splitPair(word: string): { readonly listen: string | null; readonly url: string } {
  const at = /^wss?:/i.test(word) ? -1 : word.search(SEAM);
  return at < 0
    ? { listen: null, url: word }
    : { listen: word.slice(0, at), url: word.slice(at + 1) };
}

function readAddresses(
  texts: readonly { readonly name: string; readonly value: string }[],
): Address[] | Problem {
  const addresses: Address[] = [];
  for (const { name, value } of texts) {
    const parsed = parseListenAddress(value);
    const problem = "problem" in parsed
      ? parsed.problem
      : name === "--socks" && !isForUs(parsed.address)
      ? "must be an address of loopback, as 127.0.0.1:1080, or unix:/path, since nobody is asked for a password"
      : null;
    if (problem !== null) return wrong(name, problem, value);
    addresses.push((parsed as { address: Address }).address);
  }
  return addresses;
}

/** Whether only this machine's programs can connect. */
function isForUs(address: Address): boolean {
  if (address.transport === "unix") return true;
  const { hostname } = address;
  return hostname === "localhost" || hostname === "::1" || /^127\.[\d.]+$/.test(hostname);
}

/** Whether a URL has the parameter already that says where to, and not as one to be filled. */
function namesAddress(url: string): boolean {
  const { searchParams } = URL.parse(url) ?? {};
  return searchParams?.has(PARAMETER) === true && !url.endsWith(`${PARAMETER}=`);
}

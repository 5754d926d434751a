/**
 * What is joined to which server: standard input and output, or what listens, by the words and flags of the command line.
 *
 * @module
 */
import { type Address, parseListenAddress } from "../../base/address.ts";
import { quote } from "../../config/problem.ts";
import type { GivenFlag } from "../arguments.ts";

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
}

type Problem = { readonly problem: string };

/** What stands in front is where to listen: a path or a query may have a `=` of its own. */
const SEAM = /=(?=wss?:\/\/)/i;

/** Reads them. A URL is in no problem: its query may hold a token. */
export function readPlan(
  words: readonly string[],
  given: readonly GivenFlag[],
  switches: readonly string[],
): Plan | Problem {
  const flagged = given.filter(({ name }) => name === "--listen").map(({ value }) => value);
  const split = words.map(splitPair);
  const isPairs = split.some(({ listen }) => listen !== null);
  if (!isPairs && words.length > 1) {
    return { problem: "there must be one URL, or for several servers pairs LISTEN=URL" };
  }
  if (isPairs && flagged.length > 0) {
    return { problem: "--listen has no place beside LISTEN=URL: write a pair for it, too" };
  }
  const lanes: Lane[] = [];
  for (const { listen, url } of split) {
    if (isPairs && listen === null) {
      return {
        problem: "a URL alone has no place beside pairs LISTEN=URL, where LISTEN is an address",
      };
    }
    const addresses = readAddresses(listen === null ? flagged : [listen], listen === null);
    if ("problem" in addresses) return addresses;
    lanes.push({ url, listen: addresses });
  }
  const once = switches.includes("--once");
  if (once && lanes.every(({ listen }) => listen.length === 0)) {
    return { problem: "--once is for --listen and LISTEN=URL" };
  }
  return { lanes, once };
}

/** `listen` is null where the word is a URL, or whatever else has none in it. */
function splitPair(word: string): { readonly listen: string | null; readonly url: string } {
  const at = /^wss?:/i.test(word) ? -1 : word.search(SEAM);
  return at < 0
    ? { listen: null, url: word }
    : { listen: word.slice(0, at), url: word.slice(at + 1) };
}

function readAddresses(texts: readonly string[], isFlag: boolean): Address[] | Problem {
  const addresses: Address[] = [];
  for (const text of texts) {
    const parsed = parseListenAddress(text);
    if ("problem" in parsed) {
      const what = isFlag ? "--listen" : "LISTEN of LISTEN=URL";
      return { problem: `${what}: ${parsed.problem}: current value is ${quote(text)}` };
    }
    addresses.push(parsed.address);
  }
  return addresses;
}

/**
 * Which of the codings that a file is there in a client gets, RFC 9110 section 12.5.3.
 *
 * @module
 */
import { listElements } from "../request.ts";

/** Those that a file may stand in beside itself, the better one first, with the ends of their files' names. */
export const SUFFIXES = { br: ".br", gzip: ".gz" } as const;

/** Empty: as it is. */
export type Coding = keyof typeof SUFFIXES | "";

/** A coding with its weight, RFC 9110 section 12.4.2. */
const ELEMENT = /^([^\s;]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/**
 * The coding that an Accept-Encoding field likes best of those that are there, at the same weight the earlier one. The file as it is
 * comes last unless it is named, and is what a client gets that takes nothing: it will know what to do.
 */
export function chooseCoding(value: string | null, available: readonly Coding[]): Coding {
  if (value === null) return "";
  const weights = weightsOf(value);
  const weigh = (coding: string) => weights.get(coding) ?? weights.get("*") ?? 0;
  let best: Coding = "";
  let weight = weights.get("identity") ?? 0;
  for (const coding of available) {
    const own = weigh(coding);
    // Of two that are wished for alike the smaller one is sent, but never one that isn't wished for.
    if (own > 0 && (best === "" ? own >= weight : own > weight)) [best, weight] = [coding, own];
  }
  return best;
}

/** Elements that can't be read are passed over. */
function weightsOf(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const element of listElements(value)) {
    const match = ELEMENT.exec(element);
    if (match === null) continue;
    const name = match[1]!.toLowerCase();
    // Section 8.4.1.3.
    weights.set(name === "x-gzip" ? "gzip" : name, Number(match[2] ?? 1));
  }
  return weights;
}

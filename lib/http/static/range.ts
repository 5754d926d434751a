/**
 * Ranges of bytes, RFC 9110 section 14: one of them. Several are not worth their own format: who asks for them gets the whole, as
 * section 14.2 allows; so does who asks in another unit, or can't be understood.
 *
 * @module
 */
import { listElements } from "../request.ts";

/** Offsets of bytes: the first, and the one behind the last. */
export interface Bounds {
  readonly from: number;
  readonly to: number;
}

/** The part that a Range field asks for of so many bytes; null: the whole; `unsatisfiable`: a part that isn't there (416). */
export function parseRange(value: string, sizeBytes: number): Bounds | "unsatisfiable" | null {
  const set = /^bytes=([^]*)$/i.exec(value)?.[1];
  if (set === undefined) return null;
  const specs = listElements(set).filter((spec) => spec !== "");
  const match = specs.length === 1 ? /^(\d*)-(\d*)$/.exec(specs[0]!) : null;
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "") return last === "" ? null : suffix(Number(last), sizeBytes);
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= sizeBytes) return "unsatisfiable";
  const to = last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return { from: Number(first), to };
}

/** The last bytes (section 14.1.2): the whole where there are fewer, even where there are none. */
function suffix(count: number, sizeBytes: number): Bounds | "unsatisfiable" | null {
  if (count === 0) return "unsatisfiable";
  return count >= sizeBytes ? wholeOf(sizeBytes) : { from: sizeBytes - count, to: sizeBytes };
}

/** All of it as a range; of nothing no Content-Range can tell. */
function wholeOf(sizeBytes: number): Bounds | null {
  return sizeBytes === 0 ? null : { from: 0, to: sizeBytes };
}

/** The value of Content-Range for a part (section 14.4). */
export function contentRange({ from, to }: Bounds, sizeBytes: number): string {
  return `bytes ${from}-${to - 1}/${sizeBytes}`;
}

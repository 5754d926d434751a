/**
 * The kinds of values that keys have: how each is written in the file, what it is inside, and what is wrong with a value that is
 * none. Times are written in seconds and kept in milliseconds, sizes are kept in bytes.
 *
 * @module
 */
import { formatByteSize, parseByteSize } from "../base/byte_size.ts";
import { msToSeconds, secondsToMs } from "../base/duration.ts";
import type { Finding } from "./problem.ts";
import { isTable } from "./table.ts";

/** What JSON Schema says of a value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A kind of value; `T` is what it is inside. */
export interface Kind<T> {
  /** Everything that is wrong with what is written; paths are from the value. */
  check(written: unknown): readonly Finding[];
  /** What is written and has nothing wrong, as it is kept inside. */
  decode(written: unknown): T;
  /** Something that {@linkcode decode} makes the same of. */
  encode(value: T): unknown;
  readonly schema: JsonSchema;
}

/** A kind of which a value has at most one thing wrong, told by `problemOf`; `T` is what it is both written and kept as. */
export function plain<T>(
  schema: JsonSchema,
  problemOf: (written: unknown) => string | null,
): Kind<T> {
  return {
    schema,
    check(value) {
      const rule = problemOf(value);
      return rule === null ? [] : [{ path: [], rule, value }];
    },
    decode: (written) => written as T,
    encode: (value) => value,
  };
}

/** Text; `problemOf` says what is wrong with it, or null. */
export function text(
  rule: string,
  problemOf: (text: string) => string | null = () => null,
): Kind<string> {
  return plain(
    { type: "string" },
    (written) => typeof written === "string" ? problemOf(written) : rule,
  );
}

/** A kind of which there are only so many values. */
export interface Choice<T extends string> extends Kind<T> {
  readonly names: readonly T[];
}

/** One of some words. */
export function oneOf<const T extends string>(names: readonly T[]): Choice<T> {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop();
  const rule = `must be ${quoted.join(", ")} or ${last}`;
  const isName = (written: unknown) => names.some((name) => name === written);
  return {
    ...plain<T>({ type: "string", enum: names }, (written) => isName(written) ? null : rule),
    names,
  };
}

export const trueOrFalse: Kind<boolean> = plain(
  { type: "boolean" },
  (written) => typeof written === "boolean" ? null : "must be true or false",
);

export function whole(min: number, max: number): Kind<number> {
  const rule = `must be a whole number from ${min} to ${max}`;
  return plain(
    { type: "integer", minimum: min, maximum: max },
    (written) => isWhole(written, min, max) ? null : rule,
  );
}

/** A number of things: up to more than a process can have of anything. */
export const count = whole(0, 1_000_000);

function isWhole(written: unknown, min: number, max: number): written is number {
  return Number.isInteger(written) && Number(written) >= min && Number(written) <= max;
}

/** A day: what may be silent for longer is better left without a limit, which is 0. */
const MAX_SECONDS = 86400;

/** A time; milliseconds inside. */
export function seconds(min: number, max: number = MAX_SECONDS): Kind<number> {
  const rule = `must be a number of seconds from ${min} to ${max}`;
  const isTime = (written: unknown) =>
    typeof written === "number" && written >= min && written <= max;
  return {
    ...plain(
      { type: "number", minimum: min, maximum: max },
      (written) => isTime(written) ? null : rule,
    ),
    decode: (written) => secondsToMs(written as number),
    encode: msToSeconds,
  };
}

/** A size, as a number of bytes or with its unit; bytes inside. */
export function byteSize(min: number, max: number): Kind<number> {
  const range = `${formatByteSize(min)} to ${formatByteSize(max)}`;
  const rule = `must be ${range}, as a number of bytes or as text such as "16MiB"`;
  const bytesOf = (written: unknown) =>
    typeof written === "string" ? parseByteSize(written) : written;
  return {
    ...plain(
      { anyOf: [{ type: "integer", minimum: min, maximum: max }, { type: "string" }] },
      (written) => isWhole(bytesOf(written), min, max) ? null : rule,
    ),
    decode: (written) => bytesOf(written) as number,
    encode: formatByteSize,
  };
}

/** A whole number from 0, of which the first ones have names; the number inside. */
export function level(names: readonly string[], max: number): Kind<number> {
  const quoted = names.map((name) => `"${name}"`).join(", ");
  const rule = `must be a whole number from 0 to ${max}, or one of ${quoted}`;
  const numberOf = (written: unknown) =>
    typeof written === "string" ? names.indexOf(written) : written;
  const number = { type: "integer", minimum: 0, maximum: max };
  return {
    ...plain(
      { anyOf: [number, { type: "string", enum: names }] },
      (written) => isWhole(numberOf(written), 0, max) ? null : rule,
    ),
    decode: (written) => numberOf(written) as number,
  };
}

/** A list of what is kept as it is written. */
export function listOf<T>(item: Kind<T>, rule: string): Kind<readonly T[]> {
  return {
    ...plain<readonly T[]>({ type: "array", items: item.schema }, () => rule),
    check: (written) =>
      Array.isArray(written)
        ? written.flatMap((value, at) => under(at, item.check(value)))
        : [{ path: [], rule, value: written }],
  };
}

/** A table with any names, whose values are kept as they are written; `problemOfName` says what is wrong with a name, or null. */
export function tableOf<T>(
  item: Kind<T>,
  problemOfName: (name: string) => string | null,
  rule: string,
): Kind<Readonly<Record<string, T>>> {
  const schema = {
    type: "object",
    propertyNames: { type: "string" },
    additionalProperties: item.schema,
  };
  return {
    ...plain<Readonly<Record<string, T>>>(schema, () => rule),
    check(written) {
      if (!isTable(written)) return [{ path: [], rule, value: written }];
      return Object.entries(written).flatMap(([name, value]): readonly Finding[] => {
        const problem = problemOfName(name);
        return problem === null
          ? under(name, item.check(value))
          : [{ path: [name], rule: problem }];
      });
    },
    // A parser's tables may have no prototype.
    decode: (written) => ({ ...(written as Record<string, T>) }),
  };
}

/** What was found within a value, seen from the table or list around it. */
export function under(part: string | number, findings: readonly Finding[]): Finding[] {
  return findings.map((found) => ({ ...found, path: [part, ...found.path] }));
}

/**
 * A request head read in the plainest way, whole and line by line; the parser must agree with it, however the head is cut.
 *
 * @module
 */

/** What an input means: the head in few words, a status, or more is to come. */
export type ReferenceHead =
  | { readonly line: string; readonly fields: [string, string][]; readonly end: number }
  | { readonly status: number }
  | "incomplete";

const BAD = { status: 400 };

/** Reads the head at the beginning of an input. */
export function readHead(input: Uint8Array): ReferenceHead {
  const text = Array.from(input, (byte) => String.fromCharCode(byte)).join("");
  const known = text.slice(0, 16384);
  const tooLarge = text.length >= 16384 ? { status: 431 } : "incomplete";
  let at = known.startsWith("\r\n") ? 2 : 0;
  const lines: string[] = [];
  for (;;) {
    const rest = known.slice(at);
    const bad = /[^\t\x20-\x7e\x80-\xff]/.exec(rest);
    const textBytes = bad === null ? rest.length : bad.index;
    if (lines.length === 0 && textBytes > 8192) return { status: 414 };
    if (bad === null || rest.slice(bad.index) === "\r") return tooLarge;
    if (rest.slice(bad.index, bad.index + 2) !== "\r\n") return BAD;
    const line = rest.slice(0, bad.index);
    at += bad.index + 2;
    if (line === "" && lines.length > 0) break;
    lines.push(line);
    if (lines.length === 1 && requestLineStatus(line) !== 200) {
      return { status: requestLineStatus(line) };
    }
  }
  const fields = lines.slice(1).map((line, i) => {
    const match = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/s.exec(line);
    return match === null || i >= 100 ? i : [match[1]!.toLowerCase(), match[2]!] as const;
  });
  const repeated = new Map<string, string>();
  for (const field of fields) {
    if (typeof field === "number") return { status: field >= 100 ? 431 : 400 };
    const [name, raw] = field;
    const value = raw.replace(/^[ \t]+/, "").split(/[ \t]+$/)[0]!;
    const before = repeated.get(name);
    if (before !== undefined && /^(host|content-length|transfer-encoding)$/.test(name)) return BAD;
    repeated.set(name, before === undefined ? value : before + ", " + value);
  }
  const length = repeated.get("content-length");
  const coding = repeated.get("transfer-encoding");
  if (length !== undefined && (length === "" || /\D/.test(length) || coding !== undefined)) {
    return BAD;
  }
  if (repeated.has("upgrade") && (coding !== undefined || /[1-9]/.test(length ?? ""))) return BAD;
  const [method, target, protocol] = lines[0]!.split(" ");
  const absolute = target!.startsWith("/") ? null : new RegExp("//([^/?]*)(.*)").exec(target!)!;
  if (absolute !== null && repeated.has("host")) repeated.set("host", absolute[1]!);
  let path = absolute === null ? target! : absolute[2]!;
  if (!path.startsWith("/")) path = "/" + path;
  return { line: `${method} ${path} ${protocol!.slice(5)}`, fields: [...repeated], end: at };
}

function requestLineStatus(line: string): number {
  const words = line.split(" ");
  if (words.length !== 3 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(words[0]!)) return 400;
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(words[2]!)) return 400;
  if (!["HTTP/1.0", "HTTP/1.1"].includes(words[2]!)) return 505;
  if (words[1] === "" || /[^!-~]|#/.test(words[1]!)) return 400;
  return /^(\/|(http|https|ws|wss):\/\/[^/?@\\]+(\/|$))/i.test(words[1]!) ? 200 : 400;
}

/**
 * The first line of a request, RFC 9112 section 3, taken strictly: single spaces, nothing left out.
 *
 * Origin-form and absolute-form are accepted (section 3.2.1 and 3.2.2; of the latter the schemes http, https, ws and wss,
 * without user information, and with a path before a query: HAProxy looks for one behind `http://h?`); a tunnel has no use for
 * CONNECT's authority-form or the asterisk-form.
 *
 * @module
 */

import { isToken } from "./token.ts";

/** A request line taken apart. */
export interface RequestLine {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  /** From an absolute-form target, else null; it counts instead of Host (section 3.2.2). */
  readonly authority: string | null;
}

/** What is wrong with a request, and the status that says so. */
export interface HeadProblem {
  readonly status: 400 | 414 | 431 | 505;
  readonly reason: string;
}

/** A 400. */
export function badRequest(reason: string): HeadProblem {
  return { status: 400, reason };
}

/** Reads a request line without its CRLF. */
export function parseRequestLine(line: string): RequestLine | HeadProblem {
  const first = line.indexOf(" ");
  const last = line.indexOf(" ", first + 1);
  const method = line.slice(0, first < 0 ? line.length : first);
  if (first < 0 || last < 0 || line.includes(" ", last + 1)) {
    return badRequest(
      method === "PROXY"
        ? "a PROXY protocol header, which is not taken from here"
        : "a request line that is not method, target, version",
    );
  }
  const target = line.slice(first + 1, last);
  const protocol = line.slice(last + 1);
  if (!isToken(method)) return badRequest("a method that is no token");
  const version = versionOf(protocol);
  if (version === null) {
    return /^HTTP\/\d\.\d$/.test(protocol)
      ? { status: 505, reason: `HTTP ${protocol.slice("HTTP/".length)} is not spoken here` }
      : badRequest("a request line without an HTTP version");
  }
  // RFC 3986: visible ASCII; RFC 9112 section 3.2 and RFC 6455 section 3: no fragment.
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) return badRequest("a character not for a target");
  if (target.startsWith("/")) return { method, target, version, authority: null };
  const absolute = splitAbsolute(target);
  if (absolute === null) return badRequest("a target that is neither a path nor an http URI");
  return { method, version, ...absolute };
}

function versionOf(protocol: string): RequestLine["version"] | null {
  if (protocol === "HTTP/1.1") return "1.1";
  return protocol === "HTTP/1.0" ? "1.0" : null;
}

/** Takes an absolute-form target apart; null for what is none. */
export function splitAbsolute(target: string): Pick<RequestLine, "target" | "authority"> | null {
  const match = /^(?:https?|wss?):\/\/([^/?#@\\]+)(\/[^]*)?$/i.exec(target);
  return match === null ? null : { target: match[2] ?? "/", authority: match[1]! };
}

/** Whether what may be no request begins as one for a head alone; an empty line may come before it (RFC 9112 section 2.2). */
export function asksForHead(bytes: Uint8Array): boolean {
  return /^(?:\r\n)?HEAD /.test(String.fromCharCode(...bytes.subarray(0, 7)));
}

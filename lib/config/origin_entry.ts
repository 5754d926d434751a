/**
 * The form of an entry of `origins`: a host name, or an origin with its scheme (RFC 6454 section 6.2).
 *
 * @module
 */

const FORMS =
  "must be a host name such as example.com or an origin such as https://example.com:8443";

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])$/;

/** Says what is wrong with an entry of `origins`, or null. */
export function checkOriginEntry(entry: string): string | null {
  if (entry === "*") return "an empty list admits every origin, * is no entry";
  if (entry === "null") return "an origin of null is never admitted";
  if (entry.startsWith(".")) return `${FORMS}: a host name admits its subdomains without a dot`;
  const scheme = SCHEME.exec(entry)?.[0] ?? "";
  const authority = entry.slice(scheme.length);
  if (/[/?#]/.test(authority)) return `${FORMS}, without a path`;
  const [, host, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(authority)!;
  if (!HOST.test(host!) || host!.includes("..")) return FORMS;
  if (port === undefined) return null;
  if (scheme === "") return `${FORMS}: with a port it needs its scheme`;
  return Number(port) >= 1 && Number(port) <= 65535
    ? null
    : `${FORMS}: the port must be 1 to 65535`;
}

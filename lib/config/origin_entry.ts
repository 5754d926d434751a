/**
 * The form of an entry of `origins`: a host name, or an origin with its scheme (RFC 6454 section 6.2), or `null`.
 *
 * @module
 */

const FORMS =
  "must be a host name such as example.com or an origin such as https://example.com:8443";

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])$/;
/** What an app's origin may have in the place of a host: `file://` and `app://-` are whole. */
const OPAQUE_HOST = /^[A-Za-z0-9_.~-]*$/;

/** Says what is wrong with an entry of `origins`, or null. */
export function checkOriginEntry(entry: string): string | null {
  if (entry === "*") return "an empty list admits every origin, * is no entry";
  if (entry === "null") return null;
  if (entry.startsWith(".")) return `${FORMS}: a host name admits its subdomains without a dot`;
  const [start = "", scheme] = SCHEME.exec(entry) ?? [];
  const authority = entry.slice(start.length);
  if (/[/?#]/.test(authority)) return `${FORMS}, without a path`;
  const [, host, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(authority)!;
  if (!isHost(host!, scheme)) return FORMS;
  if (port === undefined) return null;
  if (scheme === undefined) return `${FORMS}: with a port it needs its scheme`;
  return /^[1-9]/.test(port) && Number(port) <= 65535
    ? null
    : `${FORMS}: the port must be 1 to 65535`;
}

function isHost(host: string, scheme: string | undefined): boolean {
  if (HOST.test(host) && !host.includes("..")) return true;
  const isWeb = scheme === undefined || /^(?:https?|wss?)$/i.test(scheme);
  return !isWeb && OPAQUE_HOST.test(host);
}

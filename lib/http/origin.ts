/**
 * Which origins may open a tunnel: a browser sends along where its page comes from (RFC 6454), and no page can forge it.
 * lighttpd compares the raw header as a suffix; we parse it and compare host names, so that `example.com` admits
 * `https://example.com`, too.
 *
 * @module
 */

/** An entry of `origins`, ready to match. */
export type OriginRule =
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "origin"; readonly origin: string };

/** What a browser sends for an opaque origin (RFC 6454 section 7.1): of a sandboxed frame, a page of `data:`, mostly of a file. */
const OPAQUE = "null";

/** `scheme://host[:port]`, the serialization of RFC 6454 section 6.2; `file://` has no host. */
const SERIALIZED =
  /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[^/?#@\s:[\]\\]*)(?::([1-9]\d{0,4}))?$/i;

const MAX_PORT = 65535;

/** Schemes of the web: what a host by itself stands for. */
const WEB_PORTS: Readonly<Record<string, string>> = {
  http: "80",
  https: "443",
  ws: "80",
  wss: "443",
};

/**
 * Makes rules of the entries: `example.com` for a host and the hosts under it by the web's schemes, `https://example.com:8443`,
 * `app://-`, `file://` or `null` for exactly that.
 */
export function compileOrigins(entries: readonly string[]): OriginRule[] {
  return entries.map((entry) => {
    const parsed = parseOrigin(entry);
    return parsed === null
      ? { kind: "host", host: canonicalHost(entry) ?? entry }
      : { kind: "origin", origin: parsed.origin };
  });
}

/** Whether an `Origin` header's value is admitted. What is no origin never is. */
export function matchOrigin(value: string, rules: readonly OriginRule[]): boolean {
  const parsed = parseOrigin(value);
  if (parsed === null) return false;
  const { origin, webHost } = parsed;
  return rules.some((rule) =>
    rule.kind === "origin"
      ? rule.origin === origin
      : webHost !== null && (webHost === rule.host || webHost.endsWith("." + rule.host))
  );
}

interface ParsedOrigin {
  /** The same for all ways to write it. */
  readonly origin: string;
  /** Null of another scheme than the web's. */
  readonly webHost: string | null;
}

function parseOrigin(text: string): ParsedOrigin | null {
  if (text === OPAQUE) return { origin: OPAQUE, webHost: null };
  const [, scheme, host, port] = SERIALIZED.exec(text.toLowerCase()) ?? [];
  if (scheme === undefined || host === undefined || Number(port ?? 0) > MAX_PORT) return null;
  const webPort = WEB_PORTS[scheme];
  // Another scheme's host has no rules: an app's may be `-`, and `1` is no IP address.
  if (webPort === undefined) return { origin: `${scheme}://${host}:${port ?? ""}`, webHost: null };
  const webHost = canonicalHost(host);
  if (webHost === null) return null;
  return { origin: `${scheme}://${webHost}:${port ?? webPort}`, webHost };
}

/** Lower case, with international names in their ASCII form, as browsers send them; null for what is no host. */
function canonicalHost(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return null;
  }
}

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

/** `scheme://host[:port]`, the serialization of RFC 6454 section 6.2. */
const SERIALIZED = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[^/?#@\s:[\]\\]+)(?::(\d{1,5}))?$/i;

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  http: "80",
  https: "443",
  ws: "80",
  wss: "443",
};

/** Makes rules of the entries: `example.com` for a host and the hosts under it, `https://example.com:8443` for exactly that. */
export function compileOrigins(entries: readonly string[]): OriginRule[] {
  return entries.map((entry) => {
    const parsed = parseOrigin(entry);
    return parsed === null
      ? { kind: "host", host: canonicalHost(entry) ?? entry }
      : { kind: "origin", origin: parsed.origin };
  });
}

/** Whether an `Origin` header's value is admitted. `null` and what is no origin never is. */
export function matchOrigin(value: string, rules: readonly OriginRule[]): boolean {
  const parsed = parseOrigin(value);
  if (parsed === null) return false;
  return rules.some((rule) =>
    rule.kind === "origin"
      ? rule.origin === parsed.origin
      : parsed.host === rule.host || parsed.host.endsWith("." + rule.host)
  );
}

function parseOrigin(text: string): { readonly origin: string; readonly host: string } | null {
  const match = SERIALIZED.exec(text);
  if (match === null) return null;
  const scheme = match[1]!.toLowerCase();
  const host = canonicalHost(match[2]!);
  if (host === null) return null;
  const port = match[3] ?? DEFAULT_PORTS[scheme] ?? "";
  return { origin: `${scheme}://${host}:${port}`, host };
}

/** Lower case, with international names in their ASCII form, as browsers send them; null for what is no host. */
function canonicalHost(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return null;
  }
}

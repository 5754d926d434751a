/**
 * Asking a proxy for a tunnel (RFC 9110 section 9.3.6).
 *
 * @module
 */

/** What a proxy is asked for. */
export interface TunnelRequest {
  /** Host and port, IPv6 in brackets. */
  readonly authority: string;
  /** For Proxy-Authorization (RFC 9110 section 11.7.2); null: none. */
  readonly credentials: string | null;
}

/** The request's head. */
export function formatTunnelRequest(
  { authority, credentials }: TunnelRequest,
): Uint8Array<ArrayBuffer> {
  const shown = credentials === null ? "" : `Proxy-Authorization: ${credentials}\r\n`;
  return new TextEncoder().encode(
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${shown}\r\n`,
  );
}

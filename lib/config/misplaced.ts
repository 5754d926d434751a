/**
 * Values that are right elsewhere: `--server` takes an address or a command as a whole, a host of the file has a key for each
 * part of it.
 *
 * @module
 */

/** Host and port, with or without a scheme before and a path behind them. */
const PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:\[([^\]]*)\]|([^:/[\]]+))(?::(\d+))?(\/.*)?$/i;

/** Says where what stands in `host` belongs, or null where it is no more than a host. */
export function misplacedInHost(value: string): string | null {
  if (value.startsWith("unix:")) return misplacedSocket(value, "a unix-domain socket is: ");
  if (value.startsWith("tls:")) return misplacedTls(value.slice("tls:".length));
  if (value.startsWith("exec:")) return "a program for each tunnel stands in exec";
  const [, scheme, bracketed, plain, port, path] = PARTS.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return null;
  const keys = `host = "${host}"${port === undefined ? "" : `, port = ${port}`}`;
  if (scheme !== undefined) return `it is no URL: ${keys}`;
  if (path !== undefined) return null;
  if (port !== undefined) return `put the port into port: ${keys}`;
  return bracketed === undefined ? null : `an IPv6 address has no brackets here: ${keys}`;
}

function misplacedTls(address: string): string {
  const { 2: bracketed, 3: plain, 4: port } = PARTS.exec(address) ?? [];
  const host = `host = "${bracketed ?? plain ?? address}"`;
  return `TLS is a key of its own: ${host}${
    port === undefined ? "" : `, port = ${port}`
  }, tls = true`;
}

/** Says how what stands in `socket` is written there, or null. */
export function misplacedInSocket(value: string): string | null {
  return value.startsWith("unix:") ? misplacedSocket(value, "it has no unix: here: ") : null;
}

function misplacedSocket(value: string, lead: string): string {
  return `${lead}socket = "${value.slice("unix:".length)}"`;
}

/** Says how a command is written there, or null. It is not repeated: it may hold a password. */
export function misplacedInCommand(program: string): string | null {
  return program.startsWith("exec:") ? "it has no exec: here" : null;
}

/** Whether a value of `host` tells, rightly or not, where to connect: then nothing is missing beside it. */
export function hasWholeAddress(value: string): boolean {
  return /^(?:unix|exec|tls):/.test(value) || PARTS.exec(value)?.[4] !== undefined;
}

/**
 * Headers of the PROXY protocol, written from its specification.
 *
 * @module
 */

/** Version 1, with its CRLF. */
export function v1(line: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`PROXY ${line}\r\n`);
}

export interface V2Parts {
  /** Version and command. */
  readonly command?: number;
  /** Family and transport. */
  readonly family?: number;
  /** Addresses, ports, and what follows them. */
  readonly rest?: readonly number[];
  /** What the header says of the length of `rest`. */
  readonly length?: number;
}

/** Version 2; of TCP over IPv4 unless told otherwise. */
export function v2(parts: V2Parts): Uint8Array<ArrayBuffer> {
  const { command = 0x21, family = 0x11, rest = [], length = rest.length } = parts;
  const signature = "\r\n\r\n\0\r\nQUIT\n";
  return Uint8Array.from([
    ...Array.from(signature, (character) => character.charCodeAt(0)),
    command,
    family,
    length >> 8,
    length & 255,
    ...rest,
  ]);
}

/** 192.0.2.1:51000 to 203.0.113.9:443. */
export const IPV4 = [192, 0, 2, 1, 203, 0, 113, 9, 0xc7, 0x38, 0x01, 0xbb];

/** [2001:db8::1]:51000 to [2001:db8::2]:443. */
export const IPV6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1],
  ...[0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 2],
  ...[0xc7, 0x38, 0x01, 0xbb],
];

/** From the path of one socket to that of another. */
export function unixPaths(from: string, to: string): number[] {
  return [from, to].flatMap((path) => {
    const bytes = [...new TextEncoder().encode(path)];
    return [...bytes, ...Array<number>(108 - bytes.length).fill(0)];
  });
}

import assert from "node:assert/strict";
import { greetingOf } from "../../lib/tunnel/greeting.ts";

/** First bytes as characters of one byte, and whose greeting they are. */
const CASES: readonly (readonly [bytes: string, protocol: string | null])[] = [
  ["RFB 003.008\n", "VNC"],
  ["RFB 003.003\n", "VNC"],
  ["RFB 005.000\n", "VNC"],
  ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH"],
  ["SSH-1.99-Cisco-1.25\n", "SSH"],
  ["\x4a\0\0\0\n8.0.36\0\x08\0\0\0", "MySQL"],
  ["\x6d\0\0\0\n5.5.5-10.11.6-MariaDB\0", "MySQL"],
  ["@RSYNCD: 31.0\n", "rsync"],
  ["\xff\xfd\x18\xff\xfd\x20", "Telnet"],
  ["", null],
  ["R", null],
  ["RFB", null],
  ["RFB is a protocol\n", null],
  ["SSH-", null],
  ["SSH is off", null],
  ["220 mail.example ESMTP\r\n", null],
  ["* OK IMAP4rev1\r\n", null],
  ["+PONG\r\n", null],
  ["HTTP/1.1 200 OK\r\n", null],
  ['INFO {"server_id":1}\r\n', null],
  ["abc\0\nno version", null],
  ["\xff\xfe\x41\0", "Telnet"],
  ["\xff\xd8\xff\xe0", null],
  ["hello RFB 003.008\n", null],
];

for (const [bytes, protocol] of CASES) {
  Deno.test(`\`greetingOf()\` is ${protocol} for ${JSON.stringify(bytes)}`, () => {
    assert.equal(greetingOf(Uint8Array.from(bytes, (one) => one.charCodeAt(0))), protocol);
  });
}

Deno.test("`greetingOf()` looks at the first bytes alone", () => {
  const bytes = new Uint8Array(1024 * 1024).fill(0x41);
  bytes.set(new TextEncoder().encode("SSH-2.0-x"));
  assert.equal(greetingOf(bytes), "SSH");
});

/**
 * The way by a proxy of SOCKS version 5 (RFC 1928), which looks names up itself.
 *
 * @module
 */
import type { TcpAddress } from "../../base/address.ts";
import { encodeIpAddress } from "../../base/ip_address.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { writeAll } from "../../backend/write_all.ts";
import type { OpenProblem } from "./open_problem.ts";
import type { Login } from "./proxy_settings.ts";

const VERSION = 5;

/** Ways to say who we are, section 3. */
const ANYBODY = 0;
const LOGIN = 2;

/** Of the sub-negotiation of {@linkcode LOGIN}, RFC 1929. */
const LOGIN_VERSION = 1;

const CONNECT = 1;

/** Kinds of addresses, section 5. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** Section 6. */
const WORDS: readonly string[] = [
  "",
  "it has failed",
  "its rules forbid that",
  "the network can't be reached",
  "the host can't be reached",
  "Connection refused",
  "the time to live has expired",
  "it has no CONNECT",
  "it has no such addresses",
];

/** Those that are about the server, not about us. */
const UNREACHABLE = [1, 3, 4, 5, 6];

/** Asks for a way to the server over a connection to the proxy; null: it leads there. Rejects where it is lost. */
export async function askSocksProxy(
  connection: BackendConnection,
  name: string,
  login: Login | null,
  server: TcpAddress,
): Promise<OpenProblem | null> {
  const refused = (words: string): OpenProblem => ({
    kind: "refused",
    reason: `${name} refuses: ${words}`,
  });
  const other: OpenProblem = { kind: "failed", reason: `the answer of ${name} is no SOCKS 5` };
  const ways = login === null ? [ANYBODY] : [ANYBODY, LOGIN];
  await writeAll(connection, Uint8Array.of(VERSION, ways.length, ...ways));
  const [version, way] = await readExactly(connection, 2);
  if (version !== VERSION) return other;
  if (way === LOGIN && login !== null) {
    const words = [login.user, login.password].flatMap((text) => counted(text));
    await writeAll(connection, Uint8Array.of(LOGIN_VERSION, ...words));
    const [, status] = await readExactly(connection, 2);
    if (status !== 0) return refused("user and password are wrong");
  } else if (way !== ANYBODY) {
    return refused(
      login === null
        ? "it wants a user: --proxy-user and --proxy-password-file say who we are"
        : "it takes no user and password",
    );
  }
  const { hostname, port } = server;
  const address = encodeIpAddress(hostname);
  const place = address === null
    ? [NAME, ...counted(hostname)]
    : [address.length === 4 ? IPV4 : IPV6, ...address];
  const request = [VERSION, CONNECT, 0, ...place, port >> 8, port & 0xff];
  await writeAll(connection, Uint8Array.from(request));
  const [again, reply = 0, , kind] = await readExactly(connection, 4);
  if (again !== VERSION) return other;
  if (reply !== 0) {
    const words = WORDS[reply] ?? `reply ${reply}`;
    return UNREACHABLE.includes(reply)
      ? { kind: "failed", reason: `${name} doesn't reach the server: ${words}` }
      : refused(words);
  }
  const length = kind === IPV4
    ? 4
    : kind === IPV6
    ? 16
    : kind === NAME
    ? (await readExactly(connection, 1))[0]!
    : null;
  if (length === null) return other;
  await readExactly(connection, length + 2);
  return null;
}

/** Bytes behind their number, of which there are 255 at most. */
function counted(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length, ...bytes];
}

/** And nothing of what comes behind. */
async function readExactly(connection: BackendConnection, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let end = 0; end < length;) {
    const count = await connection.read(bytes.subarray(end));
    if (count === null) throw new Error("the connection has ended");
    end += count;
  }
  return bytes;
}

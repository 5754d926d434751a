/** TLS to a backend: whom it trusts, what it says of others, and that nothing is left of what fails or is closed. */
import assert from "node:assert/strict";
import type { TcpAddress } from "../../lib/base/address.ts";
import { dial, type DialOptions, type DialResult } from "../../lib/backend/dial.ts";
import { tlsClosed } from "../../lib/backend/tls.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { descriptorsFound, withDescriptor } from "../../lib/sys/tcp_descriptor.ts";
import {
  type Authority,
  type Certified,
  makeAuthority,
  NO_OPENSSL,
  selfSigned,
  withAuthority,
} from "../support/certificates.ts";
import { closeQuietly } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { socketCount } from "../support/processes.ts";
import { freePort, listenSilently } from "../support/backends.ts";

function test(name: string, body: (authority: Authority, folder: string) => Promise<void>): void {
  const suffix = NO_OPENSSL === null ? "" : ` (skipped: ${NO_OPENSSL})`;
  Deno.test({
    name: `TLS to a backend: ${name}${suffix}`,
    ignore: NO_OPENSSL !== null,
    fn: () => withAuthority(body),
  });
}

interface TlsServer extends AsyncDisposable {
  readonly address: TcpAddress;
  /** The next connection, its handshake done or not. */
  accept(): Promise<Deno.TlsConn>;
}

/** Listens with a certificate; what connects is let through its handshake. */
function serve({ cert, key }: Certified): TlsServer {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key),
  });
  const waiting: Deno.TlsConn[] = [];
  const all: Deno.TlsConn[] = [];
  const handshakes: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      all.push(connection);
      waiting.push(connection);
      handshakes.push(connection.handshake().catch(() => {}));
    }
  })();
  const { hostname, port } = listener.addr;
  return {
    address: { transport: "tcp", hostname, port },
    async accept() {
      await eventually("a connection", () => waiting.length > 0);
      return waiting.shift()!;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      all.forEach(closeQuietly);
      await Promise.all([accepting, ...handshakes]);
    },
  };
}

const never = () => new AbortController().signal;

function dialTls(
  address: TcpAddress,
  tls: { serverName?: string; ca: readonly string[]; identity?: Certified },
  options: Partial<DialOptions> = {},
): PromiseLike<DialResult> {
  const { serverName = "localhost", identity = null, ca } = tls;
  return dial(address, {
    timeoutMs: 60_000,
    signal: never(),
    tls: { serverName, ca, identity },
    ...options,
  });
}

/** Why there is no connection, or `ok`; what there is is closed. */
async function told(dialled: PromiseLike<DialResult>): Promise<string> {
  const result = await dialled;
  if (result.ok) result.connection.close();
  await tlsClosed();
  return result.ok ? "ok" : `${result.kind}: ${result.reason}`;
}

/** Our sockets, of the runtime's end and of ours. */
const sockets = () => socketCount(Deno.pid);

test("a certificate of the CA for the name, or for the IP address, is taken", async (ca) => {
  await using server = serve(await ca.issue("leaf"));
  for (const serverName of ["localhost", "LOCALHOST", "127.0.0.1", "::1"]) {
    assert.equal(await told(dialTls(server.address, { serverName, ca: [ca.cert] })), "ok");
  }
});

test("what is wrong with a certificate is told in words", async (ca, folder) => {
  const other = await makeAuthority(folder, "other");
  const namesake = await makeAuthority(folder, "namesake", "/CN=ca");
  const pinned = await selfSigned(
    folder,
    "pinned",
    "/CN=localhost",
    "subjectAltName=DNS:localhost",
    "basicConstraints=critical,CA:FALSE",
  );
  const usual = await selfSigned(folder, "usual", "/CN=localhost", "subjectAltName=DNS:localhost");
  const leaf = await ca.issue("leaf");
  const cases: [Certified, trusted: string, said: RegExp, serverName?: string][] = [
    [leaf, other.cert, /^error: its certificate is of an unknown issuer: tls\.ca names/],
    [leaf, namesake.cert, /not signed by the CA of the name/],
    [leaf, ca.cert, /not valid for name "a\.test"; .*"localhost"/, "a.test"],
    [leaf, ca.cert, /not valid for name "10\.0\.0\.1"/, "10.0.0.1"],
    [await ca.issue("old", { days: -1 }), ca.cert, /^error: its certificate has expired$/],
    [usual, usual.cert, /a self-signed one must say CA:FALSE/],
    [pinned, ca.cert, /unknown issuer/],
    [pinned, pinned.cert, /^ok$/],
  ];
  for (const [certified, trusted, said, serverName] of cases) {
    await using server = serve(certified);
    const dialled = dialTls(server.address, { ca: [trusted], ...(serverName && { serverName }) });
    assert.match(await told(dialled), said);
  }
});

test(
  "a certificate of version 1, which whoever knows the CA's name can make, is not taken",
  async (ca, folder) => {
    const namesake = await makeAuthority(folder, "namesake", "/CN=ca");
    const { cert, key } = await namesake.issue("forged", { extensions: null });
    const port = freePort();
    const files = ["-cert", cert, "-key", key];
    const args = ["s_server", "-quiet", "-accept", `127.0.0.1:${port}`, ...files];
    await using _ = await startServer(installed("openssl")!, args, `127.0.0.1:${port}`);
    const address: TcpAddress = { transport: "tcp", hostname: "127.0.0.1", port };
    const said = "error: its certificate is not of version 3 of X.509";
    assert.equal(await told(dialTls(address, { ca: [ca.cert] })), said);
  },
);

test(
  "a CA's file is read again once it has changed, and a broken one trusts nobody",
  async (ca, folder) => {
    const other = await makeAuthority(folder, "other");
    await using server = serve(await ca.issue("leaf"));
    const file = `${folder}/trusted.pem`;
    const dialled = () => told(dialTls(server.address, { ca: [file] }));
    assert.equal(await dialled(), `error: tls.ca: "${file}" cannot be read: there is no such file`);
    await Deno.copyFile(other.cert, file);
    assert.match(await dialled(), /unknown issuer/);
    const both = await Promise.all([other.cert, ca.cert].map((path) => Deno.readTextFile(path)));
    await Deno.writeTextFile(file, both.join(""));
    assert.equal(await dialled(), "ok");
    await Deno.copyFile(ca.key, file);
    assert.equal(
      await dialled(),
      `error: tls.ca: "${file}" holds no certificate as PEM, but a private key`,
    );
  },
);

test("what speaks no TLS, or leaves in the handshake, is told so", async (ca) => {
  for (const [greeting, said] of [["SSH-2.0-x\r\n", "doesn't speak TLS"], ["", "ended"]] as const) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dialled = told(dialTls({ ...listener.addr, transport: "tcp" }, { ca: [ca.cert] }));
    const taken = await listener.accept();
    await taken.read(new Uint8Array(4096));
    if (greeting !== "") await taken.write(new TextEncoder().encode(greeting));
    else await taken.closeWrite();
    assert.match(await dialled, new RegExp(said));
    taken.close();
  }
  const nobody: TcpAddress = { transport: "tcp", hostname: "127.0.0.1", port: freePort() };
  assert.match(await told(dialTls(nobody, { ca: [ca.cert] })), /^closed: /);
});

test("of 200 handshakes that hang, fail or are left no descriptor stays", async (ca) => {
  await using server = serve(await ca.issue("leaf"));
  await told(dialTls(server.address, { ca: [ca.cert] }));
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address: TcpAddress = { ...silent.addr, transport: "tcp" };
  const taken: Deno.TcpConn[] = [];
  const accepting = (async () => {
    for await (const connection of silent) taken.push(connection);
  })();
  const identity = await ca.issue("client");
  const before = sockets();
  for (let round = 0; round < 4; round++) {
    const trusted = { ca: [ca.cert], ...(round % 2 === 1 && { identity }) };
    const aborter = new AbortController();
    const hanging = Array.from(
      { length: 25 },
      () => told(dialTls(address, trusted, { timeoutMs: 1_500 })),
    );
    const left = Array.from(
      { length: 25 },
      () => told(dialTls(address, trusted, { signal: aborter.signal })),
    );
    await eventually("their connections", () => taken.length === 50 * (round + 1));
    aborter.abort();
    for (const reason of await Promise.all(hanging)) {
      assert.equal(reason, "timeout: no end of the TLS handshake within 1.5 s");
    }
    assert.deepEqual(new Set(await Promise.all(left)), new Set(["aborted: aborted"]));
    // The other end holds on to all of them.
    await eventually("their descriptors", () => sockets() <= before + taken.length);
  }
  taken.forEach(closeQuietly);
  await eventually("all descriptors", () => sockets() <= before);
  silent.close();
  await accepting;
});

test("a connect that hangs is over in time, also where we show a certificate", async (ca) => {
  const silent = await listenSilently();
  const { port } = new URL(`tcp://${silent.address}`);
  const address: TcpAddress = { transport: "tcp", hostname: "127.0.0.1", port: Number(port) };
  const identity = await ca.issue("client");
  const dialled = dialTls(address, { ca: [ca.cert], identity }, { timeoutMs: 200 });
  assert.equal(await told(dialled), "timeout: no answer within 0.2 s");
  silent[Symbol.dispose]();
  // The runtime waits for the system to give it up.
  await eventually("the end of the connect", () => !isConnecting(Number(port)));
});

/** Whether a socket to the port waits for an answer: state SYN_SENT of proc_net_tcp(5). */
function isConnecting(port: number): boolean {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")} 02 `;
  return Deno.readTextFileSync("/proc/net/tcp").includes(remote);
}

test(
  "a certificate is shown to a backend that asks for one, and read again once it has changed",
  async (ca, folder) => {
    const { cert, key } = await ca.issue("leaf");
    const port = freePort();
    const files = ["-cert", cert, "-key", key, "-CAfile", ca.cert];
    const args = [
      "s_server",
      "-quiet",
      "-accept",
      `127.0.0.1:${port}`,
      "-Verify",
      "1",
      "-verify_return_error",
    ];
    await using _ = await startServer(
      installed("openssl")!,
      [...args, ...files],
      `127.0.0.1:${port}`,
    );
    const address: TcpAddress = { transport: "tcp", hostname: "127.0.0.1", port };
    const strangers = await makeAuthority(folder, "strangers");
    const [ours, stranger] = [await ca.issue("client"), await strangers.issue("stranger")];
    const identity = { cert: `${folder}/shown.pem`, key: `${folder}/shown.key` };
    const show = async ({ cert, key }: Certified) => {
      await Deno.copyFile(cert, identity.cert);
      await Deno.copyFile(key, identity.key);
    };
    /** By TLS 1.3 the server refuses behind the handshake: it is heard by the first read. */
    const isRefused = async () => {
      const result = await dialTls(address, { serverName: "::1", ca: [ca.cert], identity });
      assert.ok(result.ok);
      const { connection } = result;
      // It has nothing to say, and ends.
      const read = connection.read(new Uint8Array(1)).then(() => false, () => true);
      const isRefused = await inTime("its end", read, () => connection.close());
      connection.close();
      await tlsClosed();
      return isRefused;
    };
    await show(stranger);
    assert.equal(await isRefused(), true);
    await show(ours);
    assert.equal(await isRefused(), false);
    await Deno.copyFile(stranger.key, identity.key);
    const said = await told(dialTls(address, { ca: [ca.cert], identity }));
    assert.match(said, /^error: tls\.key is not the key of the certificate/);
  },
);

test("what was written arrives in front of an orderly end, however soon it is closed", async (ca) => {
  await using server = serve(await ca.issue("leaf"));
  const result = await dialTls(server.address, { ca: [ca.cert] });
  assert.ok(result.ok);
  const far = await server.accept();
  const sent = new Uint8Array(60_000).map((_, at) => at * 7);
  assert.equal(await result.connection.write(sent), sent.length);
  result.connection.close();
  result.connection.close();
  const got: number[] = [];
  const buffer = new Uint8Array(65536);
  for (let count; (count = await far.read(buffer)) !== null;) {
    got.push(...buffer.subarray(0, count));
  }
  assert.deepEqual(Uint8Array.from(got), sent);
  await tlsClosed();
});

test("what is written is sent at once, and a peer that vanishes is found, also where we show a certificate", async (ca) => {
  if (!sharedLibc.ok) return;
  const [SOL_SOCKET, SO_KEEPALIVE, IPPROTO_TCP, TCP_NODELAY] = [1, 9, 6, 1];
  await using server = serve(await ca.issue("leaf"));
  for (const identity of [undefined, await ca.issue("client")]) {
    const result = await dialTls(server.address, { ca: [ca.cert], ...(identity && { identity }) });
    assert.ok(result.ok);
    const { remoteAddr, localAddr } = await server.accept();
    const [noDelay, keepAlive] = [new Int32Array(1), new Int32Array(1)];
    const [near, far] = [remoteAddr as Deno.NetAddr, localAddr as Deno.NetAddr];
    withDescriptor(near, far, ({ symbols: { getsockopt } }, fd) => {
      getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, noDelay, Uint32Array.of(4));
      getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, keepAlive, Uint32Array.of(4));
    });
    await descriptorsFound();
    assert.deepEqual([noDelay[0], keepAlive[0]], [1, 1]);
    result.connection.close();
    await tlsClosed();
  }
});

test("over a unix-domain socket, which a target may be, there is none", async (ca, folder) => {
  const path = `${folder}/s`;
  using _ = Deno.listen({ transport: "unix", path });
  const tls = { serverName: "localhost", ca: [ca.cert], identity: null };
  const dialled = dial({ transport: "unix", path }, { timeoutMs: 1000, signal: never(), tls });
  assert.equal(await told(dialled), "error: TLS is for a TCP address alone");
});

test("a half-close goes through, and the other way stays open", async (ca) => {
  await using server = serve(await ca.issue("leaf"));
  const result = await dialTls(server.address, { ca: [ca.cert] });
  assert.ok(result.ok);
  const { connection } = result;
  const far = await server.accept();
  await connection.closeWrite();
  const buffer = new Uint8Array(16);
  assert.equal(await far.read(buffer), null);
  await far.write(Uint8Array.of(1, 2, 3));
  assert.equal(await connection.read(buffer), 3);
  await far.closeWrite();
  assert.equal(await connection.read(buffer), null);
  connection.close();
  await tlsClosed();
});

test("what is cut off without the end that TLS has is no end of the stream", async (ca) => {
  await using server = serve(await ca.issue("leaf"));
  using middle = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialling = dialTls({ ...middle.addr, transport: "tcp" }, { ca: [ca.cert] });
  using near = await middle.accept();
  using beyond = await Deno.connect(server.address);
  const piped = [pipe(near, beyond), pipe(beyond, near)];
  const result = await dialling;
  assert.ok(result.ok);
  await near.closeWrite();
  await assert.rejects(result.connection.read(new Uint8Array(1)), Deno.errors.UnexpectedEof);
  result.connection.close();
  await tlsClosed();
  closeQuietly(beyond);
  await Promise.all(piped);
});

async function pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(16384);
  try {
    for (let count; (count = await from.read(buffer)) !== null;) {
      await to.write(buffer.subarray(0, count));
    }
  } catch {
    // One of them was closed.
  }
}

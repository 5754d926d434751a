/** Sockets of our own over the real system, and who waits for what happens at them. */
import assert from "node:assert/strict";
import type { Address, TcpAddress } from "../../lib/base/address.ts";
import { shortageOf } from "../../lib/base/exhaustion.ts";
import { Epoll, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, eventLayout } from "../../lib/sys/epoll.ts";
import { openBell } from "../../lib/sys/bell.ts";
import { Errno } from "../../lib/sys/errno.ts";
import { addressOf, hotCalls } from "../../lib/sys/hot_calls.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createSockets } from "../../lib/sys/sockets.ts";
import { TcpState } from "../../lib/sys/tcp_info.ts";
import { createUntilReadable } from "../../lib/sys/until_readable.ts";
import { eventually } from "../support/eventually.ts";

const SOCK_NONBLOCK = 0o4000;
const DEADLINE_MS = 10_000;

/** All that a test needs of the system, where there is a C library. */
function system() {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  const { libc } = sharedLibc;
  const calls = hotCalls(libc);
  return { libc, calls, sockets: createSockets(libc, calls), epoll: new Epoll(libc, calls) };
}

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: !sharedLibc.ok, fn });
}

type System = ReturnType<typeof system>;

/** Waits for the next event at a descriptor, and gives its mask. */
function nextMask({ epoll }: System, descriptor: number): number {
  for (let tries = 0; tries < 100; tries++) {
    const count = epoll.wait(DEADLINE_MS);
    assert.ok(count > 0, "an event in time");
    for (let i = 0; i < count; i++) if (epoll.where(i) === descriptor) return epoll.mask(i);
  }
  throw new Error(`nothing happens at descriptor ${descriptor}`);
}

/** A connection by our own calls: the end that connected, and the one that was accepted. */
function connectPair(own: System, address: Address): [near: number, far: number] {
  const { sockets, calls, epoll } = own;
  const listener = sockets.listen(address);
  epoll.add(listener, EPOLLIN, 0);
  const { descriptor: near } = sockets.connect(sockets.localOf(listener)!)!;
  epoll.add(near, EPOLLOUT | EPOLLET, 0);
  nextMask(own, near);
  assert.equal(sockets.errorOf(near), null);
  nextMask(own, listener);
  const far = calls.accept4(listener, 0n, 0n, SOCK_NONBLOCK);
  assert.ok(far >= 0);
  assert.equal(calls.accept4(listener, 0n, 0n, SOCK_NONBLOCK), -1);
  assert.equal(calls.errno, Errno.EAGAIN);
  sockets.close(listener);
  return [near, far];
}

const ADDRESSES: readonly Address[] = [
  { transport: "tcp", hostname: "127.0.0.1", port: 0 },
  { transport: "tcp", hostname: "::1", port: 0 },
  { transport: "unix", path: `\0wstunnel-test-${crypto.randomUUID()}` },
];

for (const address of ADDRESSES) {
  const name = address.transport === "tcp" ? address.hostname : "an abstract path";
  test(`a socket at ${name} sends, receives, ends and never waits`, () => {
    const own = system();
    const { calls, sockets, epoll } = own;
    const [near, far] = connectPair(own, address);
    const bytes = new Uint8Array(new ArrayBuffer(100_000)).fill(7);
    const at = addressOf(bytes);
    assert.equal(calls.recv(far, at, 10n), -1);
    assert.equal(calls.errno, Errno.EAGAIN);
    assert.equal(calls.sendView(near, Uint8Array.of(1, 2, 3)), 3);
    epoll.add(far, EPOLLIN | EPOLLRDHUP, 0);
    nextMask(own, far);
    assert.equal(calls.recv(far, BigInt.asUintN(64, at + 5n), 10n), 3);
    assert.deepEqual([...bytes.subarray(4, 9)], [7, 1, 2, 3, 7]);
    let sent = 0;
    for (let count; (count = calls.send(near, at, BigInt(bytes.length))) > 0;) sent += count;
    assert.equal(calls.errno, Errno.EAGAIN);
    sockets.shutdown(near);
    let received = 0;
    for (let count; (count = calls.recv(far, at, BigInt(bytes.length))) !== 0;) {
      if (count > 0) received += count;
      else nextMask(own, far);
    }
    assert.equal(received, sent);
    sockets.close(far);
    // No signal ends the program.
    let result = 0;
    for (let tries = 0; tries < 3; tries++) result = calls.sendView(near, bytes);
    assert.equal(result, -1);
    assert.ok([Errno.EPIPE, Errno.ECONNRESET].some((errno) => errno === calls.errno));
    sockets.close(near);
    epoll.close();
  });
}

test("what has failed is an error of the class that the runtime's would be", () => {
  const own = system();
  const { sockets, epoll } = own;
  const listener = sockets.listen({ transport: "tcp", hostname: "127.0.0.1", port: 0 });
  const taken = sockets.localOf(listener)!;
  assert.throws(() => sockets.listen(taken), Deno.errors.AddrInUse);
  sockets.close(listener);
  // At once, or a little later.
  const refused = () => {
    const { descriptor } = sockets.connect(taken)!;
    epoll.add(descriptor, EPOLLOUT, 0);
    nextMask(own, descriptor);
    const error = sockets.errorOf(descriptor);
    sockets.close(descriptor);
    throw error;
  };
  assert.throws(
    refused,
    (error) =>
      error instanceof Deno.errors.ConnectionRefused &&
      error.message === "Connection refused (os error 111)",
  );
  const nobody = { transport: "unix", path: "/nonexistent/socket" } as const;
  assert.throws(() => sockets.connect(nobody), Deno.errors.NotFound);
  const elsewhere = { transport: "tcp", hostname: "192.0.2.1", port: 0 } as const;
  assert.throws(() => sockets.listen(elsewhere), Deno.errors.AddrNotAvailable);
  assert.equal(sockets.connect({ transport: "tcp", hostname: "a.name", port: 1 }), null);
  epoll.close();
});

test("what has run out is known by its name, whatever the C library calls it", () => {
  const { sockets, epoll } = system();
  const shortages = [Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS]
    .map((errno) => shortageOf(Object.assign(sockets.failure(errno), { message: "" })));
  const [descriptor, memory] = ["no-descriptor", "no-memory"];
  assert.deepEqual(shortages, [descriptor, descriptor, memory, memory]);
  epoll.close();
});

test("an event carries the generation that it was asked for with", () => {
  const { libc, epoll } = system();
  const bell = openBell(libc);
  epoll.add(bell.descriptor, EPOLLIN, -5);
  assert.equal(epoll.wait(0), 0);
  bell.ring();
  assert.equal(epoll.wait(0), 1);
  assert.equal(epoll.where(0), bell.descriptor);
  assert.equal(epoll.generation(0), -5);
  assert.equal(epoll.mask(0), EPOLLIN);
  epoll.modify(bell.descriptor, EPOLLIN, 2 ** 31 - 1);
  assert.equal(epoll.wait(0), 1);
  assert.equal(epoll.generation(0), 2 ** 31 - 1);
  bell.hush();
  assert.equal(epoll.wait(0), 0);
  bell.close();
  assert.throws(() => epoll.add(bell.descriptor, EPOLLIN, 0));
  epoll.close();
});

test("an edge is told of once, and again when more has come", () => {
  const own = system();
  const { calls, sockets, epoll } = own;
  const [near, far] = connectPair(own, ADDRESSES[0]!);
  epoll.add(far, EPOLLIN | EPOLLET, 1);
  for (let i = 0; i < 2; i++) {
    calls.sendView(near, Uint8Array.of(i));
    nextMask(own, far);
    assert.equal(epoll.wait(0), 0);
  }
  for (const one of [near, far]) sockets.close(one);
  epoll.close();
});

test("`eventLayout()` is packed on x86-64 and aligned elsewhere", () => {
  assert.deepEqual(eventLayout("x86_64"), { words: 3, dataWord: 1 });
  assert.deepEqual(eventLayout("aarch64"), { words: 4, dataWord: 2 });
});

for (const address of ADDRESSES.slice(1)) {
  test(`what was sent is the system's until the peer has it: ${address.transport}`, async () => {
    const own = system();
    const { calls, sockets, epoll } = own;
    const [near, far] = connectPair(own, address);
    assert.equal(sockets.queuedBytes(near), 0);
    const bytes = new Uint8Array(new ArrayBuffer(64 * 1024));
    while (calls.sendView(near, bytes) > 0);
    assert.ok(sockets.queuedBytes(near) > 0, "the peer has no room for all of it");
    await eventually("the peer to have it", () => {
      while (calls.recv(far, addressOf(bytes), BigInt(bytes.length)) > 0);
      return sockets.queuedBytes(near) === 0;
    });
    for (const one of [near, far]) sockets.close(one);
    epoll.close();
  });
}

test("whoever waits beside the runtime is woken by a bell", async () => {
  const { libc, epoll } = system();
  const bell = openBell(libc);
  epoll.add(bell.descriptor, EPOLLIN, 0);
  const untilReadable = createUntilReadable(epoll.descriptor);
  await untilReadable(1);
  const woken = untilReadable(DEADLINE_MS);
  bell.ring();
  await woken;
  assert.equal(epoll.wait(0), 1);
  bell.close();
  epoll.close();
});

test("the system tells how a connection stands, and the runtime's end is none of ours", async () => {
  const own = system();
  const { calls, sockets, epoll } = own;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { descriptor } = sockets.connect(listener.addr as Address)!;
  const far = await listener.accept();
  epoll.add(descriptor, EPOLLOUT | EPOLLET, 0);
  nextMask(own, descriptor);
  assert.equal(sockets.tcpInfo(descriptor)?.state, TcpState.ESTABLISHED);
  assert.deepEqual(sockets.localOf(descriptor), {
    transport: "tcp",
    hostname: far.remoteAddr.hostname,
    port: far.remoteAddr.port,
  });
  await far.closeWrite();
  epoll.modify(descriptor, EPOLLRDHUP, 0);
  nextMask(own, descriptor);
  assert.equal(sockets.tcpInfo(descriptor)?.state, TcpState.CLOSE_WAIT);
  assert.equal(calls.sendView(descriptor, Uint8Array.of(9)), 1);
  assert.equal(await far.read(new Uint8Array(9)), 1);
  sockets.close(descriptor);
  far.close();
  epoll.close();
});

/** An address of this machine that means something on one of its networks alone (RFC 4291 section 2.5.6). */
const LINK_LOCAL = Deno.networkInterfaces().find(({ address }) => address.startsWith("fe80:"));

Deno.test({
  name: "an address with a zone is listened at, and connected to",
  ignore: !sharedLibc.ok || LINK_LOCAL === undefined,
  fn() {
    const { address, name, scopeid } = LINK_LOCAL!;
    for (const zone of [name, String(scopeid)]) {
      const own = system();
      const { sockets, epoll } = own;
      const there: Address = { transport: "tcp", hostname: `${address}%${zone}`, port: 0 };
      const listener = sockets.listen(there);
      const { port } = sockets.localOf(listener) as TcpAddress;
      const { descriptor, pending } = sockets.connect({ ...there, port })!;
      if (pending) {
        epoll.add(descriptor, EPOLLOUT, 0);
        nextMask(own, descriptor);
      }
      assert.equal(sockets.errorOf(descriptor), null);
      assert.equal((sockets.localOf(descriptor) as TcpAddress).hostname, address);
      for (const one of [listener, descriptor]) sockets.close(one);
      epoll.close();
    }
  },
});

test("a zone that no network has is told as that", () => {
  const { sockets, epoll } = system();
  const nowhere: Address = { transport: "tcp", hostname: "fe80::1%nowhere0", port: 1 };
  assert.throws(() => sockets.listen(nowhere), /No such device \(os error 19\)/);
  epoll.close();
});

test("connections within this machine are not paced, whatever the system does with others", () => {
  const own = system();
  const standard = Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_congestion_control").trim();
  const expected = standard.startsWith("bbr") ? "cubic" : standard;
  const ends = connectPair(own, { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  for (const end of ends) {
    const name = new Uint8Array(16);
    const length = Uint32Array.of(name.length);
    const IPPROTO_TCP = 6;
    const TCP_CONGESTION = 13;
    const { getsockopt } = own.libc.symbols;
    assert.equal(getsockopt(end, IPPROTO_TCP, TCP_CONGESTION, name, length), 0);
    assert.equal(
      new TextDecoder().decode(name.subarray(0, length[0])).replace(/\0.*$/, ""),
      expected,
    );
    own.sockets.close(end);
  }
  own.epoll.close();
});

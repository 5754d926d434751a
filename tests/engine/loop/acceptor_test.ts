/** A listening socket in a loop's hands, over real ones: who is accepted, what is a failure, and the socket's way from one to another. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { TcpAddress } from "../../../lib/base/address.ts";
import { RETRY_MS } from "../../../lib/engine/accept.ts";
import { Acceptor } from "../../../lib/engine/loop/acceptor.ts";
import { Loop } from "../../../lib/engine/loop/loop.ts";
import { EPOLLIN } from "../../../lib/sys/epoll.ts";
import type { Libc } from "../../../lib/sys/libc.ts";
import { F_GETFL, F_SETFL, O_NONBLOCK } from "../../../lib/sys/socket_constants.ts";
import { createManualSweep } from "../../support/manual_sweep.ts";
import { openSocketPair } from "./pair.ts";
import { testLoop } from "./setting.ts";

/** It ticks where the test says so alone. */
const NEVER_MS = 1_000_000;

const LOCAL = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;

interface Setting {
  readonly libc: Libc;
  readonly loop: Loop;
  readonly acceptor: Acceptor;
  readonly accepted: string[];
  readonly failures: string[];
  pass(ms: number): void;
}

/** Has an acceptor without a socket, and takes all of it away again. */
function testAcceptor(name: string, body: (setting: Setting) => void | Promise<void>): void {
  testLoop(name, async (libc) => {
    const onDefect = (error: unknown) => assert.fail(String(error));
    const loop = new Loop(libc, { onDefect });
    const sweep = createManualSweep(NEVER_MS);
    const accepted: string[] = [];
    const failures: string[] = [];
    const acceptor = new Acceptor(loop, {
      sweep,
      onConnection(connection, peer) {
        accepted.push((peer as TcpAddress).hostname);
        connection.close();
      },
      onFailing: (error) => failures.push((error as Error).message),
    });
    try {
      await body({ libc, loop, acceptor, accepted, failures, pass: sweep.pass });
    } finally {
      acceptor.close();
      loop.close();
    }
  });
}

/** A socket that listens, with its address. */
function listen({ sockets }: Loop) {
  const descriptor = sockets.listen(LOCAL);
  return { descriptor, address: sockets.localOf(descriptor) as TcpAddress };
}

testAcceptor(
  "nobody waits for clients that reset before they were accepted",
  async ({ loop, acceptor, accepted, failures }) => {
    const { descriptor, address } = listen(loop);
    for (let i = 0; i < 100; i++) {
      const socket = connect(address.port, address.hostname);
      await once(socket, "connect");
      socket.resetAndDestroy();
      await once(socket, "close");
    }
    using _sound = await Deno.connect(address);
    acceptor.put(descriptor);
    // No time passes: a pause after one of them would be for ever.
    for (let turns = 0; turns < 10; turns++) loop.turn(0);
    assert.equal(accepted.at(-1), "127.0.0.1");
    assert.equal(accepted.length, 101);
    assert.deepEqual(failures, []);
  },
);

testAcceptor(
  "where it can't accept it rests, tells so once, and goes on with what can be accepted from",
  async ({ libc, loop, acceptor, accepted, failures, pass }) => {
    const fail = () => {
      // Readable, and no socket that listens.
      const pair = openSocketPair(libc);
      pair.send("a");
      acceptor.put(pair.ends[0]);
      for (let tries = 0; tries < 3; tries++) {
        assert.equal(loop.turn(0), 1, "it was tried");
        assert.equal(loop.turn(0), 0, "it rests");
        pass(RETRY_MS);
      }
      pair.closeFar();
    };
    fail();
    assert.deepEqual(failures, ["Invalid argument (os error 22)"]);
    const { descriptor, address } = listen(loop);
    acceptor.put(descriptor);
    using _client = await Deno.connect(address);
    loop.turn(0);
    assert.equal(accepted.length, 1);
    fail();
    assert.equal(failures.length, 2, "it is another one");
  },
);

testAcceptor(
  "its socket goes to another with those who wait there, and is told of to that one alone",
  async ({ libc, loop, acceptor, accepted }) => {
    const { descriptor, address } = listen(loop);
    acceptor.put(descriptor);
    using _first = await Deno.connect(address);
    loop.turn(0);
    assert.equal(accepted.length, 1);
    using _waits = await Deno.connect(address);
    const taken = acceptor.take();
    assert.equal(loop.turn(0), 0);
    assert.throws(() => acceptor.take(), /there is no socket/);
    // As somebody else may have it.
    const { fcntl } = libc.symbols;
    fcntl(taken, F_SETFL, 0);
    acceptor.put(taken);
    assert.notEqual(fcntl(taken, F_GETFL, 0) & O_NONBLOCK, 0);
    using _second = await Deno.connect(address);
    loop.turn(0);
    assert.equal(accepted.length, 3);
    acceptor.close();
    await assert.rejects(Deno.connect(address), Deno.errors.ConnectionRefused);
  },
);

testAcceptor(
  "once it is closed nobody can connect, in the same turn neither",
  ({ libc, loop, acceptor }) => {
    const { sockets } = loop;
    const descriptor = sockets.listen({
      transport: "unix",
      path: `\0wstunnel-test-${crypto.randomUUID()}`,
    });
    const address = sockets.localOf(descriptor)!;
    acceptor.put(descriptor);
    const pair = openSocketPair(libc);
    pair.send("a");
    let tried = 0;
    loop.watch(pair.ends[0], EPOLLIN, {
      onEvent() {
        acceptor.close();
        assert.throws(() => sockets.connect(address), Deno.errors.ConnectionRefused);
        tried++;
      },
      onTurn() {},
      onDefect() {},
    });
    loop.turn(0);
    assert.equal(tried, 1);
    pair.closeFar();
  },
);

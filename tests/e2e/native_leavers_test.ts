/** Native engine: clients that leave while their backend is being connected. */
import assert from "node:assert/strict";
import { anyPass } from "../support/passes.ts";
import { formatAddress } from "../../lib/base/address.ts";
import { answer } from "../../lib/http/answer.ts";
import type { Connected, Door } from "../../lib/engine/door.ts";
import type { EngineOptions } from "../../lib/engine/engine.ts";
import { listenNative } from "../../lib/engine/native.ts";
import { untilOpen } from "../../lib/engine/native_tunnel.ts";
import { keptLog } from "../backend/setting.ts";
import { listenFull } from "../support/backends.ts";
import { closeQuietly, writeAll } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { socketCount } from "../support/processes.ts";
import { handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { ENGINES } from "./engine_limits.ts";
import { loadsOf, reportThat } from "./report.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";

const LEAVERS = 8;

interface LateBackend extends Disposable {
  readonly address: string;
  /** Takes the next connection of wstunnel's; before the first there is room for none. */
  accept(): Promise<Deno.Conn>;
}

/** Here a connect tries again until there is room. */
async function openLateBackend(): Promise<LateBackend> {
  const [listener, fillers] = await listenFull();
  const accept = () => inTime("a connection", listener.accept(), () => closeQuietly(listener));
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    async accept() {
      for (let filler; (filler = fillers.shift()) !== undefined;) {
        filler.close();
        (await accept()).close();
      }
      return await accept();
    },
    [Symbol.dispose]() {
      closeQuietly(listener);
      fillers.forEach(closeQuietly);
    },
  };
}

Deno.test({
  name: "native: a client that leaves while its backend is connected leaves nothing behind",
  ignore: !ENGINES.includes("native"),
  async fn() {
    using backend = await openLateBackend();
    await using program = await startFor("native", backend.address, {
      top: "grace-time = 20",
      wstunnel: BINARY_FRAMES,
      host: "connect-timeout = 60",
    });
    const loadIs = (load: number) =>
      reportThat(program, `a load of ${load}`, (seen) => loadsOf(seen)[0] === load);
    await loadIs(0);
    const before = socketCount(program.pid);
    const leavers = await Promise.all(
      Array.from({ length: LEAVERS }, () => openRaw(program.address)),
    );
    for (const leaver of leavers) await leaver.write(handshake());
    await loadIs(LEAVERS);
    for (const leaver of leavers) leaver[Symbol.dispose]();
    await loadIs(0);
    const isAsBefore = () => socketCount(program.pid) === before;
    await eventually(`as many sockets as before, ${before}`, isAsBefore);

    // Who stays is served as ever, and the backend's first connection is theirs.
    using client = await openRaw(program.address);
    await client.write(handshake());
    using connection = await backend.accept();
    assert.equal((await client.head()).status, 101);
    await writeAll(connection, new TextEncoder().encode("still here"));
    assert.equal(text(await client.payload(10, Opcode.BINARY)), "still here");
    client[Symbol.dispose]();
    await program.entry("tunnel closed");
    program.signal("SIGTERM");
    // Far less than the grace time.
    assert.equal(await program.exit(10_000), 0);
    const bad = program.log.all.filter((line) => /grace time|defect|request\.signal/.test(line));
    assert.deepEqual(bad, []);
  },
});

/** A WebSocket that opens when told, as the runtime's does with an upgrade. */
class SlowSocket extends EventTarget {
  binaryType = "";
  readyState: number = WebSocket.CONNECTING;
  closedWith: number | null = null;

  open(): void {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  close(code: number): void {
    this.closedWith = code;
    this.dispatchEvent(new CloseEvent("close", { code, wasClean: true }));
  }
}

function openSlowly(): [SlowSocket, Promise<boolean>] {
  const socket = new SlowSocket();
  return [socket, untilOpen(socket as unknown as WebSocket)];
}

Deno.test("`untilOpen()` gives up on a socket that doesn't open, and closes it should it open later", async () => {
  const [socket, opened] = openSlowly();
  const began = performance.now();
  assert.equal(await opened, false);
  const tookMs = performance.now() - began;
  assert(tookMs > 4_900 && tookMs < 15_000, `${tookMs} ms`);
  assert.equal(socket.closedWith, null);
  socket.open();
  assert.equal(socket.closedWith, 1001);
});

Deno.test("`untilOpen()` is false at once for an upgrade that fails", async () => {
  for (const event of [new ErrorEvent("error"), new CloseEvent("close")]) {
    const [socket, opened] = openSlowly();
    socket.dispatchEvent(event);
    assert.equal(await opened, false);
  }
});

Deno.test("`untilOpen()` leaves no timer behind a socket that opens", async () => {
  const opened = Promise.withResolvers<boolean>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    untilOpen(socket).then(opened.resolve);
    return response;
  });
  using client = await openTunnel(`127.0.0.1:${server.addr.port}`);
  assert.equal(await inTime("the socket", opened.promise, () => opened.resolve(false)), true);
  await client.close(1000);
  await client.end();
  // The sanitizers look now.
  await server.shutdown();
});

Deno.test("`close()` of a native listener doesn't wait for a request whose answer never comes", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Connected>();
  const door = {
    accepts: () => ({ pass: anyPass(), answer: null }),
    admit: () => ({ accept: {}, peer: {} }),
    connect() {
      asked.resolve();
      return answered.promise;
    },
  } as unknown as Door;
  // Nothing else is looked at while there is no tunnel.
  const options = { emit: keptLog().events.emit } as EngineOptions;
  const at = { transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;
  const listener = listenNative({ address: at }, door, options);
  using client = await openRaw(formatAddress(listener.address));
  await client.write(handshake());
  await asked.promise;
  await inTime("the listener's end", listener.close(), () => answered.reject(), 5_000);
  answered.resolve({ answer: answer(503, "too late") });
  assert.equal((await client.head()).status, 503);
});

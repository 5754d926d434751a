import assert from "node:assert/strict";
import { createBreather } from "../../lib/base/breather.ts";
import { formatAddress } from "../../lib/base/address.ts";
import type { Lease } from "../../lib/backend/backend.ts";
import type { Peer } from "../../lib/base/peer.ts";
import type { Admitted, Connected, Door } from "../../lib/engine/door.ts";
import type { EngineOptions } from "../../lib/engine/engine.ts";
import { surviveDefects } from "../../lib/control/defects.ts";
import { startBesideRuntime } from "../../lib/engine/loop/beside_runtime.ts";
import { listenLoop } from "../../lib/engine/loop/listen.ts";
import { listenNative } from "../../lib/engine/native.ts";
import { listenStream } from "../../lib/engine/stream.ts";
import { createSweep } from "../../lib/engine/sweep.ts";
import type { Event } from "../../lib/events/event.ts";
import { answer } from "../../lib/http/answer.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import { openBackend } from "../support/backends.ts";
import { connectPair, type FarEnd } from "../support/connection_pair.ts";
import { eventually } from "../support/eventually.ts";
import { PEER } from "../backend/setting.ts";
import { Connections } from "../../lib/limits/connections.ts";
import { anyPass } from "../support/passes.ts";
import { plainBuffers } from "../support/plain_buffers.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { NOTHING_TIMED } from "../tunnel/tunnel_rig.ts";

const ENGINES = ["stream", ...(sharedLibc.ok ? ["loop"] as const : []), "native"] as const;
type Engine = typeof ENGINES[number];
const PLACE = { address: { transport: "tcp", hostname: "127.0.0.1", port: 0 } } as const;

/** Whom a proxy in front speaks for. */
const BEHIND = PEER;

const UNASKED: Door = {
  limits: { handshakeTimeoutMs: 10_000, maxHeadBytes: 16_384, maxBufferBytes: 65_536 },
  accepts: () => ({ pass: anyPass(), answer: null }),
  speaksFor: () => assert.fail("another peer"),
  refused: () => assert.fail("a head that is none"),
  trusts: () => false,
  unproxied: () => assert.fail("a PROXY header"),
  admit: () => assert.fail("a head"),
  connect: () => assert.fail("a backend"),
  serve: () => assert.fail("a file"),
  abandon: () => assert.fail("a client that left"),
  open: () => assert.fail("a tunnel"),
};

function listen(engine: Engine, door: Door, options: EngineOptions) {
  const closeLoop = () => Promise.resolve();
  if (engine === "stream") return { listener: listenStream(PLACE, door, options), closeLoop };
  if (engine === "native") return { listener: listenNative(PLACE, door, options), closeLoop };
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  const onDefect = (error: unknown) => options.emit({ kind: "defect", error });
  const beside = startBesideRuntime(sharedLibc.libc, { onDefect, lingerMs: 0 });
  const listener = listenLoop(PLACE, door, { ...options, loop: beside.loop });
  return { listener, closeLoop: beside.close };
}

/** Lets an engine listen behind a door. */
async function behind(
  door: Partial<Door>,
  engine: Engine,
  test: (address: string, events: readonly Event[]) => Promise<void>,
): Promise<void> {
  const breather = createBreather();
  const diag = createSocketDiag();
  const buffers = plainBuffers(16_384);
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const options: EngineOptions = { buffers, breather, diag, createSweep, emit };
  const { listener, closeLoop } = listen(engine, { ...UNASKED, ...door }, options);
  try {
    await test(formatAddress(listener.address), events);
  } finally {
    await listener.close();
    await closeLoop();
    await breather.close();
    diag.close();
  }
}

/** Lets everybody in as {@linkcode BEHIND}; a backend is connected, or once its client has gone. */
function proxied(isPatient: boolean) {
  const connections = new Connections(() => 0, () => {});
  const told: [what: keyof Door, isBehind: boolean][] = [];
  const tell = (what: keyof Door, peer: Peer) => void told.push([what, peer === BEHIND]);
  let backend: FarEnd;
  let isReleased = false;
  const release = () => void (isReleased = true);
  const door: Partial<Door> = {
    accepts(peer) {
      tell("accepts", peer);
      return { pass: anyPass(connections), answer: null };
    },
    admit(_head, peer, pass) {
      tell("admit", peer);
      pass.letIn();
      const accept = { protocol: null, encoding: "binary", pingIntervalMs: 0, pass } as Admitted;
      return { accept, peer: BEHIND };
    },
    async connect(_head, _accept, peer, signal): Promise<Connected> {
      tell("connect", peer);
      const { near, far } = await connectPair();
      backend = far;
      if (isPatient) await eventually("the client's end", () => signal.aborted);
      return { lease: { connection: near, release } as unknown as Lease, user: null };
    },
    open({ pass }, peer, { lease }, start) {
      tell("open", peer);
      const tunnelReleased = () => {
        pass.release();
        lease.release();
      };
      const listener = { tunnelOver() {}, tunnelReleased };
      const shared = { ...NOTHING_TIMED, onFrame: null, now: () => 0, listener };
      start({ ...shared, encoding: "binary" }).machine.end("backend-end");
      return true;
    },
    abandon(_accept, peer, { lease }) {
      tell("abandon", peer);
      lease.connection.close();
      lease.release();
    },
  };
  const over = async () => {
    await eventually(
      "the end of the lease, and of the pass",
      () => isReleased && connections.open === 0,
    );
    await backend.close();
  };
  return { door, told, over };
}

Deno.test("stream: a connection that can't be set up is closed, and the next one taken at once", async () => {
  await using probe = openBackend();
  using any = await openRaw(probe.address);
  const prototype = Object.getPrototypeOf(any.connection);
  const { setKeepAlive } = prototype;
  const refused = () => ({ pass: anyPass(connections), answer: answer(503, "") });
  const connections = new Connections(() => 0, () => {});
  await behind({ accepts: refused }, "stream", async (address) => {
    // As systems other than Linux do for one that its peer has reset meanwhile.
    prototype.setKeepAlive = () => {
      prototype.setKeepAlive = setKeepAlive;
      throw new TypeError("Invalid argument (os error 22)");
    };
    using reset = await openRaw(address);
    assert.equal(await reset.end(), "fin");
    using next = await openRaw(address);
    assert.equal((await next.head()).status, 503);
  });
  assert.equal(connections.open, 0, "every pass was released");
});

for (const engine of ENGINES) {
  // The runtime closes what its server's handler throws at.
  if (engine !== "native") {
    Deno.test(`${engine}: a connection that is met by a defect is closed and counted no more, and the next one taken`, async () => {
      const connections = new Connections(() => 0, () => {});
      for (const where of ["accepts", "limits", "answer"]) {
        let left = 1;
        const meet = (what: string) => {
          if (what === where && left-- > 0) throw new Error(where);
        };
        const { limits } = UNASKED;
        const refusal = {
          ...answer(503, ""),
          get status() {
            meet("answer");
            return 503;
          },
        };
        const door: Partial<Door> = {
          accepts() {
            meet("accepts");
            return { pass: anyPass(connections), answer: refusal };
          },
          limits: {
            ...limits,
            get maxHeadBytes() {
              meet("limits");
              return limits.maxHeadBytes;
            },
          },
        };
        await behind(door, engine, async (address, events) => {
          using first = await openRaw(address);
          assert.equal(await first.end(), "fin", where);
          assert.equal(connections.open, 0, where);
          using next = await openRaw(address);
          assert.equal((await next.head()).status, 503);
          assert.deepEqual(events, [{ kind: "defect", error: new Error(where) }]);
        });
      }
    });
  }

  Deno.test(`${engine}: what the door drops ends at once, or where the runtime has it by a bare 503`, () =>
    behind({ accepts: () => "dropped" }, engine, async (address) => {
      using client = await openRaw(address);
      if (engine !== "native") return assert.equal(await client.end(), "fin");
      await client.write(handshake());
      assert.equal((await client.head()).status, 503);
    }));

  Deno.test(`${engine}: a connection that the door answers gets that, and nothing of it is read`, () => {
    const refusal = answer(503, "come back later", { "retry-after": "9" });
    const accepts = () => ({ pass: anyPass(), answer: refusal });
    return behind({ accepts }, engine, async (address) => {
      using client = await openRaw(address);
      if (engine === "native") await client.write(handshake());
      const response = await client.head();
      assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "9"]);
      assert.equal(await client.body(response), "come back later\n");
    });
  });

  Deno.test(`${engine}: once a head is admitted its request is of the peer that the door names`, () => {
    const { door, told, over } = proxied(false);
    return behind(door, engine, async (address) => {
      using client = await openTunnel(address);
      assert.equal((await client.closed()).code, 1000);
      await client.send(Opcode.CLOSE, closePayload(1000));
      await client.end();
      await over();
      const before = [["accepts", false], ["admit", false]];
      assert.deepEqual(told, [...before, ["connect", true], ["open", true]]);
    });
  });

  // Its WebSocket is the runtime's by then.
  if (engine !== "native") {
    Deno.test(`${engine}: a client that meets a defect as its tunnel is opened is closed, and its backend let go of`, async () => {
      const errors: unknown[] = [];
      const undo = surviveDefects((event) => errors.push((event as { error: unknown }).error));
      const { door, told, over } = proxied(false);
      const open = () => {
        throw new Error("open");
      };
      await behind({ ...door, open }, engine, async (address) => {
        using client = await openTunnel(address);
        assert.equal(await client.end(), "fin");
        await over();
        assert.deepEqual(told.at(-1), ["abandon", true]);
        assert.deepEqual(errors, [new Error("open")]);
      });
      undo();
    });
  }

  Deno.test(`${engine}: and so is one whose client leaves before its backend is connected`, () => {
    const { door, told, over } = proxied(true);
    return behind(door, engine, async (address) => {
      const client = await openRaw(address);
      await client.write(handshake());
      await eventually("the request", () => told.length === 3);
      client[Symbol.dispose]();
      await over();
      assert.deepEqual(told.slice(2), [["connect", true], ["abandon", true]]);
    });
  });
}

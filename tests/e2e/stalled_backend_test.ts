/** What becomes of a client whose backend takes nothing. */
import assert from "node:assert/strict";
import type { Taken } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { testEngines, testEnginesThat } from "./drivers.ts";
import { assertClosed, withTunnel } from "./whole.ts";

const MEBIBYTE = new Uint8Array(1024 * 1024);

/** More than the kernel takes for a backend that doesn't read, and less than the native engine holds. */
const STALLING_MEBIBYTES = 24;

/** A client that sends as fast as it may, until it is stopped. */
interface Flood {
  /** Whole mebibytes sent. */
  readonly sent: number;
  /** Waits until nothing has been taken for half a second. */
  held(): Promise<void>;
  /** Sends no more; resolves when the last message is out. */
  stop(): Promise<void>;
}

function flood(client: RawClient): Flood {
  let sent = 0;
  let stopped = false;
  const sending = (async () => {
    while (!stopped) {
      await client.send(Opcode.BINARY, MEBIBYTE);
      sent++;
    }
  })();
  // Who stops it hears of its failure.
  sending.catch(() => {});
  return {
    get sent() {
      return sent;
    },
    async held() {
      let seen = -1;
      await eventually("the client to be held up", async () => {
        const held = seen === sent;
        seen = sent;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return held;
      });
    },
    async stop() {
      stopped = true;
      await sending;
    },
  };
}

/** Lets the backend take what was held up, and checks that all of it comes. */
async function assertArrives(
  flooding: ReturnType<typeof flood>,
  client: RawClient,
  taken: Taken,
): Promise<void> {
  const drained = taken.reader.rest("what was held up");
  await flooding.stop();
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
  assert.equal((await drained).bytes.length, flooding.sent * MEBIBYTE.length);
}

/** Two workers may start meanwhile, each some 10 MiB: less all the same than the system alone may have taken. */
const MOST_GROWN_BYTES = 40 * MEBIBYTE.length;

testEnginesThat(
  "pause a client",
  "a client faster than its backend waits, and nothing grows",
  async (engine) => {
    await withTunnel(engine, {}, async ({ program, client, taken }) => {
      const before = program.residentBytes();
      const flooding = flood(client);
      await flooding.held();
      const grownBytes = program.residentBytes() - before;
      assert.ok(flooding.sent < 64, `${flooding.sent} MiB were taken`);
      assert.ok(grownBytes < MOST_GROWN_BYTES, `grew by ${grownBytes}`);
      await assertArrives(flooding, client, taken);
    });
  },
);

testEnginesThat(
  "pause a client",
  "a client that is held up is not taken for silent",
  async (engine) => {
    const settings = { wstunnel: "ping-interval = 1" };
    await withTunnel(engine, settings, async ({ program, client, taken }) => {
      const flooding = flood(client);
      await flooding.held();
      // Five intervals: its Pongs would wait behind what the backend doesn't take.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assert.deepEqual(program.entries("tunnel closed"), []);
      await assertArrives(flooding, client, taken);
    });
  },
);

testEnginesThat(
  "overflow",
  "a client faster than its backend ends with 1009, and memory comes back",
  async (engine) => {
    const settings = { wstunnel: `max-buffer = "16MiB"` };
    await withTunnel(engine, settings, async ({ program, backend, client, taken }) => {
      const before = program.residentBytes();
      let told = 0;
      for (let round = 1; round <= 8; round++) {
        using sender = round === 1 ? client : await openTunnel(program.address);
        const stuck = round === 1 ? taken : await backend.take();
        const flooding = flood(sender);
        const stopped = flooding.stop.bind(flooding);
        const closed = await sender.closed().catch(unlessDropped);
        if (closed !== null) {
          told++;
          assert.equal(closed.code, 1009);
          assert.match(closed.reason, /^the backend is slower than the client/);
        }
        sender[Symbol.dispose]();
        await assert.rejects(stopped());
        stuck.close();
        const entry = await program.entry("tunnel closed", round);
        assert.equal(entry.cause, "client-overflow");
        assert.equal(entry.code, 1009);
      }
      assert.ok(told > 0, "the Close must get through where the client reads in time");
      // All rounds together held 128 MiB.
      const grownBytes = program.residentBytes() - before;
      assert.ok(grownBytes < 64 * MEBIBYTE.length, `grew by ${grownBytes}`);
    });
  },
);

testEnginesThat(
  "overflow",
  "a single message over max-buffer ends with 1009, whatever the backend does",
  async (engine) => {
    const settings = { wstunnel: `max-buffer = "64KiB"` };
    await withTunnel(engine, settings, async ({ program, client, taken }) => {
      await client.send(Opcode.BINARY, MEBIBYTE.subarray(0, 64 * 1024));
      assert.equal((await taken.reader.exactly(64 * 1024, "what fits")).length, 64 * 1024);
      await client.send(Opcode.BINARY, MEBIBYTE.subarray(0, 64 * 1024 + 1));
      assert.deepEqual(await client.closed(), {
        code: 1009,
        reason: "a message over max-buffer, which is 65536 bytes",
      });
      client[Symbol.dispose]();
      await assertClosed(program, { cause: "client-overflow", code: 1009 });
    });
  },
);

testEnginesThat(
  "overflow",
  "a client that vanishes does not leave a tunnel to a backend that takes nothing",
  async (engine) => {
    const settings = { wstunnel: `max-buffer = "256MiB"` };
    await withTunnel(engine, settings, async ({ program, client }) => {
      for (let sent = 0; sent < STALLING_MEBIBYTES; sent++) {
        await client.send(Opcode.BINARY, MEBIBYTE);
      }
      client[Symbol.dispose]();
      await assertClosed(program, { cause: "backend-stalled" });
    });
  },
);

testEngines("write-timeout ends a tunnel whose backend takes nothing with 1011", async (engine) => {
  const settings = { wstunnel: `max-buffer = "256MiB"`, host: "write-timeout = 1" };
  await withTunnel(engine, settings, async ({ program, client, taken }) => {
    const sending = (async () => {
      for (let sent = 0; sent < STALLING_MEBIBYTES; sent++) {
        await client.send(Opcode.BINARY, MEBIBYTE);
      }
    })().catch(() => {});
    assert.deepEqual(await client.closed(), {
      code: 1011,
      reason: "the backend takes no more bytes",
    });
    client[Symbol.dispose]();
    await sending;
    await assertClosed(program, { cause: "backend-stalled", code: 1011 });
    taken.close();
  });
});

/** A client that still sends may lose the Close: the runtime now and then drops the connection with bytes unread. */
function unlessDropped(error: unknown): null {
  if (error instanceof Deno.errors.ConnectionReset) return null;
  if (error instanceof Error && error.message.startsWith("the connection ended")) return null;
  throw error;
}

/** RFC 6455 section 7 when we close first, or a client does not do its part. */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { openBackend, type Taken } from "../support/backends.ts";
import type { Engine } from "../e2e/engine_limits.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { testEngines, testEnginesThat } from "../e2e/drivers.ts";
import { type Endpoint, type EndpointOptions, openEndpoint } from "./endpoint.ts";

/** How long a client has to answer our Close and end its connection. */
const CLOSE_TIMEOUT_MS = 5_000;

/** How long its connection is still read from after that. */
const LINGER_MS = 15_000;

interface Setting {
  readonly endpoint: Endpoint;
  readonly client: RawClient;
  readonly taken: Taken;
}

async function withTunnel(
  engine: Engine,
  body: (setting: Setting) => Promise<void>,
  options?: EndpointOptions,
): Promise<void> {
  await using backend = openBackend();
  await using endpoint = openEndpoint(engine, backend.address, options);
  using client = await openTunnel(endpoint.address);
  const taken = await backend.take();
  try {
    await body({ endpoint, client, taken });
  } finally {
    taken.close();
  }
}

/** Checks that the tunnel ends when the time it has is over, and not before. */
async function endsAtDeadline(endpoint: Endpoint): Promise<void> {
  endpoint.pass(CLOSE_TIMEOUT_MS - 1);
  await turn();
  assert.equal([...endpoint.tunnels].length, 1, "not before its time");
  endpoint.pass(1);
  await eventually("the tunnel's end", () => [...endpoint.tunnels].length === 0);
}

/** Sends until the connection takes no more, or ends. */
async function flood(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (;;) await connection.write(bytes);
  } catch {
    // It has ended.
  }
}

testEngines(
  "7.1.1: we close first; the client's Close is awaited, then TCP ends",
  async (engine) => {
    await withTunnel(engine, async ({ endpoint, client, taken }) => {
      await taken.write("bye");
      taken.close();
      assert.equal((await client.payload(3)).length, 3);
      assert.deepEqual(await client.closed(), { code: 1000, reason: "" });
      assert.equal([...endpoint.tunnels].length, 1, "the client has not answered yet");
      await client.send(Opcode.CLOSE, closePayload(1000));
      assert.equal(await client.end(), "fin");
    });
  },
);

testEngines(
  "7.1.1: what a client sends after our Close is no breach, and neither is its own code",
  async (engine) => {
    for (const code of [1000, 1001, 4999]) {
      await withTunnel(engine, async ({ client, taken }) => {
        taken.close();
        assert.equal((await client.closed()).code, 1000);
        await client.send(Opcode.BINARY, new Uint8Array(200_000));
        await client.send(Opcode.PING, "late");
        await client.send(Opcode.CLOSE, closePayload(code));
        assert.equal(await client.end(), "fin", "neither a second Close nor a Pong comes");
      });
    }
  },
);

testEngines("5.5.1: both sides close at once", async (engine) => {
  await withTunnel(engine, async ({ client, taken }) => {
    const sent = client.send(Opcode.CLOSE, closePayload(4000));
    taken.close();
    const { code } = await client.closed();
    await sent;
    assert.ok(code === 1000 || code === 4000, String(code));
    assert.equal(await client.end(), "fin");
  });
});

testEngines("7.1.1: a breach after our Close ends the connection all the same", async (engine) => {
  await withTunnel(engine, async ({ client, taken }) => {
    taken.close();
    assert.equal((await client.closed()).code, 1000);
    await client.write(Uint8Array.of(0xff, 0xff, 0xff));
    assert.equal(await client.end(), "fin");
  });
});

const READS_NOTHING = "reads nothing, so that our Close can't get out";

/** Clients that do not do their part, and what must have come of it when the deadline cuts them off. */
const STAYING: readonly (readonly [what: string, body: (setting: Setting) => Promise<void>])[] = [
  ["never answers our Close", async ({ endpoint, client, taken }) => {
    taken.close();
    await client.closed();
    await endsAtDeadline(endpoint);
    await client.end();
  }],
  ["closes and keeps its connection", async ({ endpoint, client }) => {
    await client.send(Opcode.CLOSE, closePayload(1000));
    await client.closed();
    assert.equal(await client.connection.read(new Uint8Array(1)), null, "our end comes at once");
    await endsAtDeadline(endpoint);
  }],
  ["breaks the protocol and keeps its connection", async ({ endpoint, client }) => {
    await client.send(Opcode.BINARY, "x", { masked: false });
    assert.equal((await client.closed()).code, 1002);
    assert.equal(await client.connection.read(new Uint8Array(1)), null, "our end comes at once");
    await endsAtDeadline(endpoint);
  }],
  ["sends on and on in place of a Close", async ({ endpoint, client, taken }) => {
    taken.close();
    await client.closed();
    const flooding = flood(client.connection, new Uint8Array([0x82, 0x80, 0, 0, 0, 0]));
    await endsAtDeadline(endpoint);
    endpoint.pass(LINGER_MS);
    await flooding;
  }],
  [READS_NOTHING, async ({ endpoint, client, taken }) => {
    const sending = flood(taken.connection, new Uint8Array(1 << 20));
    const [tunnel] = endpoint.tunnels;
    const { sockets } = endpoint;
    await eventually("a stall", () => tunnel!.flow.downWaits && sockets.isFull(client.connection));
    const ended = endpoint.endTunnels();
    await endsAtDeadline(endpoint);
    await ended;
    await sending;
  }],
];

/** Deno 2.4 leaves a write under way when its connection is closed, so that a tunnel waits for its client to go. */
const CUTS_WRITES_OFF = !Deno.version.deno.startsWith("2.4.");

for (const [what, body] of STAYING) {
  const name = `a client that ${what} is cut off at the deadline`;
  if (what !== READS_NOTHING || CUTS_WRITES_OFF) {
    testEnginesThat("cut a client off", name, (engine) => withTunnel(engine, body));
  } else {
    Deno.test.ignore(`${name} (skipped: Deno 2.4 can't cut a write off)`, () => {});
  }
}

testEngines(
  "7.1.1: a client that never answers our Close ends its tunnel at the deadline",
  async (engine) => {
    await withTunnel(engine, async ({ endpoint, client, taken }) => {
      taken.close();
      await client.closed();
      await endsAtDeadline(endpoint);
    });
  },
);

/** Whether the backend takes no more, so that something of the client's waits for it. */
function isStalled({ endpoint, taken }: Setting): boolean {
  const [tunnel] = endpoint.tunnels;
  return tunnel!.flow.upWaits && endpoint.sockets.isFull(taken.connection);
}

testEngines("5.5.2: Pings are answered while the backend takes nothing", async (engine) => {
  await withTunnel(engine, async (setting) => {
    const { endpoint, client } = setting;
    const message = new Uint8Array(16 * 1024);
    // As much as the backend's connection takes, and then one message more, which is held in the tunnel.
    const fill = async () => {
      while (!isStalled(setting)) {
        await client.send(Opcode.BINARY, message);
        const isRead = () => endpoint.sockets.hasRead(client.connection);
        await eventually("it to be read, or a stall", () => isRead() || isStalled(setting));
      }
    };
    // The system may find room for more while a Ping is answered: that one tells nothing.
    for (let answered = 0; answered < 3;) {
      await fill();
      const word = `number ${answered}`;
      await client.send(Opcode.PING, word);
      const { opcode, payload } = await client.frame();
      assert.equal(opcode, Opcode.PONG);
      assert.equal(new TextDecoder().decode(payload), word);
      if (isStalled(setting)) answered++;
    }
    client[Symbol.dispose]();
  });
});

testEngines("5.5.3: many Pings at once: the last one is answered, none wrongly", async (engine) => {
  await withTunnel(engine, async ({ client }) => {
    const count = 5_000;
    const pings = Array.from({ length: count }, (_, i) => String(i));
    const sending = (async () => {
      for (const ping of pings) await client.send(Opcode.PING, ping);
    })();
    let last = -1;
    while (last < count - 1) {
      const { opcode, payload } = await client.frame();
      assert.equal(opcode, Opcode.PONG);
      const answered = Number(new TextDecoder().decode(payload));
      assert.ok(answered > last, `in order, each at most once: ${answered} after ${last}`);
      last = answered;
    }
    await sending;
    await client.send(Opcode.CLOSE, closePayload(1000));
    await client.closed();
  });
});

testEngines("5.5.2: Pings and data that cross do not mix", async (engine) => {
  await withTunnel(engine, async ({ client, taken }) => {
    const total = 20_000_000;
    const down = (async () => {
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 127);
      for (let sent = 0; sent < total; sent += bytes.length) await taken.write(bytes);
    })();
    let pinging = true;
    const pings = (async () => {
      while (pinging) await client.send(Opcode.PING, "p".repeat(100));
    })();
    pings.catch(() => {});
    down.catch(() => {});
    let received = 0;
    let pongs = 0;
    while (received < total) {
      const { opcode, payload, fin, reserved } = await client.frame();
      assert.ok(fin && reserved === 0);
      if (opcode === Opcode.PONG) {
        assert.equal(payload.length, 100);
        pongs++;
        continue;
      }
      assert.equal(opcode, Opcode.TEXT);
      for (let i = 0; i < payload.length; i += 97) {
        assert.equal(payload[i], (received + i) % 100_000 % 127);
      }
      received += payload.length;
    }
    pinging = false;
    await Promise.all([down, pings]);
    assert.ok(pongs > 0);
    client[Symbol.dispose]();
  });
});

/** Who takes little or nothing, and lives: the system knows. The tunnels' clock stands still, so that hours pass at once. */
import assert from "node:assert/strict";
import type { OpenTunnel } from "../../lib/control/registry.ts";
import { sharedLibc } from "../../lib/sys/libc.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import type { Taken } from "../support/backends.ts";
import { goDeaf } from "../support/deaf.ts";
import { closeQuietly } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { SLOWEST_BYTES_PER_SECOND } from "../../lib/tunnel/keepalive.ts";
import { withEndpoint } from "./ask.ts";
import { testEnginesThat } from "../e2e/engine_limits.ts";
import type { Endpoint } from "./endpoint.ts";

const HOUR_MS = 3_600_000;

/** Short: of one that has vanished the system's own clock tells. */
const PING_MS = 250;
const PINGS = { wstunnel: `frame-type = "binary"\nping-interval = ${PING_MS / 1000}` };

const WRITE_MS = 60_000;

/** How long a client's last bytes wait for a backend that takes nothing. */
const LAST_BYTES_MS = 5_000;

const MEBIBYTE = new Uint8Array(1024 * 1024);

interface Scene {
  readonly endpoint: Endpoint;
  readonly client: RawClient;
  readonly backend: Taken;
  /** The causes of the tunnels that are over. */
  readonly causes: () => readonly string[];
}

function testLiving(
  name: string,
  options: { readonly wstunnel?: string; readonly host?: string },
  body: (scene: Scene) => Promise<void>,
): void {
  if (!sharedLibc.ok) return Deno.test({ name, ignore: true, fn() {} });
  testEnginesThat(
    "wait for a slow reader",
    name,
    (engine) =>
      withEndpoint(engine, async (endpoint, { take }) => {
        using client = await openTunnel(endpoint.address);
        const backend = await take();
        const causes = () => endpoint.log.flatMap((line) => / cause=(\S+)/.exec(line)?.[1] ?? []);
        await body({ endpoint, client, backend, causes });
        backend.close();
      }, options),
  );
}

/** Sends until it is over. */
function flood(send: () => Promise<void>): Promise<void> {
  const sending = async () => {
    for (;;) await send();
  };
  return sending().catch(() => {});
}

/** As long as it takes until the tunnel is over. */
async function untilOver({ endpoint, causes }: Scene, stepMs: number): Promise<string> {
  await eventually("the end of the tunnel", () => {
    endpoint.pass(stepMs);
    return causes().length > 0;
  });
  return causes()[0]!;
}

testLiving(
  "a client whose system has no room is never called silent, and soon once that has vanished",
  PINGS,
  async (scene) => {
    const { endpoint, client, backend, causes } = scene;
    const flooding = flood(() => backend.write(MEBIBYTE));
    await eventually(
      "the client to have no room",
      () => endpoint.sockets.isFull(client.connection),
    );
    for (let hours = 0; hours < 100; hours++) endpoint.pass(HOUR_MS);
    assert.deepEqual(causes(), []);
    await goDeaf(client.connection);
    assert.equal(await untilOver(scene, PING_MS), "client-silent");
    backend.close();
    await flooding;
  },
);

testLiving(
  "a client that has vanished is called silent, whatever was sent to it",
  PINGS,
  async (scene) => {
    const { client, backend } = scene;
    await goDeaf(client.connection);
    await backend.write(MEBIBYTE.subarray(0, 50_000));
    assert.equal(await untilOver(scene, PING_MS), "client-silent");
  },
);

testLiving(
  "a client that hangs is given the time to read what its system has, and all of it again once it reads",
  PINGS,
  async (scene) => {
    const { endpoint, client, backend } = scene;
    const reading = createReading(client.connection);
    const few = MEBIBYTE.subarray(0, 100_000);
    const readingMs = few.length / SLOWEST_BYTES_PER_SECOND * 1000;
    await backend.write(few);
    const { flow } = onlyTunnel(endpoint);
    await eventually(
      "all of it",
      () => flow.downBytes === few.length && reading.come() > few.length && reading.queued() === 0,
    );
    /** A Ping comes to its system, and so we hear of its room. */
    const ping = async () => {
      const before = reading.come();
      endpoint.pass(PING_MS);
      await eventually("a Ping", () => reading.come() > before && reading.queued() === 0);
      endpoint.pass(0);
    };
    for (let pings = 0; pings < 4; pings++) await ping();
    endpoint.pass(readingMs * 0.8);
    // A system may make room only once all that came at once has been read.
    await reading.until(reading.come());
    // The first that comes may be one from before.
    for (let pings = 0; pings < 2; pings++) await ping();
    endpoint.pass(readingMs * 0.8);
    await ping();
    assert.ok(!isEnding(endpoint));
    assert.equal(await untilOver(scene, 1_000), "client-silent");
    reading.close();
  },
);

testLiving(
  "a backend that reads slowly is not called stalled; one that reads nothing is",
  { wstunnel: 'frame-type = "binary"', host: `write-timeout = ${WRITE_MS / 1000}` },
  async (scene) => {
    const { endpoint, client, backend } = scene;
    const flooding = flood(() => client.send(Opcode.BINARY, MEBIBYTE));
    await untilBackendIsFull(scene);
    const reading = createReading(backend.connection);
    for (let rounds = 0; rounds < 5; rounds++) {
      endpoint.pass(WRITE_MS * 0.9);
      await reading.some();
      await untilBackendIsFull(scene);
      endpoint.pass(0);
    }
    assert.ok(!isEnding(endpoint));
    endpoint.pass(WRITE_MS);
    await eventually("a Close", () => isEnding(endpoint));
    assert.equal(await untilOver(scene, 1_000), "backend-stalled");
    client[Symbol.dispose]();
    await flooding;
    reading.close();
  },
);

testLiving(
  "a backend that reads slowly gets all of a client that has closed",
  { wstunnel: 'frame-type = "binary"' },
  async (scene) => {
    const { endpoint, client, backend } = scene;
    const { flow } = onlyTunnel(endpoint);
    let sent = 0;
    for (const bytes = MEBIBYTE.subarray(0, 32 * 1024); !flow.upWaits;) {
      await client.send(Opcode.BINARY, bytes);
      sent += bytes.length;
      await endpoint.sockets.untilRead(client.connection);
    }
    await client.send(Opcode.CLOSE, closePayload(1000));
    await endpoint.sockets.untilRead(client.connection);
    const reading = createReading(backend.connection);
    await untilBackendIsFull(scene);
    for (let rounds = 0; rounds < 5; rounds++) {
      endpoint.pass(LAST_BYTES_MS * 0.9);
      await reading.some();
      await untilBackendIsFull(scene);
      endpoint.pass(LAST_BYTES_MS * 0.2);
    }
    await reading.until(sent);
    assert.equal(await untilOver(scene, 1_000), "client-close");
    reading.close();
  },
);

/** The client was sent a Close, which is out. */
function isEnding({ log }: Endpoint): boolean {
  return log.some((line) => line.includes("type=close"));
}

function onlyTunnel({ tunnels }: Endpoint): OpenTunnel {
  const [tunnel] = [...tunnels];
  return tunnel!;
}

async function untilBackendIsFull({ endpoint, backend }: Scene): Promise<void> {
  const { flow } = onlyTunnel(endpoint);
  const isFull = () => flow.upWaits && endpoint.sockets.isFull(backend.connection);
  await eventually("the backend to be full", isFull);
}

/** Reads no more than it is told. */
function createReading(connection: Deno.Conn) {
  const diag = createSocketDiag();
  const buffer = new Uint8Array(64 * 1024);
  let bytes = 0;
  const { localAddr, remoteAddr } = connection;
  const ends = [localAddr as Deno.NetAddr, remoteAddr as Deno.NetAddr] as const;
  const ask = (local: Deno.NetAddr, remote: Deno.NetAddr) => {
    const status = diag.ask(local, remote);
    assert.ok(status !== null && status !== "gone", "the system tells of it");
    return status;
  };
  const come = () => bytes + ask(...ends).unreadBytes;
  /** Gives how many bytes were read in all. */
  const more = async (most = buffer.length) => {
    const reading = connection.read(buffer.subarray(0, most));
    return bytes += await inTime("more", reading, () => closeQuietly(connection)) ?? 0;
  };
  return {
    /** Bytes that the other end's system has yet to be rid of. */
    queued: () => ask(ends[1], ends[0]).queuedBytes,
    /** Bytes that have come to our system. */
    come,
    /** Reads until so many bytes were read in all. */
    async until(wanted: number) {
      while (bytes < wanted) await more(wanted - bytes);
    },
    /** Reads until more has come to our system. */
    async some() {
      const before = come();
      await eventually("more to come", async () => {
        await more();
        return come() > before;
      });
    },
    close: () => diag.close(),
  };
}

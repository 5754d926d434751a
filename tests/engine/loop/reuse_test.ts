/** Descriptors that are closed, reset and used again at random: no byte reaches another tunnel, and none of them stays open. */
import assert from "node:assert/strict";
import { openDescriptors } from "../../../lib/sys/open_descriptors.ts";
import { sharedLibc } from "../../../lib/sys/libc.ts";
import { withEndpoint } from "../../conformance/ask.ts";
import type { Taken } from "../../support/backends.ts";
import { eventually } from "../../support/eventually.ts";
import { type Random, withRandom } from "../../support/random.ts";
import {
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../../support/raw_client.ts";

const TUNNELS = 200;
const AT_ONCE = 20;

/** More than fits into what the systems hold, now and then. */
const SIZES = [1, 100, 5_000, 70_000, 500_000];

/** Sends back what comes, which is all of one kind, and goes away at some moment in one way or another. */
async function echoFor(random: Random, taken: Taken): Promise<void> {
  let left = random.oneIn(3) ? random.below(200_000) : Infinity;
  let kind: number | undefined;
  try {
    for (let bytes; (bytes = await taken.reader.some("bytes to echo")) !== null;) {
      kind ??= bytes[0];
      assert.ok(bytes.every((byte) => byte === kind), "bytes of one tunnel");
      await taken.write(bytes);
      if ((left -= bytes.length) <= 0) return;
    }
    if (random.oneIn(2)) await taken.closeWrite();
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    // It was reset.
  } finally {
    taken.close();
  }
}

/** Reads some of what comes back, and drops the connection, with what it hasn't read. */
async function readSome(random: Random, client: RawClient, kind: number, most: number) {
  let left = random.below(most + 1);
  while (left > 0) {
    const { opcode, payload } = await client.frame();
    if (opcode === Opcode.CLOSE) return;
    assert.ok(payload.every((byte) => byte === kind), "bytes of one tunnel");
    left -= payload.length;
  }
}

async function visit(random: Random, address: string, kind: number): Promise<void> {
  if (random.oneIn(8)) {
    using hasty = await openRaw(address);
    return await hasty.write(handshake().slice(0, 1 + random.below(200)));
  }
  using client = await openTunnel(address);
  const size = random.pick(SIZES);
  const sent = client.send(Opcode.BINARY, new Uint8Array(size).fill(kind)).catch(() => {});
  await readSome(random, client, kind, size).catch((error) => {
    if (error instanceof assert.AssertionError) throw error;
  });
  client[Symbol.dispose]();
  await sent;
}

Deno.test({
  name: "loop: tunnels that end anyhow leave no descriptor, and get no byte of another",
  ignore: !sharedLibc.ok,
  fn: (t) =>
    withRandom(t, async (random) => {
      const before = openDescriptors()!;
      await withEndpoint("loop", async (endpoint, backend) => {
        const served: Promise<void>[] = [];
        let isOver = false;
        const serving = (async () => {
          while (!isOver || served.length < backend.count) {
            if (served.length === backend.count) await new Promise((done) => setTimeout(done, 1));
            else served.push(echoFor(random, await backend.take()));
          }
        })();
        let visits = 0;
        const travel = async () => {
          while (visits < TUNNELS) await visit(random, endpoint.address, ++visits % 251);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, travel));
        isOver = true;
        await serving;
        await Promise.all(served);
        await eventually("the end of them all", () => {
          endpoint.pass(31_000);
          return endpoint.connections === 0 && endpoint.load === 0;
        });
        assert.ok(!endpoint.log.some((line) => line.includes("a defect")));
      }, { wstunnel: 'frame-type = "binary"', level: 2 });
      await eventually("all descriptors to be closed", () => openDescriptors()! <= before);
    }),
});

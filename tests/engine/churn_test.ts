/**
 * The whole server in the test's own process, so that the sanitizers see what hundreds of tunnels with a dying backend leave
 * behind: a timer or a read under way fails the test.
 */
import assert from "node:assert/strict";
import { openEndpoint } from "../conformance/endpoint.ts";
import { serveBackend, type Taken } from "../support/backends.ts";
import { type Random, withRandom } from "../support/random.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";

const CLIENTS = 500;
const CHURN_MS = 6_000;

/** How long where the machine is so slow that it isn't enough by then. */
const LONGEST_MS = 60_000;

const MAX_STAY_MS = 3_000;

/** How long the backend stays away each time, and how long it stays. */
const AWAY_MS = 100;
const MAX_THERE_MS = 1_000;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Counts {
  opened: number;
  mostOpen: number;
  refused: number;
  answered: number;
  cut: number;
}

function isEnough({ opened, mostOpen, refused, answered, cut }: Counts): boolean {
  return mostOpen > CLIENTS / 2 && opened > CLIENTS && refused > 0 && answered > 0 &&
    cut > CLIENTS / 2;
}

/** One tunnel after the other, each ended in one of the ways there are. */
async function churn(address: string, random: Random, counts: Counts, goesOn: () => boolean) {
  let open = 0;
  const client = async () => {
    while (goesOn()) {
      if (random.oneIn(10)) {
        using impatient = await openRaw(address);
        await impatient.write(handshake());
        continue;
      }
      const tunnel = await openTunnel(address).catch(asRefusal);
      if (tunnel === null) {
        counts.refused++;
        await pause(random.below(200));
        continue;
      }
      counts.opened++;
      counts.mostOpen = Math.max(counts.mostOpen, ++open);
      const next = tunnel.frame();
      await pause(random.below(MAX_STAY_MS));
      await tunnel.send(Opcode.BINARY, "ping").catch(() => {});
      if ((await next).opcode === Opcode.CLOSE) counts.cut++;
      else counts.answered++;
      if (random.oneIn(2)) await tunnel.send(Opcode.CLOSE, closePayload(1000)).catch(() => {});
      tunnel[Symbol.dispose]();
      open--;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

function asRefusal(error: unknown): null {
  if (error instanceof Error && error.message.startsWith("refused: 503")) return null;
  throw error;
}

Deno.test(`${CLIENTS} tunnels and a backend that dies again and again leave no timer or read behind`, (t) =>
  withRandom(t, async (random) => {
    // Ends by itself after some bytes, often before they are all echoed.
    const serve = async ({ reader, write }: Taken) => {
      for (let bytes; (bytes = await reader.some("the next client, or none")) !== null;) {
        if (random.oneIn(4)) return;
        await write(bytes);
      }
    };
    let backend = serveBackend(serve);
    const port = Number(backend.address.split(":")[1]);
    const counts = { opened: 0, mostOpen: 0, refused: 0, answered: 0, cut: 0 };
    try {
      await using endpoint = openEndpoint("stream", backend.address, {
        clock: "runs",
        wstunnel: 'frame-type = "binary"\nping-interval = 0.5',
        host: "disable-time = 0.05",
      });
      const began = performance.now();
      const goesOn = () => performance.now() - began < (isEnough(counts) ? CHURN_MS : LONGEST_MS);
      const kill = async () => {
        while (goesOn()) {
          await pause(random.below(MAX_THERE_MS));
          await backend[Symbol.asyncDispose]();
          await pause(AWAY_MS);
          backend = serveBackend(serve, { port });
        }
      };
      await Promise.all([kill(), churn(endpoint.address, random, counts, goesOn)]);
    } finally {
      await backend[Symbol.asyncDispose]();
    }
    assert.ok(isEnough(counts), JSON.stringify(counts));
  }));

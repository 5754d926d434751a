/** Every byte arrives, once and in order, whatever the sizes, the directions and the speeds. */
import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { echo, serveBackend, type Taken } from "../support/backends.ts";
import { frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { testEngines } from "./drivers.ts";
import { BINARY_FRAMES, startFor, text, withTunnel } from "./whole.ts";

const MIB = 1024 * 1024;

/** Pseudo-random numbers from a seed: xorshift32. */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function randomBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const random = randomFrom(seed);
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = random();
  return bytes;
}

/** Pieces of a whole, small ones and large ones, around the lengths where the header changes. */
function* pieces(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = randomFrom(seed);
  const limits = [2, 126, 2048, 70_000, MIB];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random() % limits[random() % limits.length]!;
    yield bytes.subarray(at, at += length);
  }
}

function digest(hash: Hash | Uint8Array): string {
  return hash instanceof Uint8Array
    ? digest(createHash("sha256").update(hash))
    : hash.digest("hex");
}

async function hashClient(client: RawClient, length: number): Promise<string> {
  const hash = createHash("sha256");
  for (let got = 0; got < length;) {
    const payload = await client.message(Opcode.BINARY);
    hash.update(payload);
    got += payload.length;
  }
  return digest(hash);
}

async function hashBackend({ reader }: Taken, length: number): Promise<string> {
  const hash = createHash("sha256");
  for (let got = 0; got < length;) {
    const bytes = await reader.some("the client's bytes");
    assert.ok(bytes !== null, `the backend's stream ended after ${got} bytes`);
    hash.update(bytes);
    got += bytes.length;
  }
  return digest(hash);
}

testEngines("64 MiB each way at once, in messages of all sizes", async (engine) => {
  const length = 64 * MIB;
  const [up, down] = [randomBytes(0x1234567, length), randomBytes(0x7654321, length)];
  // The native engine can't make a client wait.
  const wstunnel = `${BINARY_FRAMES}\nmax-buffer = "128MiB"`;
  await withTunnel(engine, { wstunnel }, async ({ client, taken }) => {
    const sendUp = async () => {
      for (const piece of pieces(up, 99)) await client.send(Opcode.BINARY, piece);
    };
    const sendDown = async () => {
      for (const piece of pieces(down, 77)) await taken.write(piece);
    };
    const [, , upHash, downHash] = await Promise.all([
      sendUp(),
      sendDown(),
      hashBackend(taken, length),
      hashClient(client, length),
    ]);
    assert.equal(upHash, digest(up));
    assert.equal(downHash, digest(down));
  });
});

testEngines("what a backend sends in bulk goes out in large messages", async (engine) => {
  const length = 16 * MIB;
  await withTunnel(engine, { wstunnel: BINARY_FRAMES }, async ({ client, taken }) => {
    const bytes = new Uint8Array(length);
    let messages = 0;
    const readDown = async () => {
      for (let got = 0; got < length; messages++) got += (await client.message()).length;
    };
    await Promise.all([taken.write(bytes), readDown()]);
    assert.ok(messages < length / (16 * 1024), `${messages} messages`);
  });
});

testEngines("20,000 small messages in one go, fragments and Pings among them", async (engine) => {
  await withTunnel(engine, { wstunnel: BINARY_FRAMES }, async ({ client, taken }) => {
    const parts: Uint8Array[] = [];
    let expected = "";
    for (let i = 0; i < 20_000; i++) {
      const word = `${i} `;
      expected += word;
      const half = word.length >> 1;
      if (i % 3 > 0) parts.push(frame(Opcode.BINARY, word));
      else {
        parts.push(frame(Opcode.BINARY, word.slice(0, half), { fin: false }));
        if (i % 300 === 0) parts.push(frame(Opcode.PING, "between"));
        parts.push(frame(Opcode.CONTINUATION, word.slice(half)));
      }
    }
    const whole = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    const [received] = await Promise.all([
      taken.reader.exactly(expected.length, "all words"),
      client.write(whole),
    ]);
    assert.equal(text(received), expected);
  });
});

testEngines("100 tunnels at once keep their bytes apart", async (engine) => {
  await using backend = serveBackend(echo);
  await using program = await startFor(engine, backend.address, { wstunnel: BINARY_FRAMES });
  const length = 128 * 1024;
  const one = async (seed: number) => {
    using client = await openTunnel(program.address);
    const bytes = randomBytes(seed * 7919, length);
    const send = async () => {
      for (let at = 0; at < length; at += 10_000) {
        await client.send(Opcode.BINARY, bytes.subarray(at, at + 10_000));
      }
    };
    const [hash] = await Promise.all([hashClient(client, length), send()]);
    assert.equal(hash, digest(bytes), `tunnel ${seed}`);
    assert.equal((await client.close(1000)).code, 1000);
    await client.end();
  };
  await Promise.all(Array.from({ length: 100 }, (_, index) => one(index + 1)));
  await program.entry("tunnel closed", 100);
  assert.equal(backend.count, 100);
});

testEngines(
  "a client that reads nothing for a while holds its backend up, not memory",
  async (engine) => {
    const length = 200 * MIB;
    await withTunnel(engine, { wstunnel: BINARY_FRAMES }, async ({ program, client, taken }) => {
      const chunk = randomBytes(42, MIB);
      const before = program.residentBytes();
      let sent = 0;
      const sending = (async () => {
        for (; sent < length; sent += chunk.length) await taken.write(chunk);
        taken.close();
      })();
      let seen = -1;
      while (seen !== sent) {
        seen = sent;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      assert.ok(sent < length / 2, `${sent} bytes were taken with nobody to read them`);
      const grownBytes = program.residentBytes() - before;
      assert.ok(grownBytes < 24 * MIB, `grew by ${grownBytes}`);
      const expected = createHash("sha256");
      for (let at = 0; at < length; at += MIB) expected.update(chunk);
      assert.equal(await hashClient(client, length), digest(expected));
      await sending;
      assert.equal((await client.closed()).code, 1000);
      const peakBytes = program.residentBytes() - before;
      assert.ok(peakBytes < 64 * MIB, `grew by ${peakBytes}`);
    });
  },
);

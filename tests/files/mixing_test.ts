/** Clients that come and leave as they like get no byte of each other's files. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ENGINES } from "../e2e/engine_limits.ts";
import type { Program } from "../support/program.ts";
import { withRandom } from "../support/random.ts";
import { closeQuietly, connect, createReader, writeAll } from "../support/connection.ts";
import { request, serving } from "./serving.ts";

const NAMES = ["a", "b", "c", "d"];

/** More than the system takes at once for who doesn't read, so that some leave while a chunk is on its way. */
const SIZE = 8_000_000;

const CLIENTS = 60;

const STEP = 1_000_000;

/** Asks for some files on one connection, of which each byte is the name; reads `most` bytes, and leaves. */
async function read({ address }: Program, names: readonly string[], most: number): Promise<void> {
  const connection = await connect(address);
  try {
    const reader = createReader(connection);
    const text = names.map((name) => request(`/${name}`)).join("");
    await writeAll(connection, new TextEncoder().encode(text));
    for (const name of names) {
      const head = await reader.through("\r\n\r\n", "a head");
      assert.match(head, /^HTTP\/1\.1 200 /);
      const expected = Buffer.alloc(STEP, name);
      for (let left = SIZE; left > 0;) {
        const count = Math.min(left, STEP, most);
        const bytes = await reader.exactly(count, "a file");
        const isSame = Buffer.compare(bytes, expected.subarray(0, count)) === 0;
        assert.ok(isSame, `of another file than ${name}`);
        left -= count;
        most -= count;
        if (most === 0) return;
      }
    }
  } finally {
    closeQuietly(connection);
  }
}

for (const engine of ENGINES) {
  Deno.test(`${engine}: whoever leaves in the middle of a file disturbs no other`, async (t) => {
    await serving(engine, {}, async ({ program }) => {
      await withRandom(t, async (random) => {
        const clients = Array.from({ length: CLIENTS }, () => {
          const names = Array.from({ length: 1 + random.below(2) }, () => random.pick(NAMES));
          return { names, most: random.oneIn(3) ? Infinity : 1 + random.below(2_000_000) };
        });
        let next = 0;
        const work = async () => {
          while (next < clients.length) {
            const { names, most } = clients[next++]!;
            await read(program, names, most);
          }
        };
        await Promise.all(Array.from({ length: 12 }, work));
      });
    }, (root) => {
      for (const name of NAMES) Deno.writeTextFileSync(`${root}/${name}`, name.repeat(SIZE));
    });
  });
}

/** What a large file costs, and clients that don't read it. */
import assert from "node:assert/strict";
import { testEngines } from "../e2e/engine_limits.ts";
import { eventually } from "../support/eventually.ts";
import { openRaw, type RawClient } from "../support/raw_client.ts";
import { createReader } from "../support/connection.ts";
import { ask, assertKept, request, serving } from "./serving.ts";

const SIZE = 300_000_000;

const SLOW = 60;

/** A chunk for each of those that don't read, and what the collector leaves for a while; the runtime's own server holds more of each. */
const IN_SLICES = SLOW * 64 * 1024 + 40_000_000;
const MOST_BYTES = { stream: IN_SLICES, native: 150_000_000, loop: IN_SLICES };

testEngines(
  "a large file is sent in little memory, however many clients don't read it",
  async (engine) => {
    await serving(engine, {}, async ({ program }) => {
      using client = await openRaw(program.address);
      await assertKept(client);
      const before = program.residentBytes();
      const slow: RawClient[] = [];
      try {
        for (let at = 0; at < SLOW; at++) {
          const one = await openRaw(program.address);
          slow.push(one);
          await one.write(request("/large"));
          await one.head();
        }
        await client.write(request("/large", ["Connection: close"]));
        const reader = createReader(client.connection);
        await reader.through("\r\n\r\n", "the head");
        let most = 0;
        let bytes = 0;
        for (let part; (part = await reader.some("the file")) !== null;) {
          bytes += part.length;
          most = Math.max(most, program.residentBytes() - before);
        }
        assert.equal(bytes, SIZE);
        assert.ok(most < MOST_BYTES[engine], `${most} bytes more`);
      } finally {
        for (const one of slow) one[Symbol.dispose]();
      }
      await eventually(
        "those that have left",
        () =>
          Number(program.entries("more files asked for").length) >= 0 &&
          program.entries("file not sent whole").length > 0,
      );
      using again = await openRaw(program.address);
      await assertKept(again);
    }, (root) => {
      using file = Deno.openSync(`${root}/large`, { create: true, write: true });
      file.truncateSync(SIZE);
    });
  },
);

/** Names of which a page is as long as it can be: over 10 MB, more than the system takes for a client that doesn't read. */
const LONG_NAMES = 5_000;
const LISTING = 12;

testEngines(
  "what is in folders is held for few of the clients that don't read it",
  async (engine) => {
    await serving(engine, { web: "listing = true" }, async ({ program }) => {
      using client = await openRaw(program.address);
      await assertKept(client);
      const before = program.residentBytes();
      const slow: RawClient[] = [];
      try {
        for (let at = 0; at < LISTING; at++) {
          const one = await openRaw(program.address);
          slow.push(one);
          await one.write(request("/long/"));
        }
        const statuses = await Promise.all(slow.map(async (one) => (await one.head()).status));
        assert.ok(statuses.includes(200), `${statuses}`);
        assert.ok(statuses.includes(503), `${statuses}`);
        const more = program.residentBytes() - before;
        assert.ok(more < 200_000_000, `${more} bytes more`);
        await assertKept(client);
      } finally {
        for (const one of slow) one[Symbol.dispose]();
      }
      await eventually("room again", async () => (await ask(program, "/long/")).status === 200);
    }, (root) => {
      Deno.mkdirSync(`${root}/long`);
      for (let at = 0; at < LONG_NAMES; at++) {
        Deno.writeTextFileSync(`${root}/long/${'"'.repeat(245)}${at}`, "");
      }
    });
  },
);

/** A reader of the stream who is slower than the samples come: what waits for it, over a real socket, with samples that come fast and are large. */
import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/address.ts";
import { createRoom, openListener } from "../../lib/control/admin/listener.ts";
import type { Sample } from "../../lib/control/admin/shapes.ts";
import { createStreams } from "../../lib/control/admin/stream.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";

/** Some 10 KB each. */
const BACKENDS = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`x${at}`, at]));

function sampleAt(time: number): Sample {
  const counts = { tunnels: 0, opened: 0, refused: 0, up: 0, down: 0, lagMs: 0 };
  return { time, ...counts, backends: BACKENDS };
}

async function serve(
  body: (served: {
    readonly connection: Deno.Conn;
    readonly followers: ReadonlySet<(sample: Sample) => void>;
  }) => Promise<void>,
): Promise<void> {
  const followers = new Set<(sample: Sample) => void>();
  const streams = createStreams({
    history: [],
    follow(take) {
      followers.add(take);
      return () => void followers.delete(take);
    },
  });
  const listener = openListener({ address: { transport: "tcp", hostname: "127.0.0.1", port: 0 } }, {
    respond: () => Promise.resolve(streams.open()),
    emit: (event) => assert.fail(JSON.stringify(event)),
    room: createRoom(1),
  });
  const connection = await connect(formatAddress(listener.address));
  await writeAll(
    connection,
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
  );
  await eventually("the stream", () => followers.size === 1);
  try {
    await body({ connection, followers });
  } finally {
    streams.close();
    connection.close();
    await listener.close();
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("who doesn't read is let go, and until then what waits for it is bounded", () =>
  serve(async ({ connection, followers }) => {
    let told = 0;
    await eventually("it is let go", async () => {
      for (const take of followers) take(sampleAt(told++));
      await turn();
      return followers.size === 0;
    });
    const { bytes } = await createReader(connection).rest("what was sent");
    // What the system's buffers hold of it, and 16 chunks.
    assert(bytes.length < 12_000_000, `${bytes.length} bytes`);
    const size = JSON.stringify(sampleAt(0)).length;
    assert(bytes.length < (told - 50) * size, `${bytes.length} bytes of ${told} times ${size}`);
  }));

Deno.test("who reads slower than samples come misses some, and gets the newest", () =>
  serve(async ({ connection, followers }) => {
    const reader = createReader(connection);
    const seen: number[] = [];
    const tell = (time: number) => {
      for (const take of followers) take(sampleAt(time));
    };
    for (let time = 0; time < 40; time++) tell(time);
    let next = 40;
    await eventually("the newest", async () => {
      tell(next++);
      const text = await reader.through("\n\n", "an event");
      const time = /"time":(\d+)/.exec(text)?.[1];
      if (time !== undefined) seen.push(Number(time));
      return seen.at(-1)! >= 40;
    });
    assert(seen.length < seen.at(-1)!, "it misses some");
    assert.equal(followers.size, 1, "it is not let go");
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  }));

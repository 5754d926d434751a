/** Worker threads by themselves: what they carry, how it spreads, and what becomes of it when one of them fails. */
import assert from "node:assert/strict";
import { startBesideRuntime } from "../../../../lib/engine/loop/beside_runtime.ts";
import { RECEIVES } from "../../../../lib/engine/loop/interest.ts";
import { LoopTransport } from "../../../../lib/engine/loop/loop_transport.ts";
import type { CarriedTunnel } from "../../../../lib/engine/loop/workers/carried.ts";
import { createWorkers, type Workers } from "../../../../lib/engine/loop/workers/workers.ts";
import { NEW } from "../../../../lib/engine/stream_tunnel.ts";
import { createSweep } from "../../../../lib/engine/sweep.ts";
import type { Event } from "../../../../lib/events/event.ts";
import type { Libc } from "../../../../lib/sys/libc.ts";
import { readProc } from "../../../../lib/sys/proc_file.ts";
import { descriptors } from "../../../../lib/sys/tcp_descriptor.ts";
import type { TunnelEnd } from "../../../../lib/tunnel/cause.ts";
import { DEADLINE_MS, eventually } from "../../../support/eventually.ts";
import { frame, Opcode } from "../../../support/raw_client.ts";
import { openSocketPair, type SocketPair } from "../pair.ts";
import { testLoop } from "../setting.ts";
import { SETTINGS } from "./settings.ts";

/** The runtime forgets so many of its own with each worker that ends (2.9.6). */
const LOST_DESCRIPTORS = 4;

interface Opened {
  readonly client: SocketPair;
  readonly backend: SocketPair;
  readonly tunnel: CarriedTunnel;
  readonly ends: readonly TunnelEnd[];
}

class Setting implements AsyncDisposable {
  readonly events: Event[] = [];
  readonly workers: Workers;
  readonly #libc: Libc;
  readonly #beside;
  readonly #opened: Opened[] = [];

  constructor(libc: Libc, most: number) {
    this.#libc = libc;
    this.#beside = startBesideRuntime(libc, { onDefect: (error) => assert.fail(String(error)) });
    const { loop } = this.#beside;
    const emit = (event: Event) => void this.events.push(event);
    this.workers = createWorkers({ libc, loop, most, createSweep, emit });
  }

  /** Opens a tunnel, which a worker carries; waits for one that can. */
  async open(early = ""): Promise<Opened> {
    const { loop } = this.#beside;
    const [client, backend] = [openSocketPair(this.#libc), openSocketPair(this.#libc)];
    const transport = LoopTransport.of(loop, client.ends[0], RECEIVES);
    await eventually("a worker", () => this.workers.choose() !== null);
    const ends: TunnelEnd[] = [];
    const tunnel = this.workers.choose()!.carry({
      client: transport,
      backend: LoopTransport.of(loop, backend.ends[0], RECEIVES),
      tickMs: 1_000,
      standing: NEW,
      unread: early === "" ? new Uint8Array(0) : frame(Opcode.BINARY, early),
      settings: {
        ...SETTINGS,
        listener: { tunnelOver: (end) => ends.push(end), tunnelReleased() {} },
      },
    });
    const opened = { client, backend, tunnel, ends };
    this.#opened.push(opened);
    return opened;
  }

  async [Symbol.asyncDispose]() {
    for (const { client, backend, tunnel } of this.#opened) {
      client.closeFar();
      backend.closeFar();
      await eventually("the end of a tunnel", () => tunnel.released);
    }
    await this.workers.close();
    await this.#beside.close();
  }
}

async function received(pair: SocketPair, length: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  await eventually(`${length} bytes`, () => {
    const more = pair.receive(65_536);
    if (more !== null) bytes = Uint8Array.of(...bytes, ...more);
    return bytes.length >= length;
  });
  return bytes;
}

testLoop(
  "a worker carries a tunnel, and its progress and its end are known in the main thread",
  async (libc) => {
    const before = [...descriptors(libc)].length;
    {
      await using setting = new Setting(libc, 1);
      const { client, backend, tunnel, ends } = await setting.open("early");
      assert.equal(new TextDecoder().decode(await received(backend, 5)), "early");
      backend.send("answer");
      assert.deepEqual([...await received(client, 8)], [
        0x82,
        6,
        ...new TextEncoder().encode("answer"),
      ]);
      await eventually("it to be known", () => tunnel.upBytes === 5 && tunnel.downBytes === 6);
      assert.ok(!tunnel.upWaits && !tunnel.downWaits);
      tunnel.end("operator");
      assert.equal((await received(client, 2))[0], 0x88, "a Close");
      assert.ok(!tunnel.released, "its client has yet to leave");
      client.shutdownFar();
      await eventually("its end", () => ends.length > 0);
      assert.deepEqual(ends, [{ cause: "operator", code: 1001, reason: "ended by the operator" }]);
      assert.deepEqual(setting.events, []);
    }
    const kept = before + LOST_DESCRIPTORS;
    await eventually("every descriptor back", () => [...descriptors(libc)].length <= kept);
  },
);

testLoop("tunnels spread evenly over the workers", async (libc) => {
  await using setting = new Setting(libc, 3);
  const { workers } = setting;
  // Each one is started when those before it have a tunnel, and gets the next one once it is there.
  for (let there = 1; there <= 3; there++) {
    await eventually(`worker ${there}`, () => workers.choose()?.tunnels === 0);
    await setting.open();
  }
  for (let i = 3; i < 31; i++) await setting.open();
  assert.deepEqual(workers.loads(), [11, 10, 10]);
});

testLoop(
  "a worker that fails costs its own tunnels, and another one takes its place",
  async (libc) => {
    await using setting = new Setting(libc, 1);
    const lost = await setting.open();
    lost.backend.send("it carries");
    await received(lost.client, 12);
    await failNext(libc, lost);
    lost.backend.send("wakes it");
    await eventually("its end", () => lost.tunnel.released);
    assert.deepEqual(lost.ends, [{
      cause: "defect",
      code: 1006,
      reason: "a defect in the server",
    }]);
    const [failed] = setting.events;
    assert.ok(failed?.kind === "worker-failed" && failed.worker === 1 && failed.tunnels === 1);
    await eventually("its connections closed", () => lost.client.receive(100) === null);
    const next = await setting.open("goes on");
    assert.equal(new TextDecoder().decode(await received(next.backend, 7)), "goes on");
  },
);

testLoop(
  "what a worker that has failed had yet to take is closed, and ends with it",
  async (libc) => {
    await using setting = new Setting(libc, 1);
    const carried = await setting.open();
    await failNext(libc, carried);
    carried.backend.send("wakes it");
    // It has ended, of which the main thread hears only in its next turn.
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (carried.client.receive(100) !== null) assert.ok(performance.now() < deadlineMs);
    // More than there is room for.
    const late: Opened[] = [];
    for (let i = 0; i < 6; i++) late.push(await setting.open("0123456789".repeat(6_000)));
    assert.deepEqual(setting.workers.loads(), [7]);
    for (const { client, backend, tunnel, ends } of late) {
      await eventually("its end", () => tunnel.released);
      assert.deepEqual(ends, [{ cause: "defect", code: 1006, reason: "a defect in the server" }]);
      assert.deepEqual([client.receive(1), backend.receive(1)], [null, null]);
    }
  },
);

testLoop("a worker that can't be started leaves it all to those that there are", async (libc) => {
  let areDescriptorsLeft = true;
  const symbols = Object.create(libc.symbols, {
    eventfd: {
      value: (count: number, flags: number) =>
        areDescriptorsLeft ? libc.symbols.eventfd(count, flags) : -1,
    },
  });
  await using setting = new Setting({ symbols }, 2);
  const { workers, events } = setting;
  await eventually("a worker", () => workers.choose() !== null);
  areDescriptorsLeft = false;
  await setting.open();
  await setting.open();
  assert.deepEqual(workers.loads(), [2]);
  assert.deepEqual(events, []);
});

testLoop("a worker whose thread can't be had leaves nothing", async (libc) => {
  const { Worker } = globalThis;
  globalThis.Worker = class {
    constructor() {
      throw new Error("no thread");
    }
  } as unknown as typeof Worker;
  const bells = new Set<number>();
  const symbols = Object.create(libc.symbols, {
    eventfd: {
      value(count: number, flags: number) {
        const descriptor = libc.symbols.eventfd(count, flags);
        bells.add(descriptor);
        return descriptor;
      },
    },
    close: {
      value(descriptor: number) {
        bells.delete(descriptor);
        return libc.symbols.close(descriptor);
      },
    },
  });
  try {
    {
      await using setting = new Setting({ symbols }, 1);
      assert.equal(setting.workers.choose(), null);
      assert.deepEqual(setting.events, [
        { kind: "worker-failed", worker: 1, tunnels: 0, reason: "no thread" },
      ]);
    }
    assert.equal(bells.size, 0);
  } finally {
    globalThis.Worker = Worker;
  }
});

testLoop(
  "where there are no descriptors for a worker they are not counted for each tunnel",
  async (libc) => {
    let asked = 0;
    const eventfd = () => {
      asked++;
      return -1;
    };
    const symbols = Object.create(libc.symbols, { eventfd: { value: eventfd } });
    const { loop, close } = startBesideRuntime(libc, {
      onDefect: (error) => assert.fail(String(error)),
    });
    const workers = createWorkers({ libc: { symbols }, loop, most: 1, createSweep, emit() {} });
    const sinceMs = performance.now();
    for (let i = 0; i < 1_000; i++) assert.equal(workers.choose(), null);
    const seconds = (performance.now() - sinceMs) / 1_000;
    assert.ok(asked >= 1 && asked <= 1 + seconds, `${asked} times in ${seconds} s`);
    await workers.close();
    await close();
  },
);

testLoop(
  "what a tunnel has moved still counts where its worker can't go on with it",
  async (libc) => {
    await using setting = new Setting(libc, 1);
    await eventually("a worker", () => setting.workers.choose() !== null);
    let over = false;
    const listener = { tunnelOver: () => void (over = true), tunnelReleased() {} };
    const connection = { release: () => -1, sent: 7 } as unknown as LoopTransport;
    const tunnel = setting.workers.choose()!.carry({
      client: connection,
      backend: connection,
      tickMs: 1_000,
      standing: { ...NEW, downBytes: 5 },
      unread: new Uint8Array(0),
      settings: { ...SETTINGS, listener },
    });
    await eventually("its end", () => over);
    assert.deepEqual([tunnel.upBytes, tunnel.downBytes], [7, 5]);
  },
);

testLoop("a worker that is stopped tells all before, however much it is", async (libc) => {
  const setting = new Setting(libc, 1);
  await eventually("a worker", () => setting.workers.choose() !== null);
  const thread = setting.workers.choose()!;
  let over = 0;
  const listener = { tunnelOver: () => void over++, tunnelReleased() {} };
  // None of them can begin, of which each tells more than of its end.
  const connection = { release: () => -1, sent: 0 } as unknown as LoopTransport;
  const count = 600;
  for (let i = 0; i < count; i++) {
    thread.carry({
      client: connection,
      backend: connection,
      tickMs: 1_000,
      standing: NEW,
      unread: new Uint8Array(0),
      settings: { ...SETTINGS, listener },
    });
  }
  await setting[Symbol.asyncDispose]();
  assert.equal(over, count);
  assert.deepEqual(setting.events.filter(({ kind }) => kind !== "defect"), []);
});

/** Has the worker that carries a tunnel fail as soon as it is woken: nothing else can make it throw where no tunnel does. */
async function failNext({ symbols }: Libc, { client }: Opened): Promise<void> {
  // The number stays the worker's, which closes it in the end.
  symbols.dup2(STANDARD_ERROR, await epollOf({ symbols }, client.ends[0]));
}

const STANDARD_ERROR = 2;

/** The descriptor of what looks at another one by epoll. */
function epollOf(libc: Libc, watched: number): Promise<number> {
  const line = RegExp(`^tfd: +${watched} `, "m");
  return eventually(
    `who looks at ${watched}`,
    () =>
      [...descriptors(libc)].find((descriptor) =>
        line.test(readProc(libc, `/proc/self/fdinfo/${descriptor}`))
      ) ?? 0,
  );
}

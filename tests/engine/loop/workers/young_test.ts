/** Tunnels that become a worker's once they have lasted, wherever they are in what they move. */
import assert from "node:assert/strict";
import { startBesideRuntime } from "../../../../lib/engine/loop/beside_runtime.ts";
import { RECEIVES } from "../../../../lib/engine/loop/interest.ts";
import { LoopTransport } from "../../../../lib/engine/loop/loop_transport.ts";
import { Brevity } from "../../../../lib/engine/loop/workers/brevity.ts";
import { createWorkers, type Workers } from "../../../../lib/engine/loop/workers/workers.ts";
import {
  createYoungTunnels,
  type YoungTunnels,
} from "../../../../lib/engine/loop/workers/young.ts";
import type { RunningTunnel, TunnelSettings } from "../../../../lib/engine/door.ts";
import { createSweep, type Sweep } from "../../../../lib/engine/sweep.ts";
import type { Libc } from "../../../../lib/sys/libc.ts";
import type { TunnelEnd } from "../../../../lib/tunnel/cause.ts";
import type { Tunnel } from "../../../../lib/tunnel/tunnel.ts";
import { concat } from "../../../support/connection.ts";
import { eventually } from "../../../support/eventually.ts";
import { createManualSweep } from "../../../support/manual_sweep.ts";
import { closePayload, frame, Opcode } from "../../../support/raw_client.ts";
import { openSocketPair, type SocketPair } from "../pair.ts";
import { testLoop } from "../setting.ts";
import { SETTINGS } from "./settings.ts";

/** Longer than a tunnel is young. */
const LONG_MS = 60;

interface Opened {
  readonly client: SocketPair;
  readonly backend: SocketPair;
  readonly tunnel: RunningTunnel;
  readonly ends: readonly TunnelEnd[];
}

interface SettingOptions {
  /** How many workers there may be. @default {1} */
  readonly most?: number;
  /** @default that of the setting, whose clock stands still */
  readonly createSweep?: (tickMs: number) => Sweep;
  /** @default none may be met */
  readonly onDefect?: (error: unknown) => void;
}

class Setting implements AsyncDisposable {
  readonly workers: Workers;
  readonly sweep = createManualSweep(1_000);
  readonly brevity = new Brevity();
  readonly #libc: Libc;
  readonly #beside;
  readonly #young: YoungTunnels;
  readonly #opened: Opened[] = [];

  constructor(libc: Libc, options: SettingOptions = {}) {
    const { most = 1, createSweep: createOwn = () => this.sweep } = options;
    const { onDefect = (error) => assert.fail(String(error)) } = options;
    this.#libc = libc;
    this.#beside = startBesideRuntime(libc, { onDefect });
    const { loop } = this.#beside;
    const emit = () => assert.fail("no worker fails");
    this.workers = createWorkers({ libc, loop, most, createSweep, emit });
    this.#young = createYoungTunnels({
      loop,
      workers: this.workers,
      createSweep: createOwn,
      brevity: this.brevity,
      onDefect,
    });
  }

  /** With a worker that is there, at a time of brief tunnels. */
  static async open(libc: Libc, options: SettingOptions = {}): Promise<Setting> {
    const setting = new Setting(libc, options);
    setting.brevity.note(true);
    await eventually("a worker", () => setting.workers.choose() !== null);
    return setting;
  }

  get carried(): number {
    return this.workers.loads()[0]!;
  }

  begin(settings: Partial<TunnelSettings> = {}): Opened {
    const { loop } = this.#beside;
    const [client, backend] = [openSocketPair(this.#libc), openSocketPair(this.#libc)];
    const ends: TunnelEnd[] = [];
    const tunnel = this.#young.begin({
      client: LoopTransport.of(loop, client.ends[0], RECEIVES),
      backend: LoopTransport.of(loop, backend.ends[0], RECEIVES),
      tickMs: 1_000,
      early: new Uint8Array(0),
      settings: {
        ...SETTINGS,
        now: this.sweep.nowMs,
        listener: { tunnelOver: (end) => ends.push(end), tunnelReleased() {} },
        ...settings,
      },
    });
    const opened = { client, backend, tunnel, ends };
    this.#opened.push(opened);
    return opened;
  }

  async handedOver(): Promise<void> {
    await eventually("the worker to carry it", () => this.carried > 0);
  }

  async [Symbol.asyncDispose]() {
    for (const { client, backend, tunnel } of this.#opened) {
      client.closeFar();
      backend.closeFar();
      await eventually("the end of a tunnel", () => tunnel.machine.released);
    }
    this.#young.close();
    await this.workers.close();
    await this.#beside.close();
  }
}

/** The far end's next bytes, as many as those given, which they must be. */
async function arrive(pair: SocketPair, expected: Uint8Array | string): Promise<void> {
  const bytes = typeof expected === "string" ? new TextEncoder().encode(expected) : expected;
  const got = new Uint8Array(bytes.length);
  let length = 0;
  await eventually(`${bytes.length} bytes`, () => {
    const more = pair.receive(bytes.length - length);
    assert.ok(more !== null, "the end of the stream");
    got.set(more, length);
    length += more.length;
    return length === bytes.length;
  });
  assert.deepEqual(got, bytes);
}

/** Its loop has turned since, more than once. */
async function turns(client: SocketPair): Promise<void> {
  for (let i = 0; i < 3; i++) {
    client.send(PING);
    await arrive(client, PONG);
  }
}

/** An unmasked message of less than 126 bytes. */
function message(text: string): Uint8Array {
  return frame(Opcode.BINARY, text, { masked: false });
}

testLoop("what is over soon is never a worker's", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client, backend, tunnel, ends } = setting.begin();
  client.send(frame(Opcode.BINARY, "ping"));
  await arrive(backend, "ping");
  backend.send("pong");
  await arrive(client, message("pong"));
  setting.sweep.pass(LONG_MS / 2);
  client.send(frame(Opcode.CLOSE, closePayload(1000)));
  await arrive(client, frame(Opcode.CLOSE, closePayload(1000), { masked: false }));
  client.shutdownFar();
  backend.shutdownFar();
  await eventually("its end", () => tunnel.machine.released);
  assert.equal(ends[0]?.cause, "client-close");
  setting.sweep.pass(LONG_MS);
  assert.equal(setting.carried, 0);
});

testLoop("what lasts is a worker's, with what it has moved by then", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client, backend, tunnel, ends } = setting.begin();
  client.send(frame(Opcode.BINARY, "before"));
  await arrive(backend, "before");
  backend.send("answer");
  await arrive(client, message("answer"));
  setting.sweep.pass(LONG_MS);
  await setting.handedOver();
  assert.deepEqual([tunnel.machine.upBytes, tunnel.machine.downBytes], [6, 6]);
  client.send(frame(Opcode.BINARY, "behind"));
  await arrive(backend, "behind");
  backend.send("more");
  await arrive(client, message("more"));
  await eventually("it to be known", () => tunnel.machine.upBytes === 12);
  assert.equal(tunnel.machine.downBytes, 10);
  tunnel.machine.end("operator");
  client.shutdownFar();
  backend.shutdownFar();
  await eventually("its end", () => ends.length > 0);
  assert.equal(ends[0]!.cause, "operator");
});

const DIGITS = frame(Opcode.BINARY, "0123456789");
const PING = frame(Opcode.PING, "life");
const PONG = frame(Opcode.PONG, "life", { masked: false });
const LONG = new Uint8Array(70_000).map((_, at) => at % 251);

interface Cut {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the tunnel is handed over. */
  readonly at: number;
  /** What the backend gets of it, before and after. */
  readonly payload: readonly [before: string | Uint8Array, after: string | Uint8Array];
}

const CUTS: Readonly<Record<string, Cut>> = {
  "behind a frame": { bytes: DIGITS, at: 0, payload: ["", "0123456789"] },
  "behind the first byte": { bytes: DIGITS, at: 1, payload: ["", "0123456789"] },
  "within the key": { bytes: DIGITS, at: 4, payload: ["", "0123456789"] },
  "within the payload": { bytes: DIGITS, at: 6 + 3, payload: ["012", "3456789"] },
  "within a long length": { bytes: frame(Opcode.BINARY, LONG), at: 5, payload: ["", LONG] },
  "within a long payload": {
    bytes: frame(Opcode.BINARY, LONG),
    at: 14 + 1_001,
    payload: [LONG.subarray(0, 1_001), LONG.subarray(1_001)],
  },
  "between two fragments": {
    bytes: concat([
      frame(Opcode.BINARY, "01234", { fin: false }),
      frame(Opcode.CONTINUATION, "56789"),
    ]),
    at: 6 + 5,
    payload: ["01234", "56789"],
  },
  "within the last fragment": {
    bytes: concat([
      frame(Opcode.BINARY, "01234", { fin: false }),
      frame(Opcode.CONTINUATION, "56789"),
    ]),
    at: 6 + 5 + 6 + 1,
    payload: ["012345", "6789"],
  },
  "within a Ping": { bytes: concat([PING, DIGITS]), at: 8, payload: ["", "0123456789"] },
};

testLoop("it is handed over between any two bytes of its client", async (libc, t) => {
  for (const [name, { bytes, at, payload: [before, after] }] of Object.entries(CUTS)) {
    await t.step(name, async () => {
      await using setting = await Setting.open(libc);
      const { client, backend } = setting.begin();
      // What is in front comes with it, in one read.
      client.send(concat([frame(Opcode.BINARY, "in front"), bytes.subarray(0, at)]));
      await arrive(backend, "in front");
      await arrive(backend, before);
      setting.sweep.pass(LONG_MS);
      await setting.handedOver();
      client.send(concat([bytes.subarray(at), frame(Opcode.BINARY, "behind")]));
      await arrive(backend, after);
      await arrive(backend, "behind");
      client.send(frame(Opcode.CLOSE, closePayload(1000)));
      if (bytes.length > at && bytes[0] === PING[0]) {
        await arrive(client, PONG);
      }
      await arrive(client, frame(Opcode.CLOSE, closePayload(1000), { masked: false }));
    });
  }
});

testLoop("text is handed over between two characters", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client, backend } = setting.begin({ encoding: "text" });
  const [first, second] = [new TextEncoder().encode("ü"), new TextEncoder().encode("€")];
  client.send(frame(Opcode.TEXT, first.subarray(0, 1), { fin: false }));
  await arrive(backend, first.subarray(0, 1));
  backend.send(second.slice(0, 2));
  setting.sweep.pass(LONG_MS);
  await turns(client);
  assert.equal(setting.carried, 0);
  client.send(frame(Opcode.CONTINUATION, first.subarray(1), { fin: false }));
  await arrive(backend, first.subarray(1));
  await turns(client);
  assert.equal(setting.carried, 0, "the backend's is cut, too");
  backend.send(second.slice(2));
  await setting.handedOver();
  await arrive(client, frame(Opcode.TEXT, second, { masked: false }));
  client.send(frame(Opcode.CONTINUATION, Uint8Array.of(0xff)));
  await arrive(
    client,
    frame(Opcode.CLOSE, closePayload(1007, "text is not UTF-8"), { masked: false }),
  );
});

testLoop("what waits for a side is handed over once it has gone out", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client, backend, tunnel } = setting.begin();
  const bytes = new Uint8Array(60_000).map((_, at) => at % 251);
  let sent = 0;
  // More than its backend's socket holds, of which the rest waits here.
  while (!tunnel.machine.upWaits) {
    client.send(frame(Opcode.BINARY, bytes));
    sent++;
    await turns(client);
  }
  setting.sweep.pass(LONG_MS);
  await turns(client);
  assert.equal(setting.carried, 0);
  for (let i = 0; i < sent; i++) await arrive(backend, bytes);
  await setting.handedOver();
  client.send(frame(Opcode.BINARY, "behind"));
  await arrive(backend, "behind");
  await eventually("it to be known", () => tunnel.machine.upBytes === sent * bytes.length + 6);
});

const CHARACTER = new TextEncoder().encode("\u00fc");

/** What comes first of what is all but due when it is handed over, its client having owed half a character for a minute. */
const WAITS = [
  ["its lifetime", { maxLifetimeMs: 60_000 }, Opcode.CLOSE, "tunnel-expired"],
  ["its backend's silence", { readTimeoutMs: 60_000 }, Opcode.CLOSE, "backend-idle"],
  ["the time until a Ping", { pingIntervalMs: 60_000 }, Opcode.PING, "client-lost"],
] as const;

testLoop("what it waits for began before it was handed over", async (libc, t) => {
  for (const [name, settings, opcode, cause] of WAITS) {
    await t.step(name, async () => {
      await using setting = await Setting.open(libc);
      const { client, backend, ends } = setting.begin({ encoding: "text", ...settings });
      client.send(frame(Opcode.TEXT, CHARACTER.subarray(0, 1), { fin: false }));
      await arrive(backend, CHARACTER.subarray(0, 1));
      setting.sweep.pass(1);
      setting.sweep.pass(59_900);
      await turns(client);
      assert.equal(setting.carried, 0);
      client.send(frame(Opcode.CONTINUATION, CHARACTER.subarray(1), { fin: false }));
      await setting.handedOver();
      await arrive(client, Uint8Array.of(0x80 | opcode));
      client.closeFar();
      backend.shutdownFar();
      await eventually("its end", () => ends.length > 0);
      assert.equal(ends[0]!.cause, cause);
    });
  }
});

testLoop("so did the time in which it was idle", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client, ends } = setting.begin({ pingIntervalMs: 40_000, idleTimeoutMs: 60_000 });
  setting.sweep.pass(1);
  setting.sweep.pass(40_000);
  await arrive(client, frame(Opcode.PING, new Uint8Array(8), { masked: false }));
  setting.sweep.pass(19_900);
  await turns(client);
  assert.equal(setting.carried, 0, "it owes a Pong");
  client.send(frame(Opcode.PONG, new Uint8Array(8)));
  await turns(client);
  setting.sweep.pass(1);
  await setting.handedOver();
  await arrive(client, Uint8Array.of(0x80 | Opcode.CLOSE));
  client.shutdownFar();
  await eventually("its end", () => ends.length > 0);
  assert.equal(ends[0]!.cause, "tunnel-idle");
});

testLoop("one that floods holds the others up for a small step, no more", async (libc) => {
  await using setting = await Setting.open(libc);
  const received: string[] = [];
  const noting = (who: string) => ({
    onFrame: (way: string) => void (way === "received" && received.push(who)),
  });
  const [flooder, other] = [setting.begin(noting("flooder")), setting.begin(noting("other"))];
  flooder.client.send(concat(Array.from({ length: 10_000 }, () => frame(Opcode.PING))));
  other.client.send(frame(Opcode.BINARY, "?"));
  await arrive(other.backend, "?");
  const before = received.indexOf("other");
  assert.ok(before > 0 && before < 3_000, `${before} Pings came first`);
});

testLoop("one whose client owes a Pong is handed over once that has come", async (libc) => {
  await using setting = await Setting.open(libc);
  const { client } = setting.begin({ pingIntervalMs: 1_000 });
  const nothing = new Uint8Array(8);
  setting.sweep.pass(1_000);
  await arrive(client, frame(Opcode.PING, nothing, { masked: false }));
  await turns(client);
  assert.equal(setting.carried, 0);
  client.send(frame(Opcode.PONG, nothing));
  await turns(client);
  setting.sweep.pass(1);
  await setting.handedOver();
});

testLoop("it is a worker's as it opens, unless those before were brief", async (libc) => {
  await using setting = await Setting.open(libc);
  setting.brevity.note(false);
  const first = setting.begin();
  assert.equal(setting.carried, 1, "nothing is known");
  first.tunnel.machine.cut();
  await eventually("its end", () => first.tunnel.machine.released);
  setting.begin();
  assert.equal(setting.carried, 0, "the one before it was brief");
  setting.sweep.pass(LONG_MS);
  await setting.handedOver();
  setting.begin();
  assert.equal(setting.carried, 2, "the one before it has lasted");
});

testLoop("a defect that one meets as time passes ends it with 1011", async (libc) => {
  const errors: unknown[] = [];
  const onDefect = (error: unknown) => errors.push(error);
  await using setting = new Setting(libc, {
    most: 0,
    createSweep: (tickMs) => createSweep(tickMs, { onDefect }),
  });
  const { client, tunnel, ends } = setting.begin();
  const machine = tunnel.machine as Tunnel;
  machine.tick = () => {
    throw "the defect of this test";
  };
  const reason = "a defect in the server";
  await arrive(client, frame(Opcode.CLOSE, closePayload(1011, reason), { masked: false }));
  await eventually("its end", () => machine.released);
  assert.deepEqual(ends, [{ cause: "defect", code: 1011, reason }]);
  assert.deepEqual(errors, ["the defect of this test", "the defect of this test"]);
});

testLoop(
  "one that no worker takes is ticked as seldom as any other once it has lasted",
  async (libc) => {
    await using setting = new Setting(libc, { most: 0, createSweep });
    const machine = setting.begin().tunnel.machine as Tunnel;
    const ticks: number[] = [];
    machine.tick = () => void ticks.push(performance.now());
    await eventually("it to be due", () => ticks.length >= 3);
    const count = ticks.length;
    await eventually("two more ticks", () => ticks.length >= count + 2);
    const gapMs = ticks[count + 1]! - ticks[count]!;
    assert.ok(gapMs > 900, `${gapMs} ms between two`);
  },
);

testLoop(
  "one that meets a defect as it is handed over ends, and holds up none behind it",
  async (libc) => {
    const errors: unknown[] = [];
    await using setting = await Setting.open(libc, { onDefect: (error) => errors.push(error) });
    const [unlucky, other] = [setting.begin(), setting.begin()];
    const machine = unlucky.tunnel.machine as Tunnel;
    machine.standing = () => {
      throw "the defect of this test";
    };
    setting.sweep.pass(LONG_MS);
    await setting.handedOver();
    other.client.send(frame(Opcode.BINARY, "behind"));
    await arrive(other.backend, "behind");
    const reason = "a defect in the server";
    const close = closePayload(1011, reason);
    await arrive(unlucky.client, frame(Opcode.CLOSE, close, { masked: false }));
    unlucky.client.send(frame(Opcode.CLOSE, close));
    unlucky.client.shutdownFar();
    unlucky.backend.shutdownFar();
    await eventually("its end", () => machine.released);
    assert.deepEqual(unlucky.ends, [{ cause: "defect", code: 1011, reason }]);
    assert.deepEqual(errors, ["the defect of this test"]);
  },
);

/** What a worker does, in the thread of the test: all that it is asked is there when it begins. */
import assert from "node:assert/strict";
import { allocateRing, Ring } from "../../../../lib/base/ring.ts";
import { carry } from "../../../../lib/engine/loop/workers/carrier.ts";
import { Outbox } from "../../../../lib/engine/loop/workers/mailbox.ts";
import {
  Command,
  decodeCause,
  decodeText,
  encodeBurden,
  encodeCause,
  Report,
} from "../../../../lib/engine/loop/workers/messages.ts";
import { NEW } from "../../../../lib/engine/stream_tunnel.ts";
import { openBell } from "../../../../lib/sys/bell.ts";
import type { Libc } from "../../../../lib/sys/libc.ts";
import { Tunnel } from "../../../../lib/tunnel/tunnel.ts";
import { openNames } from "../../../support/descriptors.ts";
import { openSocketPair } from "../pair.ts";
import { testLoop } from "../setting.ts";
import { SETTINGS } from "./settings.ts";

type Command = readonly [kind: number, ...numbers: number[]];

interface Told {
  readonly kind: number;
  readonly numbers: readonly number[];
  readonly text: string;
}

/** Has a worker carry so many tunnels, from 1 on, and do what it is asked; gives what it tells until it has stopped. */
async function carried(libc: Libc, count: number, commands: readonly Command[]): Promise<Told[]> {
  const bells = [openBell(libc), openBell(libc)] as const;
  const line = (bell: number) => ({
    ring: allocateRing(),
    rung: new SharedArrayBuffer(4),
    bell,
  });
  const post = { commands: line(bells[0].descriptor), reports: line(bells[1].descriptor) };
  const outbox = new Outbox(libc, post.commands);
  const pairs = [];
  for (let id = 1; id <= count; id++) {
    const [client, backend] = [openSocketPair(libc), openSocketPair(libc)];
    pairs.push(client, backend);
    const standing = { ...NEW, clientSent: 0, backendSent: 0, downBytes: id };
    const settings = { ...SETTINGS, tellsFrames: false, tellsFirstBytes: false };
    const ends = { client: client.ends[0], backend: backend.ends[0] };
    outbox.send(Command.CARRY, encodeBurden({ id, ...ends, settings, standing, tickMs: 1_000 }));
  }
  for (const [kind, ...numbers] of commands) outbox.send(kind, numbers);
  outbox.send(Command.STOP, []);
  await carry(libc, post, () => {});
  const told: Told[] = [];
  new Ring(post.reports.ring).readAll((kind, numbers, bytes) =>
    told.push({ kind, numbers, text: decodeText(bytes) })
  );
  for (const pair of pairs) pair.closeFar();
  for (const bell of bells) bell.close();
  return told;
}

/** Has the first tunnel throw at something, until it is disposed of. */
function withDefect(method: "upWaits" | "end"): Disposable {
  const whole = Object.getOwnPropertyDescriptor(Tunnel.prototype, method)!;
  const key = method === "end" ? "value" : "get";
  const original = whole[key] as (this: Tunnel, ...given: unknown[]) => unknown;
  let left = 1;
  const meeting = function (this: Tunnel, ...given: unknown[]) {
    if (this.downBytes === 1 && left-- > 0) throw new Error("the defect of this test");
    return original.apply(this, given);
  };
  Object.defineProperty(Tunnel.prototype, method, { ...whole, [key]: meeting });
  return {
    [Symbol.dispose]: () => void Object.defineProperty(Tunnel.prototype, method, whole),
  };
}

function isDefect({ kind, text }: Told): boolean {
  return kind === Report.DEFECT && text.startsWith("Error: the defect of this test");
}

testLoop(
  "a defect in how far one has come keeps no other from being told of, nor the answer",
  async (libc) => {
    using _defect = withDefect("upWaits");
    const told = await carried(libc, 2, [[Command.TELL, 7]]);
    assert.ok(told.some(isDefect));
    assert.deepEqual(
      told.filter(({ kind }) => kind === Report.FLOW || kind === Report.TOLD)
        .map(({ kind, numbers }) => [kind, numbers[0]]),
      [[Report.FLOW, 2], [Report.TOLD, 7]],
    );
  },
);

testLoop("one that meets a defect as it is to end does end", async (libc) => {
  using _defect = withDefect("end");
  const told = await carried(libc, 2, [[Command.END, 1, encodeCause("operator")], [
    Command.CUT,
    1,
  ]]);
  assert.ok(told.some(isDefect));
  const [over] = told.filter(({ kind }) => kind === Report.OVER);
  assert.deepEqual([over?.numbers[0], decodeCause(over!.numbers[2]!)], [1, "defect"]);
});

testLoop("one that can't be told anything leaves no descriptor", async (libc) => {
  const ring = allocateRing();
  const line = { ring, rung: new SharedArrayBuffer(4), bell: -1 };
  const before = openNames();
  await assert.rejects(carry(libc, { commands: line, reports: line }, () => assert.fail()));
  assert.deepEqual(openNames(), before);
});

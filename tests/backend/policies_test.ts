import assert from "node:assert/strict";
import { type Candidate, choose, hash32, type Selection } from "../../lib/backend/policies.ts";
import type { PolicyName } from "../../lib/config/config.ts";

const SELECTION: Selection = {
  clientAddress: "192.0.2.7",
  authority: "example.com",
  path: "/vnc",
  lastIndex: -1,
};

function hosts(loads: readonly (number | null)[]): Candidate[] {
  return loads.flatMap((load, index) =>
    load === null ? [] : [{ index, identity: `10.0.0.${index}:5900`, load }]
  );
}

/** `null` loads are hosts that are down. */
const TABLE: readonly {
  policy: PolicyName;
  loads: readonly (number | null)[];
  last?: number;
  expected: number | null;
}[] = [
  { policy: "fair", loads: [], expected: null },
  { policy: "fair", loads: [null, null], expected: null },
  { policy: "fair", loads: [3], expected: 0 },
  { policy: "fair", loads: [2, 1, 3], expected: 1 },
  { policy: "fair", loads: [1, 1, 1], expected: 0 },
  { policy: "fair", loads: [null, 5, 4], expected: 2 },
  { policy: "least-connection", loads: [1, 0, 0], expected: 1 },
  { policy: "least-connection", loads: [9, null, 9], expected: 0 },
  { policy: "round-robin", loads: [], expected: null },
  { policy: "round-robin", loads: [0, 0, 0], last: -1, expected: 0 },
  { policy: "round-robin", loads: [0, 0, 0], last: 0, expected: 1 },
  { policy: "round-robin", loads: [0, 0, 0], last: 2, expected: 0 },
  { policy: "round-robin", loads: [0, null, 0], last: 0, expected: 2 },
  { policy: "round-robin", loads: [null, 0, null], last: 1, expected: 1 },
  { policy: "round-robin", loads: [null, 7, 0], last: 2, expected: 1 },
  { policy: "hash", loads: [null, null], expected: null },
  { policy: "hash", loads: [null, 8, null], expected: 1 },
  { policy: "sticky", loads: [], expected: null },
  { policy: "sticky", loads: [null, null, 8], expected: 2 },
];

for (const { policy, loads, last = -1, expected } of TABLE) {
  Deno.test(`\`choose()\` by ${policy}, loads ${JSON.stringify(loads)}, last ${last}: ${expected}`, () => {
    const chosen = choose(policy, hosts(loads), { ...SELECTION, lastIndex: last });
    assert.equal(chosen?.index ?? null, expected);
  });
}

Deno.test("`choose()` by hash depends on authority and path alone, by sticky on the client alone", () => {
  const up = hosts([0, 5, 0, 1, 0]);
  const chosenBy = (policy: PolicyName, change: Partial<Selection>) =>
    choose(policy, up, { ...SELECTION, ...change })!.index;
  const others = Array.from({ length: 50 }, (_, i) => `${i}.example`);
  const distinct = (indexes: number[]) => new Set(indexes).size;
  assert.equal(distinct(others.map((clientAddress) => chosenBy("hash", { clientAddress }))), 1);
  assert.equal(distinct(others.map((authority) => chosenBy("hash", { authority }))), 5);
  assert.equal(distinct(others.map((path) => chosenBy("hash", { path }))), 5);
  assert.equal(distinct(others.map((clientAddress) => chosenBy("sticky", { clientAddress }))), 5);
  assert.equal(distinct(others.map((authority) => chosenBy("sticky", { authority }))), 1);
  assert.equal(distinct(others.map((path) => chosenBy("sticky", { path }))), 1);
});

Deno.test("`rendezvous()` spreads neighbouring keys evenly over hosts whose names differ in a digit", () => {
  const count = 4;
  const up = hosts(Array<number>(count).fill(0));
  const keysByHost = Array<number>(count).fill(0);
  const keys = 4096;
  for (let i = 0; i < keys; i++) {
    const clientAddress = `10.1.${i >> 8}.${i & 255}`;
    keysByHost[choose("sticky", up, { ...SELECTION, clientAddress })!.index]!++;
  }
  // The standard deviation of a fair choice is 28: five of them either way.
  for (const held of keysByHost) {
    assert.ok(Math.abs(held - keys / count) < 140, `${keysByHost}`);
  }
});

Deno.test("`rendezvous()` moves only the keys of a host that goes, and gives them back", () => {
  const all = hosts([0, 0, 0, 0, 0]);
  const without = all.filter(({ index }) => index !== 2);
  let moved = 0;
  const movedTo = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const selection = { ...SELECTION, path: `/desk/${i}` };
    const before = choose("hash", all, selection)!.index;
    const during = choose("hash", without, selection)!.index;
    if (before === 2) {
      moved++;
      movedTo.add(during);
    } else assert.equal(during, before);
  }
  assert.ok(moved > 150 && moved < 250, `${moved}`);
  assert.equal(movedTo.size, 4, "the keys of the lost host spread over all the others");
});

Deno.test("`hash32()` is an unsigned 32-bit integer that a change of one bit turns over by half", () => {
  let changed = 0;
  for (let i = 0; i < 1000; i++) {
    const a = hash32(`key-${i}a`);
    let difference = (a ^ hash32(`key-${i}c`)) >>> 0;
    assert.ok(Number.isInteger(a) && a >= 0 && a <= 0xffffffff);
    for (; difference > 0; difference >>>= 1) changed += difference & 1;
  }
  assert.ok(Math.abs(changed / 1000 - 16) < 0.5, `${changed / 1000} bits`);
});

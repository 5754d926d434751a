import assert from "node:assert/strict";
import { createSlots, type SlotLimits } from "../../lib/backend/slots.ts";

for (
  const { limits, client, most } of [
    { limits: { maxProcs: 5, maxProcsPerClient: null }, client: "192.0.2.1", most: 3 },
    { limits: { maxProcs: 1, maxProcsPerClient: null }, client: "192.0.2.1", most: 1 },
    { limits: { maxProcs: 5, maxProcsPerClient: null }, client: "2001:db8::1", most: 3 },
    { limits: { maxProcs: 5, maxProcsPerClient: null }, client: "127.0.0.1", most: 5 },
    { limits: { maxProcs: 5, maxProcsPerClient: null }, client: "::1", most: 5 },
    { limits: { maxProcs: 5, maxProcsPerClient: null }, client: "unix", most: 5 },
    { limits: { maxProcs: 5, maxProcsPerClient: 2 }, client: "127.0.0.1", most: 2 },
    { limits: { maxProcs: 5, maxProcsPerClient: 2 }, client: "unix", most: 5 },
    { limits: { maxProcs: 5, maxProcsPerClient: 9 }, client: "192.0.2.1", most: 5 },
    { limits: { maxProcs: 5, maxProcsPerClient: 0 }, client: "192.0.2.1", most: 5 },
  ] satisfies { limits: SlotLimits; client: string; most: number }[]
) {
  const { maxProcs, maxProcsPerClient } = limits;
  Deno.test(`\`createSlots()\` of ${maxProcs}, ${maxProcsPerClient} for an address, gives ${client} ${most}`, () => {
    const slots = createSlots();
    let taken = 0;
    while (taken <= maxProcs && slots.take(client, limits).ok) taken++;
    assert.equal(taken, most);
    assert.equal(slots.used, most);
    const refused = slots.take(client, limits);
    assert.equal(refused.ok ? "" : refused.kind, most === maxProcs ? "full" : "share");
    assert.equal(slots.take("198.51.100.7", limits).ok, most < maxProcs);
  });
}

Deno.test("`createSlots()` takes places back", () => {
  const slots = createSlots();
  const limits = { maxProcs: 2, maxProcsPerClient: 1 };
  for (let round = 0; round < 3; round++) {
    const slot = slots.take("192.0.2.1", limits);
    assert.ok(slot.ok);
    assert.equal(slots.take("192.0.2.1", limits).ok, false);
    slot.give();
    assert.equal(slots.used, 0);
  }
});

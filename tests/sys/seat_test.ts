import assert from "node:assert/strict";
import type { Address } from "../../lib/base/address.ts";
import { findSeat } from "../../lib/sys/seat.ts";
import { inTime } from "../support/eventually.ts";
import { descriptorCount } from "../support/processes.ts";

const ANY_PORT = { hostname: "127.0.0.1", port: 0 } as const;

function addressOf({ hostname, port }: Deno.NetAddr): Address {
  return { transport: "tcp", hostname, port };
}

Deno.test("a listening socket goes from one listener to another, with who waits there", async () => {
  const before = descriptorCount(Deno.pid);
  const from = Deno.listen(ANY_PORT);
  const to = Deno.listen(ANY_PORT);
  const address = addressOf(from.addr);
  const never = from.accept();
  // It is asked before it has the socket, and gets who waits.
  const accepting = to.accept();
  const seat = findSeat(addressOf(to.addr))!;
  const taken = findSeat(address)!.take();
  const waiting = await Deno.connect({ port: from.addr.port });
  seat.put(taken);
  const accepted = await inTime("the connection", accepting, () => to.close());
  assert.deepEqual(accepted.remoteAddr, waiting.localAddr);
  accepted.close();
  waiting.close();

  from.close();
  await assert.rejects(never);
  const [later, client] = await Promise.all([to.accept(), Deno.connect({ port: from.addr.port })]);
  later.close();
  client.close();
  assert.ok(findSeat(address) !== null, "it is found by the address of its socket");
  to.close();
  assert.equal(findSeat(address), null);
  await assert.rejects(Deno.connect({ port: from.addr.port }), Deno.errors.ConnectionRefused);
  assert.equal(descriptorCount(Deno.pid), before);
});

Deno.test("a connection is no seat, nor is what nobody listens at", async () => {
  const listener = Deno.listen(ANY_PORT);
  const address = addressOf(listener.addr);
  const [there, here] = await Promise.all([
    listener.accept(),
    Deno.connect({ port: listener.addr.port }),
  ]);
  listener.close();
  // The accepted end has the listener's address.
  assert.equal(findSeat(address), null);
  there.close();
  here.close();
});

/** An address of this machine that means something on one of its networks alone. */
const LINK_LOCAL = Deno.networkInterfaces().find(({ address }) => address.startsWith("fe80:"));

Deno.test("a listener at an address with a zone is found by the address without it", {
  ignore: LINK_LOCAL === undefined,
}, () => {
  const { address, name } = LINK_LOCAL!;
  const listener = Deno.listen({ hostname: `${address}%${name}`, port: 0 });
  assert.ok(findSeat(addressOf(listener.addr)) !== null);
  listener.close();
});

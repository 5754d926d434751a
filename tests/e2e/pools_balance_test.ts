/** Several hosts behind one key, as a user of the program sees them: spread, stickiness, failover, outages. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { type Backend, echo, listenSilently, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { loadsOf, type Report, report, reportThat, statesOf } from "./report.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";
import { PLAIN } from "./engine_limits.ts";

const FAST = "disable-time = 0.1";

/** Echoing backends, each of which can be stopped and started again where it was. */
function openBackends(count: number) {
  const backends: (Backend | null)[] = Array.from({ length: count }, () => serveBackend(echo));
  const addresses = backends.map((backend) => backend!.address);
  const stop = async (index: number) => {
    const backend = backends[index]!;
    backends[index] = null;
    await backend[Symbol.asyncDispose]();
  };
  return {
    addresses,
    stop,
    start(index: number) {
      backends[index] = serveBackend(echo, { port: Number(addresses[index]!.split(":")[1]) });
    },
    async [Symbol.asyncDispose]() {
      for (const index of backends.keys()) if (backends[index] !== null) await stop(index);
    },
  };
}

/** The status of the answer to a handshake from a client's address, after which the client goes. */
async function statusFrom(localAddress: string, program: Program, target: string): Promise<string> {
  const [host, port] = program.address.split(":");
  const socket = net.connect({ host: host!, port: Number(port), localAddress });
  try {
    socket.write(handshake(target));
    const [head] = await once(socket, "data");
    return String(head).split(" ")[1]!;
  } finally {
    socket.destroy();
    await once(socket, "close");
  }
}

/** The backend of the tunnel opened for the next client from an address. */
async function backendFor(program: Program, clientAddress: string, target = "/"): Promise<string> {
  const before = program.entries("tunnel opened").length;
  assert.equal(await statusFrom(clientAddress, program, target), "101");
  const { client, backend } = await program.entry("tunnel opened", before + 1);
  assert.equal(String(client).split(":")[0], clientAddress);
  return String(backend);
}

const noneDisabled = (seen: Report) => !statesOf(seen).includes("disabled");

for (const balance of ["fair", "least-connection", "round-robin"]) {
  Deno.test(`${balance} spreads open tunnels evenly over the hosts`, async () => {
    await using backends = openBackends(4);
    await using program = await startFor(PLAIN, backends.addresses, {
      wstunnel: `balance = "${balance}"`,
    });
    const opening = Array.from({ length: 40 }, () => openTunnel(program.address));
    const clients = await Promise.all(opening);
    const open = await report(program);
    assert.deepEqual(open.rows.map(({ backend }) => backend), backends.addresses);
    assert.deepEqual(loadsOf(open), [10, 10, 10, 10]);
    assert.equal(open.openTunnels, 40);
    clients.forEach((client) => client[Symbol.dispose]());
    const over = await reportThat(program, "no load", ({ openTunnels }) => openTunnels === 0);
    assert.deepEqual(loadsOf(over), [0, 0, 0, 0]);
    assert.deepEqual(over.rows.map(({ tunnelsServed }) => tunnelsServed), [10, 10, 10, 10]);
  });
}

/** So many that no host is likely to be without one: 3 times (2/3)^40. */
const KEYS = Array.from({ length: 40 }, (_, index) => index + 1);

const KEYED = {
  sticky: (key: number) => [`127.0.0.${key}`, `/${Math.random()}`],
  hash: (key: number) => ["127.0.0.1", `/desk/${key}?${Math.random()}`],
} as const;

for (const [balance, requestOf] of Object.entries(KEYED)) {
  Deno.test(`${balance} keeps each client on its host, moves only those of one that is down, and gives them back`, async () => {
    await using backends = openBackends(3);
    await using program = await startFor(PLAIN, backends.addresses, {
      wstunnel: `balance = "${balance}"`,
      host: FAST,
    });
    const homes = async () => {
      const found = [];
      for (const key of KEYS) {
        const [client, target] = requestOf(key);
        found.push(await backendFor(program, client!, target!));
      }
      return found;
    };
    const before = await homes();
    assert.deepEqual(new Set(before), new Set(backends.addresses), "every host has a client");
    assert.deepEqual(await homes(), before);

    await backends.stop(0);
    const [gone] = backends.addresses;
    const during = await homes();
    assert.ok(!during.includes(gone!));
    assert.deepEqual(
      during.filter((_, index) => before[index] !== gone),
      before.filter((home) => home !== gone),
    );
    backends.start(0);
    await reportThat(program, "none is disabled", noneDisabled);
    assert.deepEqual(await homes(), before);
  });
}

Deno.test("hash tells one Host's URL from another's", async () => {
  await using backends = openBackends(3);
  await using program = await startFor(PLAIN, backends.addresses, {
    wstunnel: `balance = "hash"`,
  });
  for (const key of KEYS) {
    using _client = await openTunnel(program.address, "/", { Host: `desk-${key}.example` });
    await program.entry("tunnel opened", key);
  }
  const chosen = program.entries("tunnel opened").map(({ backend }) => backend);
  assert.deepEqual(new Set(chosen), new Set(backends.addresses));
});

/** The codes for a backend that has ended and for one that was reset. */
const CUT_OR_WHOLE = [1000, 1011];

/** Opens a tunnel, has its words echoed and closes; whether it came to its end or was cut by its backend's. */
async function useOnce(program: Program): Promise<"whole" | "cut"> {
  using client = await openTunnel(program.address);
  for (let round = 0; round < 5; round++) {
    await client.send(Opcode.BINARY, "are you there?");
    const answer = await client.frame();
    if (answer.opcode === Opcode.CLOSE) {
      const code = new DataView(answer.payload.buffer).getUint16(0);
      assert.ok(CUT_OR_WHOLE.includes(code), `a tunnel that is cut says so: ${code}`);
      return "cut";
    }
    assert.equal(text(answer.payload), "are you there?");
  }
  await client.send(Opcode.CLOSE, closePayload(1000));
  assert.ok(CUT_OR_WHOLE.includes((await client.closed()).code));
  return "whole";
}

Deno.test("running traffic goes on while hosts are stopped and started: no request is refused", async () => {
  await using backends = openBackends(3);
  await using program = await startFor(PLAIN, backends.addresses, {
    wstunnel: BINARY_FRAMES,
    host: FAST,
  });
  const ROUNDS = 12;
  const counts = { whole: 0, cut: 0 };
  let over = false;
  const client = async () => {
    // Refused, it would throw.
    while (!over) counts[await useOnce(program)]++;
  };
  const operator = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const index = round % 3;
      const downs = program.entries("backend is down").length;
      await backends.stop(index);
      await program.entry("backend is down", downs + 1);
      const before = counts.whole;
      await eventually("traffic with one host down", () => counts.whole > before + 20);
      const ups = program.entries("backend is up again").length;
      backends.start(index);
      await program.entry("backend is up again", ups + 1);
    }
    over = true;
  };
  await Promise.all([operator(), ...Array.from({ length: 8 }, client)]);
  assert.ok(counts.whole > ROUNDS * 20, JSON.stringify(counts));
  const told = (message: string) => program.entries(message).map(({ backend }) => backend);
  assert.equal(told("backend is down").length, ROUNDS, "one line an outage");
  assert.deepEqual(told("backend is up again"), told("backend is down"), "one line a recovery");
  assert.deepEqual(program.entries("every backend of the route is down"), []);
  const last = await reportThat(program, "no load", ({ openTunnels }) => openTunnels === 0);
  assert.deepEqual(loadsOf(last), [0, 0, 0]);
});

Deno.test("with every host down: 503, one line an outage, one a recovery", async () => {
  await using backends = openBackends(2);
  await using program = await startFor(PLAIN, backends.addresses, {
    wstunnel: BINARY_FRAMES,
    host: FAST,
  });
  const refused = async () => {
    using client = await openRaw(program.address);
    await client.write(handshake());
    const response = await client.head();
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(await client.body(response), "no backend can be reached\n");
  };
  assert.equal(await useOnce(program), "whole");
  for (const outage of [1, 2]) {
    await Promise.all([backends.stop(0), backends.stop(1)]);
    for (let i = 0; i < 10; i++) await refused();
    await Promise.all(Array.from({ length: 10 }, refused));
    // Past their time, disabled hosts are tried again, which is no new outage.
    await reportThat(program, "none is disabled", noneDisabled);
    await refused();
    await program.entry("every backend of the route is down", outage);
    const down = program.entries("every backend of the route is down");
    assert.equal(down.length, outage);
    for (const address of backends.addresses) {
      assert.match(String(down.at(-1)!.reason), new RegExp(`${address}: Connection refused`));
    }
    backends.start(0);
    backends.start(1);
    await reportThat(program, "none is disabled", noneDisabled);
    assert.equal(await useOnce(program), "whole");
    await program.entry("route has a backend again", outage);
    assert.equal(program.entries("route has a backend again").length, outage);
  }
});

Deno.test("a host that does not answer costs connect-timeout once, not every request", async () => {
  using silent = await listenSilently();
  await using backend = serveBackend(echo);
  await using program = await startFor(PLAIN, [silent.address, backend.address], {
    wstunnel: BINARY_FRAMES,
    host: "connect-timeout = 3\ndisable-time = 60",
  });
  const tookMs = async () => {
    const start = performance.now();
    assert.equal(await useOnce(program), "whole");
    return performance.now() - start;
  };
  const first = await tookMs();
  assert.ok(first >= 2_990, `${first}`);
  for (let i = 0; i < 5; i++) {
    const next = await tookMs();
    assert.ok(next < 2_500, `${next}`);
  }
  const { rows } = await report(program);
  assert.deepEqual(rows.map(({ state }) => state), ["disabled", "up"]);
  assert.equal(rows[0]!.failures, 1);
  const leftMs = Date.parse(rows[0]!.disabledUntil!) - Date.now();
  assert.ok(leftMs > 0 && leftMs < 60_000, `${leftMs}`);
});

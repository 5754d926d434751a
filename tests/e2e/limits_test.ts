/** How many there may be, of connections and of tunnels: who is refused, and that nobody is counted who has gone. */
import assert from "node:assert/strict";
import { echo, freePort, listenSilently, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, startWords } from "../support/program.ts";
import {
  type Fields,
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";
import { openResettable, sendAndReset } from "../support/reset.ts";
import { testEngines } from "./engine_limits.ts";
import { BINARY_FRAMES, hostLines, startFor, startWithFile, text } from "./whole.ts";
import { ask, dispose, statusOf, untilOpen } from "./limits.ts";

testEngines(
  "max-tunnels is exact, however many ask at once, and each route has its own",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startWithFile(`
engine = "${engine}"
[wstunnel]
max-tunnels = 5
[wstunnel.server."/a"]
${hostLines(backend.address)}
[wstunnel.server."/b"]
max-tunnels = 0
${hostLines(backend.address)}
`);
    for (let round = 0; round < 3; round++) {
      const asked = await Promise.all(Array.from({ length: 20 }, () => ask(program, "/a")));
      const { true: open = [], false: refused = [] } = Object.groupBy(
        asked,
        ({ status }) => String(status === 101) as "true" | "false",
      );
      assert.equal(open.length, 5);
      for (const { status, why, retryAfter } of refused) {
        assert.deepEqual([status, retryAfter], [503, "1"]);
        assert.equal(why, "there are as many tunnels of this path as there may be");
      }
      const others = await Promise.all(Array.from({ length: 8 }, () => ask(program, "/b")));
      assert.ok(others.every(({ status }) => status === 101));
      dispose([...asked, ...others].map(({ client }) => client));
      const closed = 13 * (round + 1);
      await eventually("their ends", () => program.entries("tunnel closed").length === closed);
    }
    const refusal = await program.entry("request refused");
    assert.deepEqual([refusal["status"], refusal["why"]], [503, "max-tunnels is 5"]);
  },
);

testEngines(
  "a host with max-load tunnels is passed over, and all of them being full is 503",
  async (engine) => {
    await using first = serveBackend(echo);
    await using second = serveBackend(echo);
    await using program = await startFor(engine, [first.address, second.address], {
      wstunnel: `balance = "sticky"`,
      host: "max-load = 3",
    });
    const asked = await Promise.all(Array.from({ length: 10 }, () => ask(program)));
    assert.equal(asked.filter(({ status }) => status === 101).length, 6);
    await eventually("six connections", () => first.count + second.count >= 6);
    assert.deepEqual([first.count, second.count], [3, 3]);
    const refused = asked.filter(({ status }) => status !== 101);
    for (const { status, why } of refused) {
      assert.deepEqual([status, why], [503, "every backend is busy"]);
    }
    const refusal = await program.entry("request refused");
    assert.match(String(refusal["why"]), /: it has 3 tunnels, as many as it may \(max-load\); /);
    dispose(asked.map(({ client }) => client));
    dispose([await untilOpen(program)]);
  },
);

/** Answers Pings until a Close comes, and that, and leaves. */
async function untilClose(client: RawClient) {
  for (let pings = 0, data = "";;) {
    const { opcode, payload } = await client.frame();
    if (opcode === Opcode.BINARY) data += text(payload);
    else if (opcode === Opcode.PING) {
      pings++;
      await client.send(Opcode.PONG, payload);
    } else if (opcode === Opcode.CLOSE) {
      await client.send(Opcode.CLOSE, payload.subarray(0, 2));
      client[Symbol.dispose]();
      return { reason: text(payload.subarray(2)), pings, data };
    }
  }
}

const IDLE = { wstunnel: `${BINARY_FRAMES}\ntunnel-idle-timeout = 3\nping-interval = 1` };

testEngines(
  "tunnel-idle-timeout ends a tunnel without a byte with 1001, Pings and Pongs being none",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, IDLE);
    using client = await openTunnel(program.address);
    const taken = await backend.take();
    const ending = untilClose(client);
    for (let i = 0; i < 4; i++) {
      // Each is sooner than that after the last, and all of them take longer.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await (i % 2 === 0 ? client.send(Opcode.BINARY, "up") : taken.write("down"));
    }
    const { reason, pings } = await ending;
    assert.ok(pings > 0, "there were Pings");
    assert.equal(reason, "nothing was sent for too long");
    assert.equal(text((await taken.reader.rest("the end")).bytes), "upup");
    taken.close();
    const closed = await program.entry("tunnel closed");
    assert.deepEqual([closed["cause"], closed["code"]], ["tunnel-idle", 1001]);
    assert.ok(Number(closed["seconds"]) >= 6.5, `${closed["seconds"]} s`);
  },
);

testEngines(
  "max-lifetime ends a tunnel that is busy with 1001, all before it being delivered",
  async (engine) => {
    // The backend is the busy one: of a client that goes on sending, the native engine may lose the Close (the README's table of engines).
    let sent = "";
    await using backend = serveBackend(async ({ write }) => {
      for (;; await new Promise((resolve) => setTimeout(resolve, 5))) {
        await write("x");
        sent += "x";
      }
    });
    await using program = await startFor(engine, backend.address, {
      wstunnel: `${BINARY_FRAMES}\nmax-lifetime = 2`,
    });
    using client = await openTunnel(program.address);
    const { reason, data } = await untilClose(client);
    assert.equal(reason, "the tunnel has lasted as long as it may");
    const closed = await program.entry("tunnel closed");
    assert.deepEqual([closed["cause"], closed["code"]], ["tunnel-expired", 1001]);
    assert.ok(Number(closed["seconds"]) >= 2 && data.length > 10, `${data.length} bytes`);
    assert.ok(sent.startsWith(data) && closed["down"] === data.length);
  },
);

const FORWARDED = `trusted-proxies = ["127.0.0.1"]
max-connections-per-client = 2`;

const from = (address: string): Fields => ({ "X-Forwarded-For": address });

testEngines(
  "those for whom a trusted proxy speaks are counted each for itself, a /64 of IPv6 as one, and the proxy is not",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, { top: FORWARDED });
    const open: RawClient[] = [];
    const openFrom = async (address: string) =>
      void open.push(await openTunnel(program.address, "/", from(address)));
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) await openFrom(address);
    for (const address of ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"]) {
      await openFrom(address);
    }
    for (let i = 0; i < 5; i++) open.push(await openTunnel(program.address));
    for (const address of ["192.0.2.1", "2001:db8:0:0:5::"]) {
      const { client, status, why, retryAfter } = await ask(program, "/", from(address));
      client[Symbol.dispose]();
      assert.deepEqual([status, retryAfter], [429, "1"], address);
      assert.equal(why, "this address has as many connections as it may");
    }
    const refusal = await program.entry("request refused");
    assert.equal(refusal["why"], "max-connections-per-client");
    dispose(open.splice(0, 1));
    open.push(await untilOpen(program, "/", from("192.0.2.1")));
    assert.equal(await statusOf(program, "/", from("192.0.2.1")), 429);
    dispose(open);
  },
);

testEngines(
  "connection-rate refuses who connects too often with 429, until some time has passed",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, { top: "connection-rate = 2" });
    const beganMs = performance.now();
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) statuses.push(await statusOf(program));
    const seconds = (performance.now() - beganMs) / 1000;
    const taken = statuses.filter((status) => status === 101).length;
    // Ten at once, and two for each second.
    assert.ok(taken >= 10 && taken <= 11 + 2 * seconds, `${taken} of 30 in ${seconds} s`);
    assert.ok(statuses.every((status) => status === 101 || status === 429));
    await eventually("the next", async () => await statusOf(program) === 101);
  },
);

testEngines(
  "max-connections refuses with 503 where all are tunnels, and a place is free once one has ended",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, { top: "max-connections = 3" });
    const open = await Promise.all([1, 2, 3].map(() => openTunnel(program.address)));
    const { client, status, why, retryAfter } = await ask(program);
    client[Symbol.dispose]();
    assert.deepEqual([status, retryAfter], [503, "1"]);
    assert.equal(why, "there are as many connections as there may be");
    dispose(open.splice(0, 1));
    open.push(await untilOpen(program));
    dispose(open);
  },
);

testEngines(
  "who has yet to be let in, since somebody is being asked, keeps nobody out",
  async (engine) => {
    await using backend = serveBackend(echo);
    // It takes every question, and answers none.
    await using oracle = openBackend();
    await using program = await startWithFile(`
engine = "${engine}"
max-connections = 4
max-pending = 0
[wstunnel.server."/echo"]
${hostLines(backend.address)}
[wstunnel.server."/asked"]
targets = { api = "http://${oracle.address}/where?token=%s" }
`);
    const asking: RawClient[] = [];
    for (let i = 0; i < 12; i++) {
      const client = await openRaw(program.address);
      await client.write(handshake(`/asked?token=t${i}`));
      asking.push(client);
    }
    await eventually("the question of each", () => oracle.count >= 4);
    const open = [];
    for (let i = 0; i < 4; i++) open.push(await openTunnel(program.address, "/echo"));
    assert.equal(await statusOf(program, "/echo"), 503);
    dispose([...asking, ...open]);
    dispose([await untilOpen(program, "/echo")]);
  },
);

testEngines("nobody is counted who has gone, whichever way he went", async (engine) => {
  await using backend = serveBackend(echo);
  using silent = await listenSilently();
  await using program = await startWithFile(`
engine = "${engine}"
max-connections = 4
[wstunnel.server."/echo"]
max-tunnels = 3
${hostLines(backend.address)}
[wstunnel.server."/down"]
port = ${freePort()}
max-tunnels = 1
[wstunnel.server."/silent"]
${hostLines(silent.address)}
max-tunnels = 1
`);
  for (let round = 0; round < 5; round++) {
    for (const target of ["/nowhere", "/down", "/echo"]) {
      (await ask(program, target)).client[Symbol.dispose]();
    }
    // They leave while a backend is being connected, in the middle of a head, and before it.
    for (const said of [handshake("/silent"), handshake("/echo").slice(0, 30), ""]) {
      using client = await openRaw(program.address);
      await client.write(said);
    }
    // Reset as they are answered, or once they have said something.
    openResettable(program.address, "/echo").reset();
    await sendAndReset(program.address, new TextEncoder().encode(handshake("/nowhere")));
    await eventually("a reset tunnel's answer", async () => {
      const { client, status } = await ask(program, "/echo");
      if (status === 101) await client.send(Opcode.TEXT, "x".repeat(100_000));
      client[Symbol.dispose]();
      return status === 101;
    });
    using polite = await untilOpen(program, "/echo");
    assert.equal((await polite.close(1000)).code, 1000);
    using bad = await untilOpen(program, "/echo");
    await bad.write(new Uint8Array(64).fill(0xff));
    await bad.connection.closeWrite();
  }
  const open = [
    await untilOpen(program, "/echo"),
    await untilOpen(program, "/echo"),
    await untilOpen(program, "/echo"),
  ];
  await eventually("that only the route is full", async () => {
    const { client, why } = await ask(program, "/echo");
    client[Symbol.dispose]();
    return why === "there are as many tunnels of this path as there may be";
  });
  dispose(open);
});

/** Starts with so many descriptors, which the runtime can't raise. */
async function startWith(
  descriptors: number,
  top: string,
  host: string,
  listen = ["127.0.0.1:0"],
): Promise<Program> {
  const script = `ulimit -n ${descriptors} && exec "$@"`;
  return await startWithFile(`${top}\n[[wstunnel.server."/"]]\n${host}`, {
    listen,
    words: ["sh", "-c", script, "sh", ...startWords()],
  });
}

const STARTS: readonly (readonly [top: string, host: string, level: string, message: string])[] = [
  ["", "port = 1", "info", "at most 96 connections at once"],
  ["", 'exec = "cat"', "info", "at most 48 connections at once"],
  ["max-connections = 90", "port = 1", "info", "at most 90 connections at once"],
  [
    "max-connections = 97",
    "port = 1",
    "warning",
    "at most 97 connections at once, and descriptors for 96: raise ulimit -n or lower max-connections",
  ],
  [
    "max-connections = 0",
    "port = 1",
    "warning",
    "any number of connections, and descriptors for 96: raise ulimit -n or lower max-connections",
  ],
];

Deno.test("the log says at the start how many connections there may be, by the limit of descriptors", async () => {
  for (const [top, host, level, message] of STARTS) {
    await using program = await startWith(256, `engine = "stream"\n${top}`, host);
    const entry = await program.entry(message);
    assert.deepEqual([entry.level, entry["descriptors"]], [level, 256]);
  }
});

/** How many there are descriptors for, of 128. */
const FEW: readonly (readonly [top: string, tunnels: number])[] = [
  ['engine = "stream"', 32],
  ['engine = "loop"\nworkers = 2', 20],
];

for (const [top, tunnels] of FEW) {
  Deno.test(`${top.replace("\n", ", ")}: with few descriptors tunnels are refused before these run out, and those that are there go on`, () =>
    withFewDescriptors(top, tunnels));
}

async function withFewDescriptors(top: string, tunnels: number): Promise<void> {
  await using backend = serveBackend(echo);
  await using program = await startWith(128, top, hostLines(backend.address));
  const asked = [];
  for (let i = 0; i < 80; i++) asked.push(await ask(program));
  const open = asked.filter(({ status }) => status === 101);
  assert.equal(open.length, tunnels);
  for (const { client } of open) {
    await client.send(Opcode.TEXT, "still here");
    assert.equal(text(await client.payload(10)), "still here");
  }
  dispose(asked.map(({ client }) => client));
  assert.deepEqual(program.entries("cannot accept connections"), []);
  assert.deepEqual(program.entries("no descriptor is left to connect a backend"), []);
}

/** One of this machine's addresses by which others reach it; null: it has none. */
const OUTSIDE =
  Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address ?? null;

Deno.test({
  name: `unless given, half of all is for one address, and all for loopback${
    OUTSIDE === null ? " (skipped: there is no other address)" : ""
  }`,
  ignore: OUTSIDE === null,
  async fn() {
    await using backend = serveBackend(echo);
    // As many are kept back wherever it runs.
    const top = 'engine = "stream"';
    await using program = await startWith(128, top, hostLines(backend.address), ["0.0.0.0:0"]);
    const { port } = new URL(`tcp://${program.address}`);
    const askAt = (hostname: string) => ask({ ...program, address: `${hostname}:${port}` });
    const asked = [];
    for (let i = 0; i < 20; i++) asked.push(await askAt(OUTSIDE!));
    const statuses = asked.map(({ status }) => status);
    assert.deepEqual(statuses, [...Array(16).fill(101), ...Array(4).fill(429)]);
    for (let i = 0; i < 16; i++) asked.push(await askAt("127.0.0.1"));
    assert.ok(asked.slice(20).every(({ status }) => status === 101));
    asked.push(await askAt("127.0.0.1"));
    assert.equal(asked.at(-1)!.status, 503);
    dispose(asked.map(({ client }) => client));
  },
});

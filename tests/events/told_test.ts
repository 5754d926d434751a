/** What a second sink, beside the log, is told of what happened over real sockets. */
import assert from "node:assert/strict";
import type { Event, EventKind, EventOf } from "../../lib/events/event.ts";
import type { CostlyKind, Sink } from "../../lib/events/events.ts";
import { type Endpoint, openEndpoint } from "../conformance/endpoint.ts";
import { openBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import {
  closePayload,
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";

const ENGINES = ["stream", "loop", "native"] as const;

/** Keeps what it is told. */
function createTold(...wanted: readonly CostlyKind[]) {
  const events: Event[] = [];
  const sink: Sink = {
    take: (event) => void events.push(event),
    wants: (kind) => wanted.includes(kind),
  };
  const of = <Kind extends EventKind>(kind: Kind): EventOf<Kind>[] =>
    events.filter((event): event is EventOf<Kind> => event.kind === kind);
  const until = (kind: EventKind, count: number) =>
    eventually(`${count} of ${kind}`, () => of(kind).length >= count);
  return { sink, events, of, until };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

async function leave(client: RawClient): Promise<void> {
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
}

/** Asks for something that is no tunnel, and gives the status. */
async function ask({ address }: Endpoint, head: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(head);
  return (await client.head()).status;
}

for (const engine of ENGINES) {
  const wstunnel = `frame-type = "binary"`;

  Deno.test(`${engine}: what a sink is told adds up with what was sent`, async () => {
    const told = createTold("frame");
    await using backend = openBackend();
    await using endpoint = openEndpoint(engine, backend.address, { wstunnel, sink: told.sink });
    const endings = ["client-close", "backend-end", "client-lost"] as const;
    const sent = { up: 0, down: 0 };
    for (const [at, cause] of endings.entries()) {
      using client = await openTunnel(endpoint.address, `/${cause}`);
      const taken = await backend.take();
      const up = new Uint8Array(1000 + at);
      const down = new Uint8Array(200_000 + at);
      await client.send(Opcode.BINARY, up);
      await client.send(Opcode.BINARY, up);
      await taken.reader.exactly(2 * up.length, "what the client sent");
      const writing = taken.write(down);
      await client.payload(down.length, Opcode.BINARY);
      await writing;
      sent.up += 2 * up.length;
      sent.down += down.length;
      if (cause === "client-close") await leave(client);
      if (cause === "backend-end") {
        taken.close();
        assert.equal((await client.closed()).code, 1000);
        await client.send(Opcode.CLOSE, closePayload(1000));
        await client.end();
      }
      if (cause === "client-lost") client[Symbol.dispose]();
      if (cause !== "backend-end") {
        assert.equal(await taken.reader.some("the end of the stream"), null);
        taken.close();
      }
      await told.until("tunnel-closed", at + 1);
    }
    const closed = told.of("tunnel-closed");
    assert.deepEqual(closed.map(({ cause }) => cause), endings);
    assert.deepEqual(closed.map(({ code }) => code), [1000, 1000, 1006]);
    assert.deepEqual(closed.map(({ id }) => id), [1, 2, 3]);
    assert.deepEqual(told.of("tunnel-opened").map(({ id }) => id), [1, 2, 3]);
    assert.deepEqual(
      closed.map(({ asked }) => String(asked.path)),
      endings.map((one) => `/${one}`),
    );
    assert.equal(sum(closed.map(({ upBytes }) => upBytes)), sent.up);
    assert.equal(sum(closed.map(({ downBytes }) => downBytes)), sent.down);
    for (const { route, backend: name, seconds } of closed) {
      assert.deepEqual([route, name], ["/", backend.address]);
      assert.ok(seconds >= 0 && seconds < 60);
    }
    const data = told.of("frame").filter(({ opcode }) => opcode === Opcode.BINARY);
    const received = data.filter(({ way }) => way === "received");
    assert.equal(sum(received.map(({ bytes }) => bytes)), sent.up);
    assert.deepEqual([...new Set(data.map(({ tunnel }) => tunnel))], [1, 2, 3]);
  });

  Deno.test(`${engine}: each refusal is told with its cause, an outage once`, async () => {
    const told = createTold();
    const backend = openBackend();
    await using endpoint = openEndpoint(engine, backend.address, { wstunnel, sink: told.sink });
    await backend[Symbol.asyncDispose]();
    const plain = "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n";
    for (let i = 0; i < 150; i++) assert.equal(await ask(endpoint, plain), 426);
    for (let i = 0; i < 3; i++) assert.equal(await ask(endpoint, handshake("/vnc")), 503);
    await told.until("request-refused", 153);
    const refused = told.of("request-refused");
    const rules = refused.filter(({ cause }) => cause === "rules");
    const down = refused.filter(({ cause }) => cause === "down");
    assert.deepEqual(
      [rules.length, down.length],
      [150, 3],
      "each of them, whatever the log sums up",
    );
    assert.deepEqual([rules[0]!.status, rules[0]!.route, rules[0]!.asked?.path], [426, null, "/a"]);
    assert.deepEqual([down[0]!.status, down[0]!.route, down[0]!.asked?.path], [503, "/", "/vnc"]);
    assert.deepEqual(told.of("host-down").map((one) => [one.route, one.backend, one.only]), [
      ["/", backend.address, true],
    ]);
    assert.equal(told.of("route-down").length, 1);
    assert.deepEqual(told.of("tunnel-opened"), []);
  });

  Deno.test(`${engine}: no event has a peer's words at length`, async () => {
    const told = createTold();
    await using backend = openBackend();
    await using endpoint = openEndpoint(engine, backend.address, { wstunnel, sink: told.sink });
    const long = "w".repeat(1_000);
    const said = { Host: `${long}.example`, Origin: `https://${long}` };
    using client = await openTunnel(endpoint.address, `/${long}`, said);
    await ask(endpoint, handshake(`/${long}`, { ...said, Upgrade: null }));
    await ask(endpoint, handshake(`/${long}`, said, `${long} /${long} HTTP/1.1`));
    await ask(endpoint, handshake("/", { ...said, "Sec-WebSocket-Version": long }));
    await leave(client);
    (await backend.take()).close();
    await told.until("tunnel-closed", 1);
    await told.until("request-refused", 3);
    const text = JSON.stringify(told.events);
    assert.match(text, /w{150,199}…/);
    assert.doesNotMatch(text, /w{201}/);
  });

  Deno.test(`${engine}: frames are told of only where a sink wants them`, async () => {
    for (const { level, wanted } of [{ level: 3, wanted: false }, { level: 3, wanted: true }]) {
      const told = createTold(...(wanted ? ["frame" as const] : []));
      await using backend = openBackend();
      const options = { wstunnel, level, sink: told.sink };
      await using endpoint = openEndpoint(engine, backend.address, options);
      using client = await openTunnel(endpoint.address);
      await client.send(Opcode.BINARY, "hello");
      await leave(client);
      (await backend.take()).close();
      await told.until("tunnel-closed", 1);
      const received = told.of("frame").filter(({ way }) => way === "received");
      assert.deepEqual(
        received.map(({ opcode, bytes }) => [opcode, bytes]).slice(0, 1),
        wanted ? [[Opcode.BINARY, 5]] : [],
      );
      assert.deepEqual(endpoint.log.filter((line) => / frame /.test(line)), []);
    }
  });
}

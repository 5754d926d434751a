/** What a defect of ours costs: its tunnel, and nobody else's. */
import assert from "node:assert/strict";
import { surviveDefects } from "../../lib/control/defects.ts";
import { StreamTransport } from "../../lib/engine/stream_transport.ts";
import { can, DRIVERS } from "../e2e/engine_limits.ts";
import { Tunnel } from "../../lib/tunnel/tunnel.ts";
import { Tally } from "../../lib/limits/tally.ts";
import { openFolder, tokenLine } from "../support/auth_files.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { withEndpoint } from "./ask.ts";
import type { Endpoint } from "./endpoint.ts";

const BAD = 66;
const TOKEN = makeSecret("a token");

/** Takes down what nobody has caught, which the program tells of as well, until it is disposed of. */
function withErrorsTold(): Disposable & { readonly errors: readonly string[] } {
  const errors: string[] = [];
  const undo = surviveDefects((event) => {
    if (event.kind === "defect") errors.push(String(event.error));
  });
  return { errors, [Symbol.dispose]: undo };
}

function assertTold({ log }: Endpoint, { errors }: { readonly errors: readonly string[] }): void {
  assert.ok([...log, ...errors].some((line) => line.includes("the defect of this test")));
}

/** Has the machine throw at what begins with a certain byte, until it is disposed of. */
function withDefect(): Disposable {
  const { clientPayload } = Tunnel.prototype;
  Tunnel.prototype.clientPayload = function (wide, start, end) {
    if (wide.bytes[start] === BAD) throw new Error("the defect of this test");
    clientPayload.call(this, wide, start, end);
  };
  return {
    [Symbol.dispose]() {
      Tunnel.prototype.clientPayload = clientPayload;
    },
  };
}

for (const engine of DRIVERS) {
  Deno.test(`${engine}: a defect ends the tunnel that meets it with 1011, is told of, and costs nobody else`, async () => {
    using _defect = withDefect();
    using told = withErrorsTold();
    await withEndpoint(engine, async (endpoint, backend) => {
      using unlucky = await openTunnel(endpoint.address);
      const itsBackend = await backend.take();
      using other = await openTunnel(endpoint.address);
      const othersBackend = await backend.take();
      await unlucky.send(Opcode.BINARY, Uint8Array.of(BAD));
      const { code, reason } = await unlucky.closed();
      assert.deepEqual([code, reason], [1011, "a defect in the server"]);
      await unlucky.send(Opcode.CLOSE, closePayload(code));
      await itsBackend.reader.rest("the backend's end of stream");
      itsBackend.close();
      assert.equal(await unlucky.end(), "fin");
      unlucky[Symbol.dispose]();
      await eventually("the log", () => endpoint.log.some((line) => line.includes("cause=defect")));
      assertTold(endpoint, told);
      await other.send(Opcode.BINARY, "all well");
      await othersBackend.reader.exactly(8, "what the other says");
      othersBackend.close();
      assert.equal((await other.closed()).code, 1000);
    });
  });
}

/** So many bytes given to its backend have a tunnel throw at each tick. */
const BAD_BYTES = 13;

/** Until it is disposed of. */
function withDefectInTicks(): Disposable {
  const { tick } = Tunnel.prototype;
  Tunnel.prototype.tick = function (nowMs) {
    if (this.upBytes === BAD_BYTES) throw new Error("the defect of this test");
    tick.call(this, nowMs);
  };
  return {
    [Symbol.dispose]() {
      Tunnel.prototype.tick = tick;
    },
  };
}

for (const engine of DRIVERS) {
  Deno.test(`${engine}: a defect that is met as time passes ends its tunnel with 1011, and keeps time from nobody else`, async () => {
    using _defect = withDefectInTicks();
    await withEndpoint(engine, async (endpoint, backend) => {
      using unlucky = await openTunnel(endpoint.address);
      const itsBackend = await backend.take();
      using other = await openTunnel(endpoint.address);
      const othersBackend = await backend.take();
      await unlucky.send(Opcode.BINARY, new Uint8Array(BAD_BYTES));
      const { code, reason } = await unlucky.closed();
      assert.deepEqual([code, reason], [1011, "a defect in the server"]);
      if (!can(engine, "cut a client off")) await unlucky.send(Opcode.CLOSE, closePayload(code));
      await unlucky.end();
      itsBackend.close();
      await eventually("the log", () => endpoint.log.some((line) => line.includes("cause=defect")));
      assert.ok(endpoint.log.some((line) => line.includes("the defect of this test")));
      assert.equal((await other.closed()).code, 1001, "its time is over");
      othersBackend.close();
    }, { clock: "runs", host: "read-timeout = 1" });
  });
}

/** Has a method throw, once. */
function withDefectIn<K extends string>(
  prototype: { [key in K]: (...given: never[]) => unknown },
  method: K,
): Disposable {
  const whole = prototype[method];
  prototype[method] = () => {
    prototype[method] = whole;
    throw new Error("the defect of this test");
  };
  return {
    [Symbol.dispose]() {
      prototype[method] = whole;
    },
  };
}

for (const engine of DRIVERS) {
  Deno.test(`${engine}: a tunnel that meets a defect as it begins ends, leaves nothing, and costs nobody else`, async () => {
    const { prototype } = engine === "native" ? StreamTransport : Tunnel;
    using _defect = withDefectIn(prototype, "begin");
    await withEndpoint(engine, async (endpoint, backend) => {
      using unlucky = await openTunnel(endpoint.address);
      const itsBackend = await backend.take();
      if (engine === "native") {
        const { code } = await unlucky.closed();
        assert.equal(code, 1011);
        await unlucky.send(Opcode.CLOSE, closePayload(code));
      }
      assert.equal(await unlucky.end(), "fin");
      await itsBackend.reader.rest("the backend's end of stream");
      itsBackend.close();
      await eventually("its end", () => [...endpoint.tunnels].length === 0);
      assert.deepEqual([endpoint.load, endpoint.connections], [0, 0]);
      assert.ok(endpoint.log.some((line) => line.includes("the defect of this test")));
      assert.ok(endpoint.log.some((line) => line.includes("code=1006 cause=defect")));
      using other = await openTunnel(endpoint.address);
      const othersBackend = await backend.take();
      othersBackend.close();
      assert.equal((await other.closed()).code, 1000);
    });
  });
}

for (const engine of DRIVERS) {
  Deno.test(`${engine}: a defect that one meets as all are to end keeps no other from its end`, async () => {
    await withEndpoint(engine, async (endpoint, backend) => {
      using unlucky = await openTunnel(endpoint.address);
      const itsBackend = await backend.take();
      using other = await openTunnel(endpoint.address);
      const othersBackend = await backend.take();
      using _defect = withDefectIn(Tunnel.prototype, "end");
      const ended = endpoint.endTunnels();
      assert.equal((await unlucky.closed()).code, 1011);
      assert.equal((await other.closed()).code, 1001);
      itsBackend.close();
      othersBackend.close();
      for (const client of [unlucky, other]) {
        await client.send(Opcode.CLOSE, closePayload(1000));
        await client.end();
      }
      await ended;
      assert.ok(endpoint.log.some((line) => line.includes("the defect of this test")));
    });
  });
}

for (const engine of DRIVERS) {
  Deno.test(`${engine}: a defect that a client meets once it is known who it is ends its connection, and costs nobody else`, async () => {
    await using folder = await openFolder();
    const file = await folder.write("tokens", tokenLine("ann", TOKEN));
    const fields = { Authorization: `Bearer ${TOKEN}` };
    using told = withErrorsTold();
    await withEndpoint(engine, async (endpoint, backend) => {
      using unlucky = await openRaw(endpoint.address);
      using _defect = withDefectIn(Tally.prototype, "take");
      await unlucky.write(handshake("/", fields));
      if (engine === "native") assert.equal((await unlucky.head()).status, 500);
      else assert.equal(await unlucky.end(), "fin");
      await eventually("its end", () => endpoint.connections === 0);
      assert.equal(endpoint.load, 0);
      assertTold(endpoint, told);
      using other = await openTunnel(endpoint.address, "/", fields);
      const othersBackend = await backend.take();
      othersBackend.close();
      assert.equal((await other.closed()).code, 1000);
    }, { wstunnel: `auth = { token = "${file}" }` });
  });
}

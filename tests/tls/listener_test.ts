/** Listeners of TLS as listeners: their addresses, what runs out, and those that only look like clients. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import {
  closeQuietly,
  connect,
  createReader,
  TEST_ROOTS,
  writeAll,
} from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { descriptorCount, socketCount } from "../support/processes.ts";
import { type Program, runProgram, startProgram, startWords } from "../support/program.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { NO_OPENSSL } from "./s_client.ts";

const ignore = NO_OPENSSL !== null;

/** The beginning of a hello that says it is longer. */
const HALF_HELLO = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8);

const FORBIDDEN = "a defect in wstunnel, please report it";

async function assertEchoes(address: string): Promise<void> {
  using client = await openTunnel(overTls(address));
  await client.send(Opcode.BINARY, address);
  assert.equal(new TextDecoder().decode(await client.message()), address);
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
}

/** The program in front of an echo, by TLS. */
async function withProgram(
  body: (program: Program) => Promise<void>,
  { flags = [], ...options }: {
    readonly flags?: readonly string[];
    readonly listen?: readonly string[];
    readonly listeners?: number;
    readonly words?: [string, ...string[]];
  } = {},
): Promise<void> {
  await using setting = await tlsSetting();
  await using backend = serveBackend(echo);
  const server = ["--server", backend.address, "--frame-type", "binary"];
  await using program = await startProgram([...server, ...setting.flags, ...flags], options);
  await body(program);
  assert.deepEqual(program.entries(FORBIDDEN), []);
}

Deno.test({
  name: "a name's addresses have one free port, and all interfaces are both families'",
  ignore,
  async fn() {
    const listen = ["localhost:0", `:${freePort()}`];
    await withProgram(async ({ addresses }) => {
      const ports = addresses.map((address) => address.split(":").at(-1)!);
      assert.equal(ports[0], ports[1], "127.0.0.1 and ::1");
      await assertEchoes(`127.0.0.1:${ports[0]}`);
      await assertEchoes(`[::1]:${ports[0]}`);
      await assertEchoes(`127.0.0.1:${ports[2]}`);
      await assertEchoes(`[::1]:${ports[2]}`);
    }, { listen, listeners: 3 });
  },
});

Deno.test({
  name: "what can't be listened at is told in the words that are told of others",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const run = (address: string) =>
      runProgram(["--server", "127.0.0.1:1", ...setting.flags, "--listen", address]);
    const inUse = await run(`127.0.0.1:${port}`);
    assert.equal(inUse.code, 1);
    const where = `cannot listen on 127.0.0.1:${port}: another program listens there`;
    assert.ok(inUse.stderr.includes(where), inUse.stderr);
    const absent = await run("192.0.2.1:0");
    assert.equal(absent.code, 1);
    assert.match(
      absent.stderr,
      /cannot listen on 192\.0\.2\.1:0: this machine has no such address/,
    );
  },
});

Deno.test({
  name: "it listens on after a shortage of descriptors, of which it tells",
  ignore,
  async fn() {
    const words: [string, ...string[]] = ["/bin/sh", "-c", 'ulimit -n 100 && exec "$0" "$@"'];
    words.push(...startWords());
    await using setting = await tlsSetting();
    await using backend = serveBackend(echo);
    const { port } = new URL(`tcp://${backend.address}`);
    const config = `${setting.folder}/config.toml`;
    await Deno.writeTextFile(
      config,
      `max-connections = 0\nmax-pending = 0\n[wstunnel]\nframe-type = "binary"\n` +
        `[wstunnel.server]\n"/" = { port = ${port} }\n`,
    );
    await using program = await startProgram(["--config", config, ...setting.flags], { words });
    for (let round = 1; round <= 2; round++) {
      const clients: Deno.Conn[] = [];
      for (let i = 0; i < 150; i++) clients.push(await connect(program.address));
      const { reason } = await program.entry("cannot accept connections", round);
      assert.match(String(reason), /Too many open files/);
      for (const client of clients) closeQuietly(client);
      await eventually(
        "a tunnel",
        () => assertEchoes(program.address).then(() => true, () => false),
      );
    }
    assert.deepEqual(program.entries(FORBIDDEN), []);
  },
});

Deno.test({
  name: "2,000 half handshakes from one address keep nobody else out, and leave nothing behind",
  ignore,
  async fn(t) {
    await withProgram(async (program) => {
      await assertEchoes(program.address);
      const before = socketCount(program.pid);
      const usual = await timeOfVisits(program, 20);
      const half: Deno.Conn[] = [];
      for (let nth = 0; nth < 2_000; nth++) {
        const connection = await connect(program.address);
        half.push(connection);
        // The oldest have gone by then.
        if (nth % 3 > 0) {
          await writeAll(connection, HALF_HELLO.subarray(0, nth % HALF_HELLO.length)).catch(
            () => {},
          );
        }
      }
      const held = socketCount(program.pid);
      assert.ok(held < 1_200, `${held} sockets are open`);
      const flooded = await timeOfVisits(program, 20);
      const figure = `a visit takes ${flooded.toFixed(1)} ms, usually ${usual.toFixed(1)}`;
      await t.step(figure, () => assert.ok(flooded < 3 * usual + 20, figure));
      half.forEach(closeQuietly);
      await eventually("the descriptors", () => socketCount(program.pid) <= before + 2);
    }, { flags: ["--max-connections", "4000"] });
  },
});

/** The middle of so many visits, one after the other, in milliseconds. */
async function timeOfVisits({ address }: Program, count: number): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < count; nth++) {
    const began = performance.now();
    await assertEchoes(address);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[count >> 1]!;
}

Deno.test({
  name: "clients that leave at any point of a handshake leave no descriptor behind",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      await assertEchoes(program.address);
      const before = descriptorCount(program.pid);
      const hello = await helloOf(program.address);
      for (let round = 0; round < 40; round++) {
        await Promise.all(Array.from({ length: 10 }, async (_, nth) => {
          const connection = await connect(program.address);
          const length = Math.floor(hello.length * (nth + 1) / 10);
          await writeAll(connection, hello.subarray(0, length));
          if (nth === 9) await createReader(connection).some("the server's answer");
          if (nth % 2 === 0) await connection.closeWrite();
          closeQuietly(connection);
        }));
      }
      await eventually("the descriptors", () => descriptorCount(program.pid) <= before + 2);
      await assertEchoes(program.address);
    });
  },
});

/** What a client says first, taken down on its way. */
async function helloOf(address: string): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const [taken, client] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port }),
  ]);
  const secure = await Deno.startTls(client, { hostname: "localhost" });
  const shaking = secure.handshake().catch(() => {});
  const hello = (await createReader(taken).some(`the hello for ${address}`))!.slice();
  closeQuietly(taken);
  await shaking;
  closeQuietly(secure);
  return hello;
}

Deno.test({
  name: "its end waits for no handshake",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      using half = await connect(program.address);
      await half.write(HALF_HELLO);
      using client = await openTunnel(overTls(program.address));
      const began = performance.now();
      program.signal("SIGTERM");
      assert.equal((await client.closed()).code, 1001);
      await client.send(Opcode.CLOSE, closePayload(1001));
      await client.end();
      assert.equal(await program.exit(), 0);
      // Less than a handshake has, and than the grace time.
      assert.ok(performance.now() - began < 7_000);
    });
  },
});

Deno.test({
  name: "a PROXY header in front of TLS names the client; without one there is no handshake",
  ignore,
  async fn() {
    const flags = ["--trusted-proxy", "127.0.0.1", "--proxy-protocol", "required"];
    await withProgram(async (program) => {
      const connection = await connect(program.address) as Deno.TcpConn;
      // In two pieces, the second with what comes behind it.
      await writeAll(connection, new TextEncoder().encode("PROXY TCP4 192.0.2.7 19"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await writeAll(connection, new TextEncoder().encode("2.0.2.1 4711 443\r\n"));
      const secure = await Deno.startTls(connection, {
        hostname: "localhost",
        caCerts: TEST_ROOTS,
      });
      await writeAll(secure, new TextEncoder().encode("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"));
      const answer = await createReader(secure).through("\r\n\r\n", "an answer");
      assert.match(answer, /^HTTP\/1\.1 426 /);
      closeQuietly(secure);
      const { client, via } = await program.entry("request refused");
      assert.equal(client, "192.0.2.7:4711");
      assert.match(String(via), /^127\.0\.0\.1:/);
      await assert.rejects(assertEchoes(program.address));
      assert.equal((await program.entry("connection ended"))["reason"], "no PROXY header");
    }, { flags });
  },
});

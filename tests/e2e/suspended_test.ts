/**
 * The process is stopped for a while, as a container that is paused, or a laptop that sleeps: what came meanwhile lies in the
 * system's buffers, and is let in before any deadline is judged.
 */
import assert from "node:assert/strict";
import { echo, listenSilently, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { createSocketDiag } from "../../lib/sys/socket_diag.ts";
import { testEngines, testEnginesThat } from "./engine_limits.ts";
import { BINARY_FRAMES, startFor, startWithFile } from "./whole.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Stops the program for as long, and runs `meanwhile` once it stands. */
async function suspend(
  program: Program,
  milliseconds: number,
  meanwhile: () => Promise<unknown> | void = () => {},
): Promise<void> {
  Deno.kill(program.pid, "SIGSTOP");
  try {
    await Promise.all([pause(milliseconds), meanwhile()]);
  } finally {
    Deno.kill(program.pid, "SIGCONT");
  }
}

/** Answers Pings until a Close comes, then ends the connection; gives the code, null where none came. */
async function answerPings(client: RawClient): Promise<number | null> {
  try {
    for (;;) {
      const { opcode, payload } = await client.frame();
      if (opcode === Opcode.CLOSE) return payload[0]! << 8 | payload[1]!;
      if (opcode === Opcode.PING) await client.send(Opcode.PONG, payload);
    }
  } catch {
    return null;
  } finally {
    client[Symbol.dispose]();
  }
}

async function openTunnels(program: Program, count: number): Promise<RawClient[]> {
  return await Promise.all(Array.from({ length: count }, () => openTunnel(program.address)));
}

/** Checks that each tunnel lives, by its Close being answered, and in the log. */
async function assertLive(program: Program, clients: readonly RawClient[]): Promise<void> {
  assert.deepEqual(program.entries("tunnel closed").map(({ cause }) => cause), []);
  for (const client of clients) await client.send(Opcode.CLOSE, Uint8Array.of(3, 232));
  await program.entry("tunnel closed", clients.length);
  const causes = program.entries("tunnel closed").map(({ cause }) => cause);
  assert.deepEqual(causes, clients.map(() => "client-close"));
}

testEnginesThat(
  "ping again after a suspension",
  "clients that answer Pings are not called silent for a time in which nobody listened",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, {
      wstunnel: "ping-interval = 1",
    });
    const clients = await openTunnels(program, 10);
    const answers: (() => Promise<void>)[] = [];
    for (const client of clients) {
      const { opcode, payload } = await client.frame();
      assert.equal(opcode, Opcode.PING);
      answers.push(() => client.send(Opcode.PONG, payload));
    }
    await suspend(program, 4000, () => Promise.all(answers.map((answer) => answer())));
    const answering = clients.map(answerPings);
    await pause(2500);
    await assertLive(program, clients);
    assert.deepEqual(await Promise.all(answering), clients.map(() => 1000));
  },
);

testEngines(
  "a backend that talks is not idle for a time in which nobody listened",
  async (engine) => {
    await using backend = serveBackend(async ({ write }) => {
      for (;;) {
        await write("tick");
        await pause(100);
      }
    });
    await using program = await startFor(engine, backend.address, {
      wstunnel: BINARY_FRAMES,
      host: "read-timeout = 2",
    });
    const clients = await openTunnels(program, 6);
    const reading = clients.map(answerPings);
    await pause(500);
    await suspend(program, 4500);
    await pause(2500);
    await assertLive(program, clients);
    await Promise.all(reading);
  },
);

testEngines(
  "a dial whose connection is established meanwhile succeeds",
  async (engine) => {
    using silent = await listenSilently();
    await using program = await startFor(engine, silent.address, { host: "connect-timeout = 2" });
    using client = await openRaw(program.address);
    await client.write(handshake());
    await silent.tried();
    // The system tries again after a second.
    await suspend(program, 3500, () => silent.makeRoom());
    assert.equal((await client.head()).status, 101);
  },
);

testEngines(
  "a request that came meanwhile is not late",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startFor(engine, backend.address, {
      top: "handshake-timeout = 4",
    });
    const clients = await Promise.all([1, 2, 3].map(() => openRaw(program.address)));
    // They are accepted once one behind them is.
    assert.equal(await (await fetch(`http://${program.address}/healthz`)).text(), "ok\n");
    const send = () => Promise.all(clients.map((client) => client.write(handshake())));
    await suspend(program, 6000, send);
    for (const client of clients) {
      assert.equal((await client.head()).status, 101);
      client[Symbol.dispose]();
    }
  },
);

testEngines(
  "a program that came up meanwhile is up",
  async (engine) => {
    const folder = await Deno.makeTempDir();
    const echoes = new URL("../backend/program.ts", import.meta.url).pathname;
    const words = ["run", "--quiet", "--no-lock", "--allow-all", echoes, "after=1000"];
    const script = `echo started > ${folder}/starts; exec "$@"`;
    try {
      await using program = await startWithFile(`
engine = "${engine}"
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/"]]
socket = "${folder}/s"
bin-path = ${JSON.stringify(["/bin/sh", "-c", script, "sh", Deno.execPath(), ...words])}
connect-timeout = 3
`);
      using client = await openRaw(program.address);
      await client.write(handshake());
      await eventually(
        "the program to be started",
        () => [...Deno.readDirSync(folder)].some(({ name }) => name === "starts"),
      );
      await suspend(program, 6000);
      assert.equal((await client.head()).status, 101);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testEnginesThat(
  "pause a client",
  "the last bytes of a client are delivered when their backend took some meanwhile",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, {
      wstunnel: `${BINARY_FRAMES}\nping-interval = 1\ndebug = 4`,
    });
    using client = await openTunnel(program.address);
    const taken = await backend.take();
    const sent = await stallBackend(client, taken.connection);
    const answering = answerPings(client);
    await client.send(Opcode.CLOSE, Uint8Array.of(3, 232));
    await eventually(
      "the Close to be seen, from when on the backend has five seconds to take some",
      () => program.entries("frame received").some(({ type }) => type === "close"),
    );
    let rest: ReturnType<typeof taken.reader.rest> | undefined;
    await suspend(program, 5500, async () => {
      await pause(500);
      rest = taken.reader.rest("what was held up");
    });
    assert.equal((await rest!).bytes.length, sent);
    assert.equal((await program.entry("tunnel closed")).cause, "client-close");
    assert.equal(await answering, 1000);
  },
);

/** Sends until the backend takes no more, the rest of it being in the program's hands; gives how much. */
async function stallBackend(client: RawClient, backend: Deno.Conn): Promise<number> {
  const diag = createSocketDiag();
  const step = new Uint8Array(16 * 1024);
  await client.send(Opcode.BINARY, new Uint8Array(2 * 1024 * 1024));
  const [theirs, ours] = [backend.remoteAddr as Deno.NetAddr, backend.localAddr as Deno.NetAddr];
  try {
    let sent = 2 * 1024 * 1024;
    for (let queued = 0, same = 0; same < 3;) {
      await client.send(Opcode.BINARY, step);
      sent += step.length;
      // More than a step takes through the program.
      await pause(10);
      const status = diag.ask(theirs, ours);
      assert.ok(status !== null && status !== "gone");
      same = queued > 0 && status.queuedBytes === queued ? same + 1 : 0;
      queued = status.queuedBytes;
    }
    return sent;
  } finally {
    diag.close();
  }
}

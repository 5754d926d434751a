/** Clients that ask for a tunnel and reset their connection at once: what is left of them. */
import assert from "node:assert/strict";
import net from "node:net";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { socketCount } from "../support/processes.ts";
import { type Program, startWords } from "../support/program.ts";
import { handshake, Opcode, openTunnel } from "../support/raw_client.ts";
import { testEngines } from "./drivers.ts";
import { can } from "./engine_limits.ts";
import { loadsOf, report, reportThat } from "./report.ts";
import { ONE_WORKER, workerRests } from "../support/workers.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";

const LEAVERS = 1_500;
const AT_ONCE = 50;
const DESCRIPTORS = 1_024;

/** Few of those would fit twice. */
const LIMITED = ["sh", "-c", `ulimit -n ${DESCRIPTORS} && exec "$@"`, "sh"] as const;

/** Sends a head and resets the connection, at once or a little later: at every step of a connect to the backend somebody leaves. */
async function askAndReset(address: string, delayMs: number): Promise<void> {
  const [host, port] = address.split(":");
  const socket = net.connect(Number(port), host);
  const closed = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  socket.write(handshake(), () => setTimeout(() => socket.resetAndDestroy(), delayMs));
  await closed;
}

async function askAndResetAll(program: Program): Promise<void> {
  let count = 0;
  const leave = async () => {
    while (count++ < LEAVERS) await askAndReset(program.address, count % 8);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, leave));
}

testEngines(
  `the backend connections of ${LEAVERS} clients that reset behind their head are closed, with ${DESCRIPTORS} descriptors`,
  async (engine) => {
    let open = 0;
    await using backend = serveBackend(async (taken) => {
      open++;
      await echo(taken).finally(() => open--);
    });
    // By name all of its addresses are tried, and a connect that comes second is dropped.
    const port = backend.address.split(":")[1];
    for (const host of ["127.0.0.1", "localhost"]) {
      await using program = await startFor(engine, `${host}:${port}`, {
        wstunnel: BINARY_FRAMES,
        // Each thread keeps a socket of the runtime's: no other one is to start meanwhile.
        top: ONE_WORKER,
        words: [...LIMITED, ...startWords()],
      });
      const atRest = async () => {
        await eventually(`no connection to the backend of ${open}`, () => open === 0);
        await reportThat(program, "no load", (seen) => loadsOf(seen)[0] === 0);
        return socketCount(program.pid);
      };
      // What the runtime opens at a first connection and keeps, it has now.
      (await openTunnel(program.address))[Symbol.dispose]();
      await workerRests(program);
      const before = await atRest();
      await askAndResetAll(program);
      await atRest();
      const { rows } = await report(program);
      assert.equal(rows[0]!.failures, 0);
      if (!can(engine, "close a connection that is reset as it is upgraded")) continue;
      await eventually(`${before} sockets`, () => socketCount(program.pid) === before);
      using client = await openTunnel(program.address);
      await client.send(Opcode.BINARY, "and me?");
      assert.equal(text(await client.message(Opcode.BINARY)), "and me?");
    }
  },
);

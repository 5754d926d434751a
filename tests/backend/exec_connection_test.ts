import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { createExecConnection } from "../../lib/backend/exec_connection.ts";
import { inTime } from "../support/eventually.ts";
import { descriptorCount, isStopped } from "../support/processes.ts";
import { isRunning, until } from "./setting.ts";

/** The most that one write takes. */
const WRITE_BYTES = 16 * 1024;

/** What a pipe holds. */
const PIPE_BYTES = 65_536;

/** Longer than a program that has ended may be silent. */
const LONG_SILENCE_MS = 400;

/** Waits on purpose, for what must not happen in the meantime. */
const silence = () => new Promise((done) => setTimeout(done, LONG_SILENCE_MS));

/** One that makes a session of its own, says its id and holds both pipes. */
const HOLDER = `exec 3<&0; setsid sh -c 'echo $$; exec sleep 300' <&3 & read -r line`;

interface Running {
  readonly process: Deno.ChildProcess;
  readonly connection: BackendConnection;
  /** Ends what is to end by itself and doesn't. */
  readonly kill: () => void;
}

/** Runs a script with a connection to it, and waits until nothing of it is left. */
async function withProgram(script: string, body: (running: Running) => Promise<void>) {
  const descriptors = descriptorCount(Deno.pid);
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
    detached: true,
  }).spawn();
  const connection = createExecConnection(process, process.status);
  const kill = () => signalGroup(process.pid, "SIGKILL");
  try {
    await body({ process, connection, kill });
  } finally {
    connection.close();
    kill();
    await process.status;
  }
  await until("the pipes are gone", () => descriptorCount(Deno.pid) <= descriptors);
}

function signalGroup(group: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-group, signal);
  } catch {
    // It has ended.
  }
}

/** Does something with the id of the process that holds the pipes of a program that has ended; ends it after that. */
async function withHolder(
  { process, connection }: Running,
  lastWords: string,
  body: (fail: () => void) => Promise<void>,
): Promise<void> {
  const holder = Number(await readText(connection));
  assert.ok(isRunning(holder));
  const end = () => signalGroup(holder, "SIGKILL");
  try {
    if (lastWords !== "") {
      await connection.write(new TextEncoder().encode(lastWords));
      await process.status;
    }
    await body(end);
    assert.ok(isRunning(holder), "not for its end");
  } finally {
    end();
  }
}

async function readText(connection: BackendConnection): Promise<string | null> {
  const buffer = new Uint8Array(1000);
  const count = await connection.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

/** Writes as much as nobody need read. */
async function fillPipe(connection: BackendConnection): Promise<void> {
  for (let at = 0; at < PIPE_BYTES;) {
    at += await connection.write(pattern(Math.min(WRITE_BYTES, PIPE_BYTES - at), at));
  }
}

/** Bytes that tell where they stand. */
const pattern = (length: number, from = 0) =>
  Uint8Array.from({ length }, (_, at) => (from + at) % 251);

Deno.test("`createExecConnection()` writes 16 KiB at a time, of which a slow program takes one after another", async () => {
  await withProgram("kill -STOP $$; exec cat", async ({ process, connection, kill }) => {
    await until("it is stopped", () => isStopped(process.pid));
    const total = 192 * 1024;
    const source = pattern(total);
    let written = 0;
    const write = async () => {
      const count = await connection.write(source.subarray(written));
      assert.ok(count > 0 && count <= WRITE_BYTES);
      written += count;
    };
    while (written < PIPE_BYTES) await inTime("a write that the pipe has room for", write(), kill);
    Deno.kill(process.pid, "SIGCONT");
    const writing = (async () => {
      while (written < total) await write();
      await connection.closeWrite();
    })();
    const received: number[] = [];
    const buffer = new Uint8Array(10_000);
    for (let count; (count = await connection.read(buffer)) !== null;) {
      received.push(...buffer.subarray(0, count));
    }
    await writing;
    assert.deepEqual(Uint8Array.from(received), source);
  });
});

Deno.test("`createExecConnection()` ends a read and a write under way on `close()`, whoever holds the pipes", async () => {
  await withProgram(HOLDER, async (running) => {
    await withHolder(running, "\n", async (fail) => {
      const { connection } = running;
      const target = new Uint8Array(100);
      await fillPipe(connection);
      const reading = assert.rejects(connection.read(target), Deno.errors.Interrupted);
      const writing = assert.rejects(connection.write(target), Deno.errors.Interrupted);
      connection.close();
      await inTime("the end of both", Promise.all([reading, writing]), fail);
      assert.deepEqual(target, new Uint8Array(100));
      await assert.rejects(connection.read(target), Deno.errors.Interrupted);
      await assert.rejects(connection.write(target), Deno.errors.Interrupted);
      await connection.closeWrite();
      connection.close();
    });
  });
});

Deno.test("`createExecConnection()` ends a `closeWrite()` under way on `close()`", async () => {
  await withProgram(HOLDER, async (running) => {
    await withHolder(running, "\n", async (fail) => {
      const { connection } = running;
      await fillPipe(connection);
      const writing = assert.rejects(
        connection.write(new Uint8Array(100)),
        Deno.errors.Interrupted,
      );
      const ending = assert.rejects(connection.closeWrite(), Deno.errors.Interrupted);
      connection.close();
      await inTime("the end of both", Promise.all([writing, ending]), fail);
    });
  });
});

Deno.test("`createExecConnection()` lets go of the caller's bytes when a write under way is given up", async () => {
  const folder = await Deno.makeTempDir();
  await withProgram(`kill -STOP $$; exec cat >${folder}/got`, async (running) => {
    const { process, connection, kill } = running;
    await until("it is stopped", () => isStopped(process.pid));
    await fillPipe(connection);
    const last = pattern(WRITE_BYTES, PIPE_BYTES);
    const writing = assert.rejects(connection.write(last), Deno.errors.Interrupted);
    connection.close();
    await inTime("the end of the write", writing, kill);
    last.fill(255);
    Deno.kill(process.pid, "SIGCONT");
    await inTime("the end of the program", process.status, kill);
    assert.deepEqual(await Deno.readFile(`${folder}/got`), pattern(PIPE_BYTES + WRITE_BYTES));
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("`createExecConnection()` gives all that a program wrote before it ended, however late it is read", async () => {
  const script = `${HOLDER}; head -c 60000 /dev/zero; echo end`;
  await withProgram(script, async (running) => {
    await withHolder(running, "\n", async (fail) => {
      await silence();
      let all = "";
      const reading = (async () => {
        for (let text; (text = await readText(running.connection)) !== null;) all += text;
      })();
      await inTime("the end of the output", reading, fail);
      assert.equal(all, "\0".repeat(60_000) + "end\n");
      assert.equal(await readText(running.connection), null);
    });
  });
});

Deno.test("`createExecConnection()` takes silence for the end only when the program has ended", async () => {
  await withProgram(HOLDER, async (running) => {
    await withHolder(running, "", async (fail) => {
      let ended = false;
      const reading = readText(running.connection).finally(() => ended = true);
      await silence();
      assert.equal(ended, false, "it runs");
      await running.connection.write(new TextEncoder().encode("\n"));
      assert.equal(await inTime("the end of the output", reading, fail), null);
    });
  });
});

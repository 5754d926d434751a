import assert from "node:assert/strict";
import type { Lease } from "../../lib/backend/backend.ts";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import { writeAll } from "../../lib/backend/write_all.ts";
import { canGiveDescriptors } from "../../lib/sys/descriptors.ts";
import { inTime } from "../support/eventually.ts";
import { descriptorCount, isStopped } from "../support/processes.ts";
import {
  createPool,
  end,
  execTarget,
  hostConfig,
  isRunning,
  keptLog,
  leased,
  request,
  route,
  until,
} from "./setting.ts";

/** Longer than a program that has ended may be silent. */
const LONG_SILENCE_MS = 400;

/** Waits on purpose, for what must not happen in the meantime. */
const silence = () => new Promise((done) => setTimeout(done, LONG_SILENCE_MS));

const encode = (text: string) => new TextEncoder().encode(text);

/** One that makes a session of its own, says its id and holds the socket until it is killed. */
const HOLDER = `exec 3<&0; setsid sh -c 'echo $$; exec sleep 300' <&3 & read -r line`;

/** Runs a program for one tunnel. */
async function withProgram(
  command: readonly string[],
  body: (connection: BackendConnection, lease: Lease) => Promise<void>,
): Promise<void> {
  const pool = createPool(route(hostConfig(execTarget(command))), keptLog().events);
  const lease = leased(await pool.connect(request()));
  try {
    await body(lease.connection, lease);
  } finally {
    end(lease);
    await pool.stop();
  }
}

const sh = (script: string) => ["/bin/sh", "-c", script];
const python = (script: string) => ["python3", "-c", script];

async function readText(connection: BackendConnection): Promise<string | null> {
  const buffer = new Uint8Array(100_000);
  const count = await connection.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

async function readAll(connection: BackendConnection): Promise<string> {
  let all = "";
  for (let text; (text = await readText(connection)) !== null;) all += text;
  return all;
}

function test(name: string, fn: () => Promise<void>): void {
  const why = canGiveDescriptors ? "" : " (skipped: this runtime gives no descriptors)";
  Deno.test({ name: name + why, ignore: !canGiveDescriptors, fn });
}

test("`ExecHost` gives the program one socket as its input and output, a pipe for errors, and nothing else", async () => {
  const script = `
import os, socket
link = lambda fd: os.readlink("/proc/self/fd/%d" % fd).split(":")[0]
peer = socket.fromfd(0, socket.AF_UNIX, socket.SOCK_STREAM)
peer.getpeername()
alike = os.path.sameopenfile(0, 1)
peer.close()
opened = [fd for fd in map(int, os.listdir("/proc/self/fd")) if os.path.lexists("/proc/self/fd/%d" % fd)]
sockets = [fd for fd in opened if os.path.realpath("/proc/self/fd/%d" % fd) == os.path.realpath("/proc/self/fd/0")]
print(link(0), link(1), link(2), alike, sockets, os.getsid(0) == os.getpid())
`;
  await withProgram(python(script), async (connection) => {
    assert.equal(await readAll(connection), "socket socket pipe True [0, 1] True\n");
  });
});

test("`ExecHost` passes the end of a direction on, either way, and the other goes on", async () => {
  const script = `
import socket
peer = socket.socket(fileno=0)
peer.sendall(b"hello")
peer.shutdown(socket.SHUT_WR)
received = 0
while data := peer.recv(65536):
    received += len(data)
import sys
sys.stderr.write("%d\\n" % received)
`;
  const { events, lines } = keptLog();
  const pool = createPool(route(hostConfig(execTarget(python(script)))), events);
  const lease = leased(await pool.connect(request()));
  assert.equal(await readAll(lease.connection), "hello");
  assert.ok(isRunning(lease.pid!));
  await writeAll(lease.connection, new Uint8Array(1_000_000));
  await lease.connection.closeWrite();
  await until(
    "what it was sent is in the log",
    () => lines.some(({ fields }) => fields.line === "1000000"),
  );
  end(lease);
  await pool.stop();

  await withProgram(sh("cat; echo over"), async (connection) => {
    await connection.write(encode("text "));
    await connection.closeWrite();
    assert.equal(await readAll(connection), "text over\n");
  });
});

test("`ExecHost` sees the end of the output when all who had the socket have closed it, though the program runs on", async () => {
  const script = "(echo second) & echo first; exec 0<&- 1>&-; exec sleep 300 >&2";
  await withProgram(sh(script), async (connection, { pid }) => {
    assert.equal((await readAll(connection)).split("\n").sort().join(), ",first,second");
    assert.ok(isRunning(pid!));
  });
});

test("`ExecHost` gives all that a program wrote before it ended, also where it has read nothing of what it was sent", async () => {
  await withProgram(
    sh("kill -STOP $$; head -c 100000 /dev/zero; echo end"),
    async (connection, { pid }) => {
      await until("it is stopped", () => isStopped(pid!));
      await writeAll(connection, new Uint8Array(10_000));
      Deno.kill(pid!, "SIGCONT");
      await until("it has ended", () => !isRunning(pid!));
      await assert.rejects(async () => {
        for (let i = 0; i < 3; i++) await connection.write(new Uint8Array(1000));
      }, Deno.errors.BrokenPipe);
      assert.equal(await readAll(connection), "\0".repeat(100_000) + "end\n");
      assert.equal(await readText(connection), null);
    },
  );
  await withProgram(sh("read -r go; echo end"), async (connection, { pid }) => {
    await writeAll(connection, new Uint8Array(10_000));
    await writeAll(connection, encode("\ngo and much that isn't read"));
    assert.equal(await readAll(connection), "end\n");
    await until("it has ended", () => !isRunning(pid!));
    assert.equal(await readText(connection), null, "the reset is an end");
  });
});

test("`ExecHost` sees a program that reads slowly take what it is sent, not so much at a time", async () => {
  const script = "kill -STOP $$; head -c 40000 >/dev/null; exec sleep 300";
  await withProgram(sh(script), async (connection, { pid }) => {
    await until("it is stopped", () => isStopped(pid!));
    let taken = 0;
    const fill = async (): Promise<void> => {
      taken += await connection.write(new Uint8Array(65_536));
      return fill();
    };
    const full = assert.rejects(fill());
    let before = -1;
    while (taken > before) {
      before = taken;
      await silence();
    }
    assert.ok(taken > 0 && taken <= 64 * 1024, `${taken} bytes are on their way`);
    Deno.kill(pid!, "SIGCONT");
    await until("it takes more", () => taken > before);
    connection.close();
    await full;
  });
});

test("`ExecHost` takes silence for the end only when the program has ended, whoever holds the socket", async () => {
  await withProgram(sh(`${HOLDER}; echo last`), async (connection, { pid }) => {
    const holder = Number(await readText(connection));
    try {
      const target = new Uint8Array(100);
      let ended = false;
      const reading = connection.read(target).finally(() => ended = true);
      await silence();
      assert.equal(ended, false, "it runs");
      await connection.write(encode("\n"));
      assert.equal(await reading, 5);
      await until("it has ended", () => !isRunning(pid!));
      await silence();
      const kill = () => Deno.kill(holder, "SIGKILL");
      assert.equal(await inTime("the end", connection.read(target), kill), null);
      assert.equal(await connection.read(target), null);
      assert.ok(isRunning(holder), "not for its end");
    } finally {
      Deno.kill(holder, "SIGKILL");
    }
  });
});

test("`ExecHost` ends a read and a write under way on `close()`", async () => {
  await withProgram(sh("exec sleep 300"), async (connection) => {
    const target = new Uint8Array(100);
    const reading = assert.rejects(connection.read(target));
    const writing = assert.rejects(writeAll(connection, new Uint8Array(10_000_000)));
    connection.close();
    await inTime("the end of both", Promise.all([reading, writing]), () => {});
    assert.deepEqual(target, new Uint8Array(100));
    await assert.rejects(connection.read(target));
    await assert.rejects(connection.write(target));
    connection.close();
  });
});

test("`ExecHost` has no descriptor open that isn't a running program's, after 200 starts and those that fail", async () => {
  const { events } = keptLog();
  const host = hostConfig(execTarget(["/bin/cat"], { maxProcs: 50 }));
  const bad = hostConfig(execTarget(["/nonexistent/program"]), { disableTimeMs: 0 });
  const pool = createPool(route(host), events);
  const badPool = createPool(route(bad), events);
  const round = async () => {
    const leases = await Promise.all(Array.from({ length: 20 }, () => pool.connect(request())));
    assert.equal((await badPool.connect(request())).ok, false);
    for (const lease of leases) {
      await leased(lease).connection.write(encode("x"));
      assert.equal(await readText(leased(lease).connection), "x");
      end(leased(lease));
    }
    await until("all have ended", () => pool.report().length === 1);
  };
  await round();
  const before = descriptorCount(Deno.pid);
  for (let i = 0; i < 10; i++) await round();
  await until("no more than before", () => descriptorCount(Deno.pid) <= before);
  await Promise.all([pool.stop(), badPool.stop()]);
});

import assert from "node:assert/strict";
import type { BackendConnection } from "../../lib/backend/connection.ts";
import type { ExecTarget } from "../../lib/config/config.ts";
import { exists } from "../support/installed.ts";
import {
  createPool,
  end,
  execTarget,
  failed,
  hostConfig,
  isRunning,
  keptLog,
  leased,
  request,
  roundTrip,
  route,
  until,
} from "./setting.ts";

function execPool(command: readonly string[], change: Partial<ExecTarget> = {}) {
  const { events, lines } = keptLog();
  const host = hostConfig(execTarget(command, change), { disableTimeMs: 50 });
  return { pool: createPool(route(host), events), lines };
}

const sh = (script: string) => ["/bin/sh", "-c", script];

async function readAll(connection: BackendConnection): Promise<Uint8Array> {
  const buffer = new Uint8Array(20_000);
  const parts: Uint8Array[] = [];
  for (let count; (count = await connection.read(buffer)) !== null;) {
    assert.ok(count > 0 && count <= buffer.length);
    parts.push(buffer.slice(0, count));
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

const readText = async (connection: BackendConnection) =>
  new TextDecoder().decode(await readAll(connection));

Deno.test("`ExecHost` carries bytes both ways, half-closes, and drains the output", async () => {
  const { pool, lines } = execPool(["/bin/cat"]);
  const lease = leased(await pool.connect(request()));
  assert.equal(lease.backend, "exec:/bin/cat");
  const { connection } = lease;
  assert.equal(connection.lingerMs, 10_000, "time to work on what it was sent");
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  const reading = readAll(connection);
  for (let round = 0; round < 20; round++) {
    for (let at = 0; at < sent.length;) at += await connection.write(sent.subarray(at));
  }
  await connection.closeWrite();
  const received = await reading;
  assert.equal(received.length, 20 * sent.length);
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(received.subarray(round * 60_000, (round + 1) * 60_000), sent);
  }
  assert.equal(await connection.read(new Uint8Array(10)), null);
  end(lease);
  await until("it has ended", () => pool.report().length === 1);
  assert.deepEqual(lines.filter(({ level }) => level !== "debug"), []);
  await pool.stop();
});

Deno.test("`ExecHost` tells the program of the client; its stderr and failure go to the log", async () => {
  const script =
    'read -r go; echo "$WSTUNNEL_CLIENT_ADDRESS|$WSTUNNEL_PATH|$WSTUNNEL_ORIGIN|$GIVEN|$HOME";' +
    "echo oops >&2; exit 7";
  const { pool, lines } = execPool(sh(script), {
    environment: { GIVEN: "yes" },
    copyEnvironment: ["PATH"],
  });
  for (const origin of ["https://example.com", null]) {
    const lease = leased(await pool.connect(request({ origin, path: "/a b" })));
    const { pid } = pool.report()[1]!;
    assert.equal(lease.pid, pid);
    lease.carry!(5);
    await lease.connection.write(new TextEncoder().encode("\n"));
    assert.equal(await readText(lease.connection), `192.0.2.7|/a b|${origin ?? ""}|yes|\n`);
    await until("it is in the log", () => lines.length === 2);
    const told = lines.map(({ message, fields: { pid, route, line } }) => [
      message,
      pid,
      route,
      line,
    ]);
    assert.deepEqual(told, [
      ["output", pid, "/test", "oops"],
      ["program has failed", pid, "/test", undefined],
    ]);
    const failed = lines.find(({ message }) => message === "program has failed")!;
    assert.equal(failed.fields.tunnel, 5);
    assert.ok(lines.some(({ fields }) => fields.exit === "exit code 7"));
    lines.length = 0;
    end(lease);
  }
  await pool.stop();
});

Deno.test("`ExecHost` takes no exit code for a failure once the program's input has ended", async () => {
  const { pool, lines } = execPool(sh("cat >&2; echo; exit 255"));
  const lease = leased(await pool.connect(request()));
  await lease.connection.write(new TextEncoder().encode("last words\n\n"));
  await lease.connection.closeWrite();
  await until("it has ended", () => pool.report().length === 1);
  end(lease);
  await until("it is in the log", () => lines.length === 2);
  const told = lines.map(({ level, message, fields }) => [level, message, fields.line]);
  assert.deepEqual(told, [
    ["info", "output", "last words"],
    ["info", "program has ended", undefined],
  ]);
  await pool.stop();
});

Deno.test("`ExecHost` is full at max-procs, and not for longer than the program runs", async () => {
  const { pool, lines } = execPool(["/bin/cat"], { maxProcs: 2 });
  const leases = [leased(await pool.connect(request())), leased(await pool.connect(request()))];
  assert.equal(failed(await pool.connect(request())).kind, "full");
  assert.deepEqual(lines, [], "full is no outage");
  assert.deepEqual(pool.report().map(({ state, load }) => [state, load]), [
    ["full", 2],
    ["running", 1],
    ["running", 1],
  ]);
  end(leases[0]!);
  await until("one more may run", () => pool.report().length === 2);
  const third = leased(await pool.connect(request()));
  assert.equal(await roundTrip(third, "hello"), "hello");
  end(third);
  end(leases[1]!);
  await pool.stop();
});

Deno.test("`ExecHost` counts who waits for a program as load: a crowd spreads over the hosts", async () => {
  const { events } = keptLog();
  const host = hostConfig(execTarget(["/bin/cat"]));
  const pool = createPool(route(host, host), events);
  const results = await Promise.all(
    Array.from({ length: 4 }, () => pool.connect(request())),
  );
  const loads = pool.report().filter(({ pid }) => pid === null).map(({ load }) => load);
  assert.deepEqual(loads, [2, 2]);
  results.forEach((result) => end(leased(result)));
  await pool.stop();
});

Deno.test("`ExecHost` says what can't be started", async () => {
  const { pool } = execPool(["/nonexistent/sshd", "-i"]);
  const { kind, reason } = failed(await pool.connect(request()));
  assert.equal(kind, "down");
  assert.match(reason, /^exec:\/nonexistent\/sshd: can't start .*No such file/);
  assert.equal(failed(await pool.connect(request())).reason, reason);
  assert.equal(pool.report()[0]!.failures, 1, "left alone for disable-time");
  await pool.stop();
});

Deno.test("`ExecHost` says in plain words that a name is no program", async () => {
  const { pool } = execPool(["no-such-program", "-i"]);
  assert.equal(
    failed(await pool.connect(request())).reason,
    "exec:no-such-program: can't start no-such-program: there is no such program on its PATH",
  );
  await pool.stop();
});

Deno.test("`ExecHost` ends with signals a program that goes on after `close()`, and its children", async () => {
  const script = "trap '' HUP INT; sleep 300 & echo $$ $!; wait";
  const { pool } = execPool(sh(script), { killSignal: "SIGINT" });
  const lease = leased(await pool.connect(request()));
  const buffer = new Uint8Array(100);
  const count = await lease.connection.read(buffer);
  const left = new TextDecoder().decode(buffer.subarray(0, count!)).trim().split(" ").map(Number);
  assert.deepEqual(left.filter(isRunning), left);
  const pending = lease.connection.read(buffer);
  const refused = assert.rejects(pending);
  end(lease);
  await refused;
  await assert.rejects(lease.connection.read(buffer));
  await assert.rejects(lease.connection.write(buffer));
  await until("both are gone", () => !left.some(isRunning));
  await until("it is not counted", () => pool.report().length === 1);
  await pool.stop();
});

Deno.test("`ExecHost` ends the output with the program, whatever it has left behind", async () => {
  const { pool } = execPool(sh("sleep 300 & echo $!"));
  const lease = leased(await pool.connect(request()));
  const grandchild = Number(await readText(lease.connection));
  assert.ok(grandchild > 1);
  await until("it is gone", () => !isRunning(grandchild));
  end(lease);
  await pool.stop();
});

Deno.test("`ExecHost` stops a running program on `stop()`", async () => {
  const { pool } = execPool(["/bin/cat"]);
  const lease = leased(await pool.connect(request()));
  const { pid } = pool.report()[1]!;
  await pool.stop();
  assert.equal(isRunning(pid!), false);
  assert.equal(await lease.connection.read(new Uint8Array(1)), null);
  end(lease);
});

Deno.test("`ExecHost` goes on reading what a program wrote that no longer reads", async () => {
  const { pool } = execPool(sh("exec 0<&-; echo answer"));
  const lease = leased(await pool.connect(request()));
  await until("it has ended", () => !isRunning(pool.report()[1]?.pid ?? 0));
  // 2.4.2 takes one write that goes nowhere before it tells.
  await assert.rejects(async () => {
    for (let i = 0; i < 3; i++) await lease.connection.write(new Uint8Array(1000));
  }, /Broken pipe/);
  assert.equal(await readText(lease.connection), "answer\n");
  end(lease);
  await pool.stop();
});

Deno.test("`ExecHost` runs `sshd -i`, which greets as an SSH server", async () => {
  const folder = Deno.makeTempDirSync();
  const key = `${folder}/key`;
  // Where sshd, run by root, keeps its unprivileged half; its service makes it.
  const separation = Deno.uid() === 0 && !exists("/run/sshd") ? "/run/sshd" : null;
  if (separation !== null) Deno.mkdirSync(separation, { mode: 0o755 });
  new Deno.Command("ssh-keygen", { args: ["-q", "-t", "ed25519", "-N", "", "-f", key] })
    .outputSync();
  const command = ["/usr/sbin/sshd", "-i", "-e", "-f", "/dev/null", "-h", key];
  const { pool } = execPool(command);
  const lease = leased(await pool.connect(request()));
  assert.match(await roundTrip(lease, "SSH-2.0-test\r\n"), /^SSH-2\.0-OpenSSH_/);
  end(lease);
  await until("it has ended", () => pool.report().length === 1);
  await pool.stop();
  Deno.removeSync(folder, { recursive: true });
  if (separation !== null) Deno.removeSync(separation);
});

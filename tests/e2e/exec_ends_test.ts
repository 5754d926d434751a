/** How a tunnel ends with its program, and the program with its tunnel. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { isRunning } from "../support/processes.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";
import { allEnded, closeWell, readAll, sh, startExec } from "./exec.ts";
import { pidsOf, report } from "./report.ts";
import { assertClosed, text } from "./whole.ts";

Deno.test("a program that fails says why in the log, with its standard error", async () => {
  await using program = await startExec(sh("echo bye; echo no display >&2; exit 3"));
  using client = await openTunnel(program.address);
  assert.equal(await readAll(client), "bye\n");
  const [output, failed, opened] = [
    await program.entry("output"),
    await program.entry("program has failed"),
    await program.entry("tunnel opened"),
  ];
  assert.deepEqual([output.line, output.stream], ["no display", "stderr"]);
  assert.equal(failed.exit, "exit code 3");
  for (const { route, pid, tunnel } of [output, failed]) {
    assert.deepEqual([route, pid, tunnel], ["/", opened.pid, opened.id]);
  }
  await client.send(Opcode.CLOSE, closePayload(1000));
  await client.end();
  await assertClosed(program, { pid: opened.pid, cause: "backend-end", code: 1000 });
  await allEnded(program);
});

for (
  const [what, script] of [
    ["with an exit code", "echo no display >&2; exit 3"],
    ["by a signal", "kill -s KILL $$"],
  ] as const
) {
  testEngines(
    `a program that fails ${what} before it sent anything ends its tunnel with 1011`,
    async (engine) => {
      await using program = await startExec(sh(script), "", {}, engine);
      using client = await openTunnel(program.address);
      assert.deepEqual(await client.closed(), {
        code: 1011,
        reason: "the program failed before it sent anything",
      });
      await client.send(Opcode.CLOSE, closePayload(1011));
      await client.end();
      const { pid, id } = await assertClosed(program, { cause: "backend-failed", code: 1011 });
      const failed = await program.entry("program has failed");
      assert.deepEqual([failed.pid, failed.tunnel, failed.route], [pid, id, "/"]);
      await allEnded(program);
    },
  );
}

Deno.test("a program that ends well before it sent anything ends its tunnel with 1000", async () => {
  await using program = await startExec(sh("exit 0"));
  using client = await openTunnel(program.address);
  assert.equal(await readAll(client), "");
});

Deno.test("a program whose client is done may fail without a word", async () => {
  await using program = await startExec(sh("cat >/dev/null; exit 255"), "tcp-fin-propagate = true");
  using client = await openTunnel(program.address);
  await client.send(Opcode.BINARY, "bye");
  await closeWell(client);
  await assertClosed(program, { cause: "client-close", code: 1000 });
  assert.equal((await program.entry("program has ended")).exit, "exit code 255");
});

Deno.test("what a program prints can't pass for a line of ours", async () => {
  const forged = "tunnel closed id=1 code=1000";
  await using program = await startExec(sh(`echo '${forged}' >&2; exec cat`), "", {
    logFormat: "text",
  });
  using client = await openTunnel(program.address);
  const line = await program.log.find(/stream=stderr/);
  assert.match(
    line,
    /info +output program=exec:\/bin\/sh pid=\d+ .*line="tunnel closed id=1 code=1000"$/,
  );
  await closeWell(client);
});

Deno.test("a program that ignores the end of its input and SIGTERM is killed when its client is gone", async () => {
  await using program = await startExec(
    sh("trap '' TERM HUP; (while :; do sleep 1; done) & echo $!; while :; do sleep 1; done"),
  );
  using client = await openTunnel(program.address);
  const grandchild = Number(text(await client.message()));
  const pids = [...pidsOf(await report(program)), grandchild];
  assert.deepEqual(pids.filter(isRunning), pids);
  await closeWell(client);
  // Some 16 s: first it may work on what it was sent, then come the signals.
  await allEnded(program, 60_000);
  await eventually("their end", () => !pids.some(isRunning));
});

Deno.test("a grandchild that a program leaves behind ends with it", async () => {
  await using program = await startExec(sh("sleep 300 & echo $!; exec cat"));
  using client = await openTunnel(program.address);
  const grandchild = Number(text(await client.message()));
  assert.ok(isRunning(grandchild));
  await closeWell(client);
  await allEnded(program);
  await eventually("its end", () => !isRunning(grandchild));
});

Deno.test("a tunnel ends with its program, though a daemon it has left behind holds its output", async () => {
  const daemon = "setsid sh -c 'echo $$; exec sleep 300' & ";
  await using program = await startExec(sh(daemon + "read -r line; echo bye"));
  using client = await openTunnel(program.address);
  const pid = Number(text(await client.message()));
  try {
    assert.ok(isRunning(pid));
    await client.send(Opcode.BINARY, "\n");
    assert.equal(await readAll(client), "bye\n");
    await client.send(Opcode.CLOSE, closePayload(1000));
    await client.end();
    await assertClosed(program, { cause: "backend-end", code: 1000 });
    assert.ok(isRunning(pid), "not for its end");
  } finally {
    Deno.kill(pid, "SIGKILL");
  }
});

/** wstunnel as the first process of a container: it inherits every orphan, and takes all with it. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { type Program, startWords } from "../support/program.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { BINARY_FRAMES, startWithFile } from "./whole.ts";

const UNSHARE = installed("unshare");
const NAMESPACE = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const why = whyNotPidOne();

function whyNotPidOne(): string | null {
  if (UNSHARE === null) return "there is no unshare";
  const args = [...NAMESPACE, "true"];
  const { success } = new Deno.Command(UNSHARE, { args, stderr: "null" }).outputSync();
  return success ? null : "no namespace is permitted, it needs root";
}

/** Registers a test of wstunnel as PID 1, whose id outside its namespace is `init`. */
function testAsPidOne(
  name: string,
  script: string,
  body: (program: Program, init: number) => Promise<void>,
): void {
  Deno.test({
    name: `as PID 1 ${name}${why === null ? "" : ` (skipped: ${why})`}`,
    ignore: why !== null,
    async fn() {
      const text = `
[wstunnel]
debug = 4
${BINARY_FRAMES}
[[wstunnel.server."/"]]
exec = ${JSON.stringify(["/bin/sh", "-c", script])}
`;
      const words = [UNSHARE!, ...NAMESPACE, ...startWords()] as const;
      await using program = await startWithFile(text, { words });
      const [init, ...more] = childrenOf(program.pid);
      assert.deepEqual(more, []);
      assert.match(Deno.readTextFileSync(`/proc/${init}/status`), /^NSpid:\t\d+\t1$/m);
      await body(program, init!);
    },
  });
}

const TUNNELS = 5;

testAsPidOne(
  "it leaves no zombie of grandchildren, of those that left the program's group neither",
  "sleep 0.1 & setsid sleep 0.2 & echo started",
  async (program, init) => {
    for (let i = 0; i < TUNNELS; i++) {
      using client = await openTunnel(program.address);
      assert.equal((await client.frame()).opcode, Opcode.BINARY);
      assert.equal((await client.closed()).code, 1000);
    }
    await program.entry("orphaned process reaped", 2 * TUNNELS);
    // Those that have ended and wait for it are its children still.
    await eventually("no child is left", () => childrenOf(init).length === 0);
    Deno.kill(init, "SIGTERM");
    assert.equal(await program.exit(), 0);
  },
);

testAsPidOne("it reloads at SIGHUP", "exec cat", async (program, init) => {
  using client = await openTunnel(program.address);
  Deno.kill(init, "SIGHUP");
  const { by } = await program.entry("reading the configuration again");
  assert.equal(by, "SIGHUP");
  await client.send(Opcode.BINARY, "on");
  assert.equal((await client.payload(2)).length, 2);
});

testAsPidOne(
  "its end by SIGKILL is that of every program, in a session of its own or not",
  "setsid sleep 300 & sleep 300 & echo started; exec cat",
  async (program, init) => {
    using client = await openTunnel(program.address);
    assert.equal((await client.frame()).opcode, Opcode.BINARY);
    const [cat, ...more] = childrenOf(init);
    assert.deepEqual(more, []);
    const pids = [cat!, ...childrenOf(cat!)];
    assert.equal(pids.length, 3);
    Deno.kill(init, "SIGKILL");
    await program.exit();
    await eventually("the end of all", () => !pids.some(isRunning));
  },
);

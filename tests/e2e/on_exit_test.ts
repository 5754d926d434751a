/** What follows when a program of `bin-path` has ended by itself. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { accepts, installed } from "../support/installed.ts";
import { type Program, runProgram, startProgram } from "../support/program.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";

const SOCAT = installed("socat");
const OPTIONS = { ignore: SOCAT === null };

/** An echo at a port, which tells its process and, a line a start, that it was started. */
function echoAt(port: number, folder: string, behind = ""): string {
  return `echo x >>${folder}/starts; ${SOCAT} TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork EXEC:cat & ` +
    `echo $! >${folder}/pid; ${behind}`;
}

/** Writes a configuration; gives the flags that name it. */
async function write(
  folder: string,
  port: number,
  command: readonly string[],
  onExit: string,
): Promise<string[]> {
  const file = `${folder}/wstunnel.toml`;
  await Deno.writeTextFile(
    file,
    `[wstunnel]
frame-type = "binary"
[[wstunnel.server."/"]]
port = ${port}
bin-path = ${JSON.stringify(command)}
max-procs = 1
on-exit = "${onExit}"
`,
  );
  return ["--config", file];
}

const sh = (script: string) => ["/bin/sh", "-c", script];

async function startWith(
  folder: string,
  port: number,
  script: string,
  onExit: string,
): Promise<Program> {
  return await startProgram(await write(folder, port, sh(script), onExit));
}

/** The library of websockify's that moves a program which binds to a port to another one. */
const REBIND = "/usr/lib/websockify/rebind.so";

const NO_REBIND = await Deno.stat(REBIND).then(() => false, () => true);

async function pidIn(folder: string): Promise<number> {
  // It may listen before the shell has told of it.
  const read = () => Deno.readTextFile(`${folder}/pid`).catch(() => "");
  return await eventually("its id", async () => Number(await read()));
}

async function assertEchoes({ address }: Program): Promise<void> {
  using client = await openTunnel(address);
  await client.send(Opcode.BINARY, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
}

Deno.test(
  "on-exit = exit: wstunnel ends with its program, and with its exit code",
  OPTIONS,
  async () => {
    await inFolder(async (folder) => {
      const port = freePort();
      const script = echoAt(port, folder, "wait $!; exit 7");
      await using program = await startWith(folder, port, script, "exit");
      await program.entry("program is up");
      await assertEchoes(program);
      Deno.kill(await pidIn(folder), "SIGTERM");
      assert.equal(await program.exit(), 7);
      assert.equal((await program.entry("on-exit: ending"))["level"], "info");
      assert.deepEqual(program.entries("program can't start"), []);
    });
  },
);

const ANYWHERE = ["--listen", "127.0.0.1:0"];

Deno.test("on-exit = exit: also where it never came up", OPTIONS, async () => {
  await inFolder(async (folder) => {
    const flags = await write(folder, freePort(), sh("exit 3"), "exit");
    assert.equal((await runProgram([...flags, ...ANYWHERE])).code, 3);
  });
});

Deno.test("on-exit = exit: also where it isn't there", async () => {
  await inFolder(async (folder) => {
    const flags = await write(folder, freePort(), [`${folder}/nowhere`], "exit");
    const { code, stderr } = await runProgram([...flags, ...ANYWHERE]);
    assert.equal(code, 127);
    assert.match(stderr, /program can't start.*No such file/);
  });
});

Deno.test(
  "on-exit = ignore: what goes on in the background is used and left alone, and not started again",
  OPTIONS,
  async () => {
    await inFolder(async (folder) => {
      const port = freePort();
      const script = echoAt(port, folder).replace(
        "EXEC:cat &",
        "EXEC:cat </dev/null >/dev/null 2>&1 &",
      );
      await using program = await startWith(folder, port, script, "ignore");
      await program.entry("something listens already, no program is started");
      const pid = await pidIn(folder);
      try {
        await assertEchoes(program);
        assert.deepEqual(program.entries("program can't start"), []);
      } finally {
        Deno.kill(pid, "SIGTERM");
      }
      await eventually("its end", async () => !await accepts(`127.0.0.1:${port}`));
      await eventually("a try to start it", async () => {
        await assert.rejects(assertEchoes(program));
        return program.entries("program can't start").length > 0;
      });
      assert.equal(await Deno.readTextFile(`${folder}/starts`), "x\n");
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
    });
  },
);

Deno.test(
  "a program that wants our own port is moved to another by websockify's library",
  { ignore: SOCAT === null || NO_REBIND },
  async () => {
    await inFolder(async (folder) => {
      const [ours, other] = [freePort(), freePort()];
      const file = `${folder}/wstunnel.toml`;
      await Deno.writeTextFile(
        file,
        `listen = "127.0.0.1:${ours}"
[wstunnel]
frame-type = "binary"
[[wstunnel.server."/"]]
port = ${other}
max-procs = 1
bin-path = ["${SOCAT}", "TCP-LISTEN:${ours},reuseaddr,fork", "EXEC:cat"]
bin-environment = { LD_PRELOAD = "${REBIND}", REBIND_OLD_PORT = "${ours}", REBIND_NEW_PORT = "${other}" }
`,
      );
      await using program = await startProgram(["--config", file], { listen: [], listeners: 1 });
      await program.entry("program is up");
      await assertEchoes(program);
    });
  },
);

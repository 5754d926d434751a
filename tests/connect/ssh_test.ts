/** OpenSSH's programs, each behind `ProxyCommand='wstunnel connect …'` alone, as the README has it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { shellWord } from "../../lib/base/shell.ts";
import { freePort, serveBackend } from "../support/backends.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { accepts, installed } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { connectedPorts } from "../support/listening.ts";
import { commandsWith, isRunning } from "../support/processes.ts";
import { type Program, startProgram } from "../support/program.ts";
import { connectProxy, NO_OPENSSH, type Sshd, sshFlags, startSshd } from "../support/ssh.ts";

const NO_CURL = installed("curl") === null ? "curl is not installed" : null;

/** For 200 MB on a busy machine. */
const DEADLINE_MS = 120_000;

const FILE_BYTES = 200_000_000;

interface Behind {
  readonly sshd: Sshd;
  readonly program: Program;
  /** Starts a program of OpenSSH, which logs in by the flags that are put in front of `args`. */
  start(stdin: "null" | "piped", name: string, ...args: string[]): Deno.ChildProcess;
  /** Runs it to its end. */
  run(name: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** Registers a test that begins with a server of SSH behind a tunnel, and sees to it that nothing of `connect` is left. */
function testBehind(name: string, body: (behind: Behind) => Promise<void>, without = NO_OPENSSH) {
  const why = without === null ? "" : ` (skipped: ${without})`;
  Deno.test({
    name: `${name}${why}`,
    ignore: without !== null,
    async fn() {
      await using sshd = await startSshd("Subsystem sftp internal-sftp\n");
      await using program = await startProgram(
        ["--frame-type", "binary", "--server", sshd.address],
      );
      const url = `ws://${program.address}/`;
      const flags = sshFlags(sshd.folder, connectProxy(url));
      const start = (stdin: "null" | "piped", name: string, ...args: string[]) =>
        new Deno.Command(installed(name)!, {
          args: [...flags, ...args],
          stdin,
          stdout: "piped",
          stderr: "piped",
        }).spawn();
      const run = async (name: string, ...args: string[]) => {
        const child = start("null", name, ...args);
        const output = inTime(name, child.output(), () => child.kill("SIGKILL"), DEADLINE_MS);
        const { code, stdout, stderr } = await output;
        const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        return { code, stdout: out!, stderr: error! };
      };
      await body({ sshd, program, start, run });
      await eventually("no connect to be left", () => commandsWith(url).length === 0);
      if (!isRunning(program.pid)) return;
      const ports = [program.address, sshd.address].map((address) => Number(address.split(":")[1]));
      const isLeft = () => connectedPorts(program.pid).some((port) => ports.includes(port));
      await eventually("no connection to be left", () => !isLeft());
    },
  });
}

/** Writes random bytes and gives their hash. */
async function writeRandom(path: string): Promise<string> {
  using file = await Deno.create(path);
  const hash = createHash("sha256");
  const part = new Uint8Array(1_000_000);
  for (let left = FILE_BYTES; left > 0; left -= part.length) {
    // So many at once are given, no more.
    for (let at = 0; at < part.length; at += 50_000) {
      crypto.getRandomValues(part.subarray(at, at + 50_000));
    }
    hash.update(part);
    for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
  }
  return hash.digest("hex");
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const part = new Uint8Array(1_000_000);
  for (let count; (count = await file.read(part)) !== null;) hash.update(part.subarray(0, count));
  return hash.digest("hex");
}

testBehind("scp copies 200 MB there and back unchanged", async ({ sshd, program, run }) => {
  const [here, there, back] = ["here", "there", "back"].map((name) => `${sshd.folder}/${name}`);
  const expected = await writeRandom(here!);
  for (const [from, to] of [[here, `server:${there}`], [`server:${there}`, back]]) {
    const { code, stderr } = await run("scp", from!, to!);
    assert.deepEqual([code, stderr], [0, ""]);
  }
  assert.equal(await hashOf(there!), expected);
  assert.equal(await hashOf(back!), expected);
  const [up, down] = [1, 2].map((nth) => program.entry("tunnel closed", nth));
  assert.ok(Number((await up!).up) > FILE_BYTES);
  assert.ok(Number((await down!).down) > FILE_BYTES);
});

testBehind("sftp does a batch, and its exit code says where one failed", async ({ sshd, run }) => {
  const folder = sshd.folder;
  await Deno.writeTextFile(`${folder}/one`, "one\n");
  await Deno.writeTextFile(
    `${folder}/batch`,
    `mkdir ${folder}/made
put ${folder}/one ${folder}/made/two
rename ${folder}/made/two ${folder}/made/three
get ${folder}/made/three ${folder}/four
ls -1 ${folder}/made
`,
  );
  const done = await run("sftp", "-b", `${folder}/batch`, "server");
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /\/made\/three\s*$/);
  assert.equal(await Deno.readTextFile(`${folder}/four`), "one\n");
  // What is made already can't be made.
  const failed = await run("sftp", "-b", `${folder}/batch`, "server");
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /mkdir/);
});

testBehind("ssh -D is a way out for curl, and its end ends the tunnel", async (behind) => {
  const { sshd, program, start } = behind;
  const page = new Uint8Array(5_000_000).fill(0x70);
  await using site = serveBackend(async ({ reader, write }) => {
    await reader.through("\r\n\r\n", "the request");
    await write(`HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n`);
    await write(page);
  });
  const proxy = `127.0.0.1:${freePort()}`;
  const forwarding = start(
    "null",
    "ssh",
    "-N",
    "-D",
    proxy,
    "-o",
    "ExitOnForwardFailure=yes",
    "server",
  );
  const ended = forwarding.output();
  try {
    await eventually("ssh to listen", () => accepts(proxy));
    const { port } = new URL(`tcp://${site.address}`);
    const asking = ["--socks5-hostname", proxy, `http://localhost:${port}/`].map(shellWord);
    const args = ["-c", `curl -sS4 --noproxy '' -m 20 ${asking.join(" ")} | sha256sum`];
    const { stdout } = await new Deno.Command("/bin/sh", { args }).output();
    const expected = createHash("sha256").update(page).digest("hex");
    assert.equal(new TextDecoder().decode(stdout), `${expected}  -\n`);
  } finally {
    forwarding.kill("SIGTERM");
    await ended;
  }
  await program.entry("tunnel closed");
  assert.equal(program.entries("tunnel opened").length, 1, sshd.address);
}, NO_OPENSSH ?? NO_CURL);

testBehind(
  "ssh's exit codes are the command's, and 255 where the tunnel fails, with its words",
  async (behind) => {
    const { sshd, program, start, run } = behind;
    assert.deepEqual(await run("ssh", "server", "echo out; echo err >&2; exit 7"), {
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    assert.equal((await run("ssh", "server", "kill -9 $$")).code, 255);

    const staying = start("piped", "ssh", "server", "echo here; exec cat");
    const output = readLines(staying.stdout);
    const errors = readLines(staying.stderr);
    await output.find(/^here$/);
    Deno.kill(sshd.pid, "SIGKILL");
    await eventually("sshd to be gone", async () => !await accepts(sshd.address));
    const refused = await run("ssh", "server", "true");
    assert.equal(refused.code, 255);
    assert.match(refused.stderr, /^wstunnel: \S+: refuses: 503 Service Unavailable: /);

    // The session is a process of its own.
    program.signal("SIGKILL");
    const kill = () => staying.kill("SIGKILL");
    assert.equal((await inTime("ssh's end", staying.status, kill)).code, 255);
    await staying.stdin.close();
    await Promise.all([output.ended, errors.ended]);
    assert.match(errors.all[0]!, /^wstunnel: \S+: the connection to the server is lost$/);
  },
);

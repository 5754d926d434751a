/** `wstunnel top` in a terminal of its own, of a server that runs. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, runProgram, startProgram, startWords } from "../support/program.ts";
import { closePayload, Opcode, openTunnel } from "../support/raw_client.ts";
import { openTerminal, PYTHON, type Terminal, type TerminalOptions } from "../support/terminal.ts";

const ENV = { TERM: "xterm-256color", LC_ALL: "C.UTF-8", NO_COLOR: "" };

const SIZE = { rows: 24, columns: 100 };

interface World {
  readonly program: Program;
  readonly admin: string;
  readonly backend: string;
  /** Starts `top` and waits until it is drawn. */
  top(options?: Partial<TerminalOptions>): Promise<Terminal>;
}

/** A server with a backend and a socket for commands. */
async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using backend = serveBackend(echo);
    const admin = `unix:${folder}/admin.sock`;
    const args = ["--server", backend.address, "--frame-type", "binary", "--admin", admin];
    await using program = await startProgram(args);
    await test({
      program,
      admin,
      backend: backend.address,
      top: (options) => openTop(admin, options),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function openTop(
  admin: string,
  options: Partial<TerminalOptions> = {},
): Promise<Terminal> {
  const words = [...startWords(), "top", "--admin", admin];
  const terminal = await openTerminal(words, { ...SIZE, env: ENV, ...options });
  await terminal.sees(/^wstunnel \d.* serving .*[^]*\? help/m);
  return terminal;
}

function test(name: string, run: (world: World) => Promise<void>): void {
  Deno.test({
    name: PYTHON === null ? `${name} (skipped: no python3)` : name,
    ignore: PYTHON === null,
    fn: () => inWorld(run),
  });
}

/** It has ended well and left no trace. */
async function assertGone(terminal: Terminal): Promise<void> {
  const { code, modes } = await terminal.exit();
  assert.equal(code, 0, terminal.text);
  assert.equal(modes, terminal.modesBefore);
  assert(terminal.isPlain);
}

test("`top` shows a tunnel, ends it after a y, and leaves the terminal as it was", async (world) => {
  const { program, top } = world;
  using one = await openTunnel(program.address, "/one");
  using two = await openTunnel(program.address, "/two");
  await using terminal = await top();
  assert(!terminal.isPlain);
  assert.notEqual(await terminal.modes(), terminal.modesBefore);
  await terminal.sees(/^ *1 +127\.0\.0\.1:\d+ [^]*^ *2 +127\.0\.0\.1:\d+ /m);
  await terminal.sees(/^tunnels +2 /m);

  terminal.press("/nobody");
  await terminal.sees(/^\/nobody_/m);
  await terminal.sees(/WAITS?\s+\/nobody/);
  terminal.press("\x1b");
  await terminal.sees(/^2 tunnels/m);

  // By id, the second: down, then the question, which is not for the other one.
  terminal.press("<<<<<<<<<");
  await terminal.sees(/^ID▲ /m);
  terminal.press("\x1b[Be");
  await terminal.sees(/^end tunnel 2 of 127\.0\.0\.1:\d+ to .*\? y or n/m);
  terminal.press("n");
  await terminal.sees(/^tunnel 2 goes on/m);
  terminal.press("ey");
  assert.equal((await two.closed()).code, 1001);
  await two.send(Opcode.CLOSE, closePayload(1001));
  await two.end();
  await terminal.sees(/^tunnel 2 is being ended/m);
  await terminal.sees(/^tunnels +1 /m);
  await one.send(Opcode.BINARY, "still here");
  assert.equal(new TextDecoder().decode(await one.message()), "still here");

  terminal.press("?");
  await terminal.sees(/any key: back/);
  terminal.press("q");
  await assertGone(terminal);
});

test("`top` fits a window of any size, and follows another", async ({ program, top }) => {
  using _one = await openTunnel(program.address);
  await using terminal = await top({ rows: 10, columns: 40 });
  await terminal.sees(/^ID .*DOWN\/S▼\n *1 +127/m);
  assert.doesNotMatch(terminal.text, /^BACKEND/m);
  assert(terminal.text.split("\n").every((line) => line.length <= 40));
  terminal.resize(30, 120);
  await terminal.sees(/^BACKEND +ROUTE[^]*^ID +CLIENT +ROUTE +BACKEND +AGE +UP +DOWN +UP\/S/m);
  assert.equal(terminal.text.split("\n").length, 30);
  terminal.resize(5, 20);
  await terminal.sees(/^at least 40x10/);
  terminal.resize(24, 80);
  await terminal.sees(/^ID .*DOWN\/S▼/m);
  terminal.press("q");
  await assertGone(terminal);
});

test("`top` gives the terminal back while it is stopped, and when a signal ends it", async ({ top }) => {
  await using terminal = await top();
  const own = await terminal.modes();
  const stopped = async (nth: number) => {
    await eventually("a stop", () => terminal.stops === nth);
    assert.equal(await terminal.modes(), terminal.modesBefore);
    assert(terminal.isPlain);
    terminal.signal("SIGCONT");
    await eventually("its return", () => !terminal.isPlain);
    await terminal.sees(/^BACKEND/m);
    assert.equal(await terminal.modes(), own);
  };
  terminal.press("\x1a");
  await stopped(1);
  terminal.signal("SIGTSTP");
  await stopped(2);
  // Nobody asks who is stopped so.
  terminal.signal("SIGSTOP");
  await eventually("a stop", () => terminal.stops === 3);
  terminal.signal("SIGCONT");
  terminal.press("?");
  await terminal.sees(/any key: back/);
  terminal.signal("SIGTERM");
  await assertGone(terminal);
  for (const end of ["SIGINT", "SIGHUP"] as const) {
    await using other = await top();
    other.signal(end);
    await assertGone(other);
  }
  await using last = await top();
  last.press("\x03");
  await assertGone(last);
});

test("`top` says that the server doesn't answer, and goes on with the one that comes back", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const listen = { listen: [`unix:${folder}/s.sock`] };
    const admin = `unix:${folder}/admin.sock`;
    const args = ["--server", "127.0.0.1:1", "--frame-type", "binary", "--admin", admin];
    const start = () => startProgram(args, listen);
    const first = await start();
    await using terminal = await openTop(admin);
    first.signal("SIGTERM");
    await first.exit();
    await first[Symbol.asyncDispose]();
    await terminal.sees(/^no answer for \d+ s, trying again: nobody listens at unix:/m);
    await using _second = await start();
    await terminal.sees(/^wstunnel \d.* serving/m);
    await terminal.sees(/^the server was started anew/m);
    await terminal.sees(/^tunnels +0 /m);
    terminal.press("q");
    await assertGone(terminal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("`top` ends with its terminal", async ({ top }) => {
  await using terminal = await top();
  terminal.hangUp();
  assert.equal((await terminal.exit()).code, 0);
});

test("`top` takes nothing from a server that answers something else", async () => {
  let looks = 0;
  const status = { version: "0", phase: "serving", started: 0, pid: 1 };
  const answers: Readonly<Record<string, () => unknown>> = {
    "/api/status": () => ({
      ...status,
      // No server of ours says so.
      listeners: ++looks < 3 ? [] : { every: null },
    }),
    "/api/tunnels": () => ({ tunnels: [] }),
    "/api/backends": () => ({ backends: [] }),
  };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    ({ url }) => Response.json(answers[new URL(url).pathname]?.() ?? {}),
  );
  await using terminal = await openTop(`127.0.0.1:${server.addr.port}`);
  await terminal.sees(/^no answer for .*: 127\.0\.0\.1:\d+ answers 200; is it the admin listener/m);
  terminal.press("q");
  await assertGone(terminal);
});

test("`top` drains the chosen backend and uses it again", async ({ backend, top }) => {
  await using terminal = await top();
  terminal.press("d");
  await terminal.sees(/^choose a backend, then d/m);
  terminal.press("d");
  await terminal.sees(new RegExp(`^${backend} of / gets no new tunnels`, "m"));
  await terminal.sees(/ up, drained /m);
  terminal.press("u");
  await terminal.sees(/ gets tunnels again/m);
  await terminal.sees(/ up +0 /m);
  terminal.press("q");
  await assertGone(terminal);
});

test("`top` prints once what is to be seen where it can't draw, and says who doesn't answer", async (world) => {
  const { program, admin, backend, top } = world;
  using _one = await openTunnel(program.address);
  const once = await runProgram(["top", "--admin", admin]);
  assert.equal(once.code, 0, once.stderr);
  const place = `127\\.0\\.0\\.1:\\d+`;
  assert.match(once.stdout, /^wstunnel \d.* serving /);
  assert.match(once.stdout, new RegExp(`\n${backend} +/ +up `));
  assert.match(once.stdout, new RegExp(`\n *1 +${place} +/ +${backend} `));
  assert(!once.stdout.includes("\x1b"));
  const words = [...startWords(), "top", "--admin", admin];
  await using dumb = await openTerminal(words, { ...SIZE, env: { ...ENV, TERM: "dumb" } });
  assert.equal((await dumb.exit()).code, 0);
  assert.match(dumb.output, /wstunnel \d.* serving [^]*BACKEND +ROUTE/);
  const nobody = await runProgram(["top", "--admin", "unix:/nonexistent/x"]);
  assert.deepEqual([nobody.code, nobody.stdout], [1, ""]);
  assert.match(nobody.stderr, /^wstunnel: nobody listens at unix:\/nonexistent\/x: /);

  // NO_COLOR: nothing but bold and reverse.
  await using plain = await top({ env: { ...ENV, NO_COLOR: "1" } });
  plain.press("q");
  await assertGone(plain);
  assert.doesNotMatch(plain.output.slice(plain.output.indexOf("1049h")), /\[3[0-7]m/);
  await using coloured = await top();
  coloured.press("q");
  await assertGone(coloured);
  assert(coloured.output.includes("\x1b[36m"));
});

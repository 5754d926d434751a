/** `websockify PORT -- COMMAND`: websockify's documented examples, with its library that moves a program to another port. */
import assert from "node:assert/strict";
import { text } from "../e2e/whole.ts";
import { freePort } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { exists, notInstalled } from "../support/installed.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { testUnless } from "../ship/executable.ts";
import { screenAt } from "./rfb.ts";
import { type Running, startWebsockify } from "./running.ts";

const REBIND = "/usr/lib/websockify/rebind.so";

function why(...programs: readonly string[]): string | null {
  return notInstalled([...programs, REBIND]);
}

/** It takes one connection and ends with it, as telnetd does with -debug. */
function startOnce(port: number, mode: readonly string[], folder: string): Promise<Running> {
  const once = ["socat", `TCP-LISTEN:${port},reuseaddr`, "SYSTEM:echo once; cat"];
  return startWebsockify([String(port), ...mode, "--", ...once], folder);
}

async function sayAt(address: string): Promise<void> {
  using client = await openTunnel(address);
  assert.equal(text(await client.payload(5, Opcode.BINARY)), "once\n");
  await client.send(Opcode.BINARY, "hello");
  assert.equal(text(await client.payload(5, Opcode.BINARY)), "hello");
  await client.close(1000);
}

testUnless(
  why("socat"),
  "a program that takes one connection is started again by respawn",
  () =>
    inFolder(async (folder) => {
      await using server = await startOnce(freePort(), ["--wrap-mode=respawn"], folder);
      await sayAt(server.address);
      // Until it is there again the answer is 503.
      const again = () => sayAt(server.address).then(() => true, () => false);
      await eventually("a second connection", again);
      assert.equal(await server.end(), 0);
    }),
);

testUnless(
  why("socat"),
  "it ends with the program, unless told otherwise",
  () =>
    inFolder(async (folder) => {
      await using server = await startOnce(freePort(), [], folder);
      await sayAt(server.address);
      assert.equal(await server.exit(), 0);
    }),
);

testUnless(why("socat"), "a program is told its port by {port}", () =>
  inFolder(async (folder) => {
    const words = ["socat", "TCP-LISTEN:{port},bind=127.0.0.1,fork", "SYSTEM:echo once; cat"];
    await using server = await startWebsockify(["0", "--", ...words], folder);
    await sayAt(server.address);
    assert.equal(await server.end(), 0);
  }));

/** A display whose port, 5900 and its number, nobody has. */
function freeDisplay(): number {
  const first = 100 + Math.floor(Math.random() * 400);
  for (let display = first;; display++) {
    try {
      using _port = Deno.listen({ hostname: "0.0.0.0", port: 5900 + display });
      Deno.statSync(`/tmp/.X11-unix/X${display}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return display;
    }
  }
}

testUnless(
  why("vncserver", "xauth"),
  "vncserver, which puts itself into the background, by ignore",
  () =>
    inFolder(async (folder) => {
      // What it would start in the screen.
      await Deno.writeTextFile(`${folder}/startup`, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
      const display = freeDisplay();
      const env = { HOME: folder, DENO_DIR: denoDir() };
      const own = ["-SecurityTypes", "None", "-xstartup", `${folder}/startup`];
      const command = ["vncserver", "-geometry", "1024x768", ...own, `:${display}`];
      const words = [String(5900 + display), "--wrap-mode=ignore", "--", ...command];
      try {
        await using server = await startWebsockify(words, folder, { env });
        assert.deepEqual(await screenAt(server.address, "/websockify"), [1024, 768]);
        // It has gone into the background, and is used all the same.
        await server.log.find(/something listens already/);
        assert.deepEqual(await screenAt(server.address, "/websockify"), [1024, 768]);
        assert.equal(await server.end(), 0);
        assert.ok(exists(`/tmp/.X11-unix/X${display}`), "what is in the background goes on");
      } finally {
        for (const pid of pidsIn(`${folder}/.vnc`)) Deno.kill(pid, "SIGTERM");
        await eventually("its end", () => !exists(`/tmp/.X11-unix/X${display}`));
      }
    }),
);

/** Of the servers that vncserver has started. */
function pidsIn(folder: string): number[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".pid"))
    .map(({ name }) => Number(Deno.readTextFileSync(`${folder}/${name}`)));
}

/** Where the runtime keeps what it has fetched, also with another HOME. */
function denoDir(): string {
  return Deno.env.get("DENO_DIR") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
}

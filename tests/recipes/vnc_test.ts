/** The recipes of the README for noVNC, each run as it stands there: Debian's page in a real browser, and real VNC servers. */
import assert from "node:assert/strict";
import { ENGINES } from "../e2e/engine_limits.ts";
import { freePort } from "../support/backends.ts";
import { fill, recipe } from "./readme.ts";
import { BLUE, GRAY, GREEN, openViewer, RED, SCREEN_PROGRAMS, startScreen } from "./screen.ts";
import { testRecipe } from "./shell.ts";

testRecipe(
  "the recipe for VNC shows what is typed, also behind a restart of each server",
  SCREEN_PROGRAMS,
  async (shell) => {
    const heading = "VNC in a browser, with noVNC";
    const vnc = freePort();
    let screen = await startScreen(shell, vnc);
    const serve = (flags = "") => {
      const places = { "127.0.0.1:5901": `127.0.0.1:${vnc}` };
      const script = fill(recipe(heading, "sh").trim(), places) + flags;
      return shell.start(script, `127.0.0.1:${shell.port}`);
    };
    let server = await serve();
    await using viewer = await openViewer();
    const url = fill(recipe(heading, "text").trim(), { "8080": String(shell.port) });
    await viewer.open(url, "320x200", GRAY);
    await viewer.type(RED);

    for (const [at, engine] of ENGINES.entries()) {
      await server.stop(at % 2 === 0 ? "SIGTERM" : "SIGKILL");
      await viewer.loses();
      server = await serve(` --engine ${engine}`);
      await viewer.reconnect();
      await viewer.type(BLUE);
      await viewer.type(GREEN);
    }
    // The page by the last of them, the native one.
    await viewer.open(url, "320x200", GREEN);

    await screen.stop("SIGTERM");
    await viewer.loses();
    screen = await startScreen(shell, vnc);
    await viewer.reconnect();
    await viewer.shows(GRAY);
    await viewer.type(RED);
  },
);

testRecipe(
  "the recipe for VNC of several machines leads where the file's tokens say, while it is edited",
  SCREEN_PROGRAMS,
  async (shell) => {
    const heading = "VNC of several machines, by tokens";
    const sizes = ["320x200", "400x300", "360x240"] as const;
    const [first, second, third] = ["mFhPS2g4wqAq", "kZ7pQ5tXc2Bn", "added-later"];
    const ports = sizes.map(() => freePort());
    for (const [at, size] of sizes.entries()) await startScreen(shell, ports[at]!, size);
    const places = {
      "127.0.0.1:5901": `127.0.0.1:${ports[0]}`,
      "127.0.0.1:5902": `127.0.0.1:${ports[1]}`,
    };
    await shell.start(fill(recipe(heading, "sh"), places), `127.0.0.1:${shell.port}`);
    await using viewer = await openViewer();
    const url = (port: number, token: string) =>
      fill(recipe(heading, "text").trim(), { "8080": String(port), [first]: token });
    await viewer.open(url(shell.port, first), sizes[0], GRAY);
    await viewer.open(url(shell.port, second), sizes[1], GRAY);
    await viewer.type(GREEN);

    const websockify = freePort();
    const server = fill(recipe(heading, "sh", 1), { "6080": `127.0.0.1:${websockify}` });
    await shell.start(server, `127.0.0.1:${websockify}`);
    await viewer.open(url(websockify, second), sizes[1], GREEN);
    await viewer.fails(url(websockify, third));
    await viewer.open(url(websockify, first), sizes[0], GRAY);
    await viewer.type(RED);
    const edited = `sed -i -e '/^${first}:/d' -e '$a ${third}: 127.0.0.1:${ports[2]}' tokens`;
    assert.deepEqual(await shell.run(edited), { code: 0, stdout: "", stderr: "" });
    // Who is in stays in.
    await viewer.type(BLUE);
    await viewer.fails(url(websockify, first));
    await viewer.open(url(websockify, third), sizes[2], GRAY);
    await viewer.type(RED);
    await viewer.open(url(websockify, second), sizes[1], GREEN);
  },
);

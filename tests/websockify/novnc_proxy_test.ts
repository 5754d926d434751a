/** noVNC's own script, as Debian has it, with ours under the name `websockify` on the PATH; and tokens for screens. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { accepts, notInstalled, type Server, startServer } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { testUnless } from "../ship/executable.ts";
import { screenAt } from "./rfb.ts";
import { startWebsockify, writeWebsockify } from "./running.ts";

const SCRIPT = "/usr/share/novnc/utils/novnc_proxy";

const NO_SCREEN = notInstalled(["Xtigervnc"]);
const NO_SCRIPT = notInstalled(["Xtigervnc", "bash", "ps", "which", SCRIPT]);

/** A screen of a size; at the first display that is free. */
async function startScreen(size: string): Promise<Server & { readonly address: string }> {
  const port = freePort();
  const address = `localhost:${port}`;
  const args = `-displayfd 1 -rfbport ${port} -localhost -SecurityTypes None -geometry ${size}`;
  const server = await startServer("Xtigervnc", args.split(" "), address);
  return { ...server, address };
}

testUnless(
  NO_SCRIPT,
  "novnc_proxy runs unchanged with ours in websockify's place",
  () =>
    inFolder(async (folder) => {
      await using screen = await startScreen("320x200");
      await Deno.mkdir(`${folder}/bin`);
      const websockify = await writeWebsockify(`${folder}/bin`);
      const port = freePort();
      const child = new Deno.Command(SCRIPT, {
        args: ["--listen", String(port), "--vnc", screen.address, "--heartbeat", "30"],
        cwd: folder,
        env: { PATH: `${folder}/bin:/usr/bin:/bin` },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const [output, errors] = [readLines(child.stdout), readLines(child.stderr)];
      let status: Deno.CommandStatus | null = null;
      const gone = child.status.then((value) => status = value);
      try {
        await output.find(/^Navigate to this URL/);
        assert.ok(output.all.includes(`Using installed websockify at ${websockify}`));
        const address = `127.0.0.1:${port}`;
        await eventually("its port", () => accepts(address));
        assert.deepEqual(await screenAt(address, "/websockify"), [320, 200]);
        const page = await fetch(`http://${address}/vnc.html`);
        assert.equal(await page.text(), await Deno.readTextFile("/usr/share/novnc/vnc.html"));
        child.kill("SIGTERM");
        await inTime("the end of novnc_proxy", gone, () => child.kill("SIGKILL"));
        // What it has started ends with it.
        await eventually("the end of ours", async () => !await accepts(address));
        await errors.find(/SIGTERM: ending/);
      } finally {
        if (status === null) child.kill("SIGTERM");
        await inTime("its output's end", Promise.all([gone, output.ended, errors.ended]), () => {});
      }
    }),
);

testUnless(
  NO_SCREEN,
  "a token file of three screens is edited while it runs",
  () =>
    inFolder(async (folder) => {
      const sizes = [[320, 200], [400, 300], [640, 480]] as const;
      await using started = new AsyncDisposableStack();
      // One after the other: each looks for a display that is free.
      const screens: { readonly address: string }[] = [];
      for (const [width, height] of sizes) {
        screens.push(started.use(await startScreen(`${width}x${height}`)));
      }
      const write = async (tokens: readonly string[]) => {
        const lines = tokens.map((token, at) => `${token}: ${screens[at]!.address}\n`);
        await Deno.writeTextFile(`${folder}/new`, lines.join(""));
        await Deno.rename(`${folder}/new`, `${folder}/tokens`);
      };
      await write(["one", "two", "three"]);
      const args = ["--token-plugin", "TokenFile", "--token-source", "tokens", "0"];
      await using server = await startWebsockify(args, folder);
      const screenOf = (token: string) => screenAt(server.address, `/websockify?token=${token}`);
      assert.deepEqual(await Promise.all(["one", "two", "three"].map(screenOf)), sizes);
      await write(["three", "one", "four"]);
      assert.deepEqual(await Promise.all(["three", "one", "four"].map(screenOf)), sizes);
      await assert.rejects(screenOf("two"), /^Error: refused: 403/);
    }),
);

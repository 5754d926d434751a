/** A program that asks for a socket as its standard input, as inetd gives one: Debian's `x11vnc -inetd`, at a display of its own. */
import assert from "node:assert/strict";
import { canGiveDescriptors } from "../../lib/sys/descriptors.ts";
import { inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { reportThat } from "./report.ts";
import { BINARY_FRAMES, startWithFile, text } from "./whole.ts";

const X11VNC = installed("x11vnc");
const XVFB = installed("Xvfb");

/** Of the desktop. */
const NAME = "test";

const why = !canGiveDescriptors
  ? "this runtime gives no descriptors"
  : X11VNC === null
  ? "there is no x11vnc"
  : XVFB === null
  ? "there is no Xvfb"
  : null;

/** Starts an X server, which chooses its display. */
async function startDisplay() {
  const server = new Deno.Command(XVFB!, {
    args: ["-displayfd", "1", "-screen", "0", "320x200x24", "-nolisten", "tcp"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    server.kill("SIGKILL");
    await reader.cancel();
    await server.status;
  };
  const reader = server.stdout.getReader();
  const { value } = await inTime("a display", reader.read(), () => server.kill("SIGKILL"));
  const display = `:${new TextDecoder().decode(value).trim()}`;
  return { display, [Symbol.asyncDispose]: stop };
}

Deno.test({
  name: `x11vnc -inetd shows a display to each tunnel${why === null ? "" : ` (skipped: ${why})`}`,
  ignore: why !== null,
  async fn() {
    await using screen = await startDisplay();
    const options = ["-q", "-nopw", "-shared", "-desktop", NAME, "-display", screen.display];
    const command = [X11VNC!, "-inetd", ...options];
    await using program = await startWithFile(`
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/"]]
exec = ${JSON.stringify(command)}
`);
    for (let i = 0; i < 2; i++) {
      using client = await openTunnel(program.address);
      const greeting = "RFB 003.008\n";
      assert.equal(text(await client.payload(greeting.length)), greeting);
      await client.send(Opcode.BINARY, greeting);
      // One way to say who one is: none (RFC 6143, section 7.1.2).
      assert.deepEqual(await client.payload(2), Uint8Array.of(1, 1));
      await client.send(Opcode.BINARY, Uint8Array.of(1));
      assert.deepEqual(await client.payload(4), new Uint8Array(4));
      await client.send(Opcode.BINARY, Uint8Array.of(1));
      const init = await client.payload(24 + NAME.length);
      const size = new DataView(init.buffer);
      assert.deepEqual([size.getUint16(0), size.getUint16(2)], [320, 200]);
      assert.equal(text(init.subarray(24)), NAME);
    }
    await reportThat(program, "no program", ({ rows }) => rows.length === 1);
  },
});

/** `wstunnel websockify -D`: in the background once it listens, or an error. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { accepts } from "../support/installed.ts";
import { runProgram } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";

Deno.test("websockify -D ends with 0 once the one in the background listens, which goes on by itself", async () => {
  await inFolder(async (folder) => {
    await using backend = serveBackend(echo);
    const log = `${folder}/log`;
    const args = ["websockify", "-D", "--log-file", log, "127.0.0.1:0", backend.address];
    // It has given back all that it was given: else this would wait for its end.
    const { code, stderr } = await runProgram(args);
    assert.equal(code, 0, stderr);
    const pid = Number(/it goes on in the background, as process (\d+)$/m.exec(stderr)?.[1]);
    // The line is written by a thread of its own.
    const address = await eventually(
      "its first line",
      async () => /listening on (\S+)\s/.exec(await Deno.readTextFile(log))?.[1],
    );
    assert.ok(address);
    try {
      const status = await Deno.readTextFile(`/proc/${pid}/stat`);
      const [, , , session] = status.slice(status.lastIndexOf(")") + 2).split(" ");
      assert.equal(Number(session), pid, "a session of its own");
      using client = await openTunnel(address);
      await client.send(2, "hello");
      assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
    } finally {
      Deno.kill(pid, "SIGTERM");
    }
    await eventually("its end", async () => !await accepts(address));
    await eventually(
      "its last line",
      async () => (await Deno.readTextFile(log)).includes("SIGTERM: ending"),
    );
  });
});

Deno.test("websockify -D tells what keeps it from listening, and ends with 1", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["websockify", "-D", `127.0.0.1:${port}`, "127.0.0.1:1"];
  const { code, stderr } = await runProgram(args);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
});

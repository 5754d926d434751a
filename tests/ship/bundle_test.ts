/** What is compiled, run by the Deno that the project is pinned to: its bundles load what they need. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chooseEngine } from "../../lib/control/engine_choice.ts";
import { ROOT, writeBundles } from "../../scripts/compile.ts";
import { freePort } from "../support/backends.ts";
import { installed, startServer } from "../support/installed.ts";
import { startProgram } from "../support/program.ts";
import { adminAddress, ask } from "../admin/asking.ts";
import { answerOf, nameAt, named } from "../e2e/targets.ts";
import { text } from "../e2e/whole.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { startWebsockify } from "../websockify/running.ts";
import { testUnless } from "./executable.ts";

const COMMIT = "0123456789ab";
const { main, beside } = await writeBundles(COMMIT);

/** As an executable has it: nothing to resolve and nothing to fetch. */
const WORDS: readonly [string, ...string[]] = [
  Deno.execPath(),
  ...["run", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--allow-all"],
  fileURLToPath(new URL(main, ROOT)),
];

const REDIS = installed("redis-server");
const CLI = installed("redis-cli");

Deno.test({
  name: `bundled, it asks Redis, whose client is a bundle of its own${
    REDIS === null ? " (skipped: no redis-server)" : ""
  }`,
  ignore: REDIS === null || CLI === null,
  async fn() {
    const sizeOf = (path: string) => Deno.statSync(new URL(path, ROOT)).size;
    assert(sizeOf(main) < 6e5, `${main} has ${sizeOf(main)} bytes`);
    assert(sizeOf(beside.find((path) => path.endsWith("/redis_client.js"))!) > 5e5);
    const port = freePort();
    const at = `127.0.0.1:${port}`;
    const folder = await Deno.makeTempDir();
    try {
      await using _redis = await startServer(REDIS!, ["--port", `${port}`, "--save", ""], at);
      await using backend = named("by Redis");
      const args = ["-p", `${port}`, "set", "desk", backend.address];
      assert((await new Deno.Command(CLI!, { args }).output()).success);
      await Deno.writeTextFile(
        `${folder}/x.toml`,
        `[wstunnel]\nframe-type = "binary"\n[wstunnel.server."/"]\ntargets = { redis = "redis://${at}" }\n`,
      );
      await using program = await startProgram(["--config", `${folder}/x.toml`], {
        words: WORDS,
      });
      assert.equal(await nameAt(program, "/?token=desk"), "by Redis");
      assert.equal((await answerOf(program, "/?token=none")).status, 403);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("bundled, its metrics, which are loaded with the admin listener alone, name the commit that it was built from", async () => {
  const server = "127.0.0.1:1";
  await using program = await startProgram(
    ["--server", server, "--frame-type", "binary", "--admin", "127.0.0.1:0"],
    { words: WORDS },
  );
  const { status, text } = await ask(adminAddress(program), "/metrics");
  assert.equal(status, 200);
  const { engine } = chooseEngine("auto");
  const build = `^wstunnel_build_info\\{[^}]*commit="${COMMIT}",[^}]*engine="${engine}"`;
  assert.match(text, new RegExp(build, "m"));
  const code = await Deno.readTextFile(new URL(main, ROOT));
  assert.ok(!code.includes("wstunnel_build_info"), "they are in what each start reads");
});

testUnless(
  installed("socat") === null ? "socat is not installed" : null,
  "bundled, websockify has let the port go that it has found for its program",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const command = ["socat", "TCP-LISTEN:{port},bind=127.0.0.1,fork", "SYSTEM:echo it"];
      await using server = await startWebsockify(["0", "--", ...command], folder, {
        words: WORDS,
      });
      using client = await openTunnel(server.address);
      assert.equal(text(await client.message(Opcode.BINARY)), "it\n");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

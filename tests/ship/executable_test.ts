import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { PAGE_FILES } from "../../lib/control/admin/page.ts";
import { isAtLeast } from "../../lib/base/version.ts";
import { startAdmin } from "../admin/page_world.ts";
import { NO_OPENSSL, selfSigned } from "../support/certificates.ts";
import { runProgram, startProgram } from "../support/program.ts";
import { eventually } from "../support/eventually.ts";
import { openTunnel } from "../support/raw_client.ts";
import {
  asInit,
  childrenOf,
  compileInto,
  inFolder,
  inRoot,
  NO_EXECUTABLE,
  NO_NAMESPACES,
  runTask,
  runtimeSize,
  runtimeVersion,
  testUnless,
} from "./executable.ts";
import { exerciseAuth } from "./auth.ts";
import { exerciseTunnels } from "./tunnels.ts";

const PAGE_FOLDER = new URL("../../lib/control/admin/page/", import.meta.url);

const SERVER = ["--server", "127.0.0.1:1", "--frame-type", "binary"];
const NO_AUTHORITY = "basicConstraints=critical,CA:FALSE";

/** Those that the runtime of the executable has: an older one doesn't have all. */
async function enginesThere(): Promise<string[]> {
  return ["loop", "stream", ...isAtLeast(await runtimeVersion(), 2, 9) ? ["native"] : []];
}

async function withExecutable(
  body: (executable: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(await compileInto(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testUnless(
  NO_EXECUTABLE ?? NO_OPENSSL,
  "the executable runs in an empty folder",
  (t) =>
    withExecutable(async (executable, folder) => {
      const empty = `${folder}/empty`;
      const sockets = `${folder}/sockets`;
      await Deno.mkdir(empty);
      await Deno.mkdir(sockets);
      const words = inFolder(empty, executable);

      await t.step("it says its version, commit and runtime", async () => {
        const { code, stdout, stderr } = await runProgram(["--version"], words);
        assert.deepEqual([code, stderr], [0, ""]);
        const [start] = stdout.split(", v8 ");
        const deno = await runtimeVersion();
        assert.equal(start, `wstunnel ${manifest.version} (commit 0123456789ab, deno ${deno}`);
      });

      const place = { words, hostname: "localhost", sockets: { here: sockets, there: sockets } };
      for (const engine of await enginesThere()) {
        await t.step(
          `${engine}: tunnels, a program, the end`,
          () => exerciseTunnels({ ...place, executable }, engine),
        );
      }

      await t.step("it checks passwords in their thread, and tokens", () => exerciseAuth(words));

      await t.step("it is websockify under that name", async () => {
        await Deno.symlink(executable, `${folder}/websockify`);
        const args = ["--print", "6080", "localhost:5900"];
        const ran = await runProgram(args, inFolder(empty, `${folder}/websockify`));
        assert.deepEqual([ran.code, ran.stderr], [0, ""]);
        const same = await runProgram(["websockify", ...args], words);
        assert.deepEqual(ran, same);
        assert.match(ran.stdout, /^listen = "0\.0\.0\.0:6080"\n/);
      });

      await t.step("it serves the status page, which it holds", async () => {
        const args = ["--server", "127.0.0.1:1", "--frame-type", "binary"];
        const { program, url } = await startAdmin(args, { words });
        await using _program = program;
        for (const name of PAGE_FILES) {
          const answer = await fetch(`${url}${name === "page.html" ? "" : name}`);
          const text = await Deno.readTextFile(new URL(name, PAGE_FOLDER));
          assert.deepEqual([answer.status, await answer.text()], [200, text], name);
        }
      });

      await t.step("it serves files", async () => {
        const root = await Deno.realPath(new URL(".", PAGE_FOLDER));
        await using program = await startProgram(["--web", root], { words });
        const answer = await fetch(`http://${program.address}/${PAGE_FILES[0]}`);
        const text = await Deno.readTextFile(`${root}/${PAGE_FILES[0]}`);
        assert.deepEqual([answer.status, await answer.text()], [200, text]);
      });

      await t.step("it refuses what its runtime can't do, or does it", async () => {
        const { cert, key } = await selfSigned(folder, "tls", "/CN=localhost", NO_AUTHORITY);
        const tls = ["--tls-cert", cert, "--tls-key", key];
        for (const [flags, key] of [[["--engine", "native"], 'engine = "native"'], [tls, "tls"]]) {
          const args = ["check", "--listen", "127.0.0.1:0", ...SERVER, ...flags!];
          const { code, stderr } = await runProgram(args, words);
          if (isAtLeast(await runtimeVersion(), 2, 9)) {
            assert.deepEqual([code, stderr], [0, ""]);
            continue;
          }
          assert.equal(code, 2);
          const refusal = new RegExp(
            `^wstunnel: .*${key} needs Deno 2\\.9 or newer, this is [\\d.]+: .*\\n$`,
          );
          assert.match(stderr, refusal);
        }
      });

      await t.step(
        "it holds few files of code, and no permission that the start task has not",
        () => {
          const bytes = Deno.readFileSync(executable).subarray(runtimeSize());
          assert(bytes.length < 1.2e6, `${bytes.length} bytes are appended to the runtime`);
          const text = new TextDecoder().decode(bytes);
          const files = [...text.matchAll(/"File":\{.*?"n(?:ame)?":"([^"]*)"/g)].map(([, name]) =>
            name
          );
          const page: readonly string[] = PAGE_FILES;
          assert.deepEqual(files.filter((name) => !page.includes(name!)).toSorted(), [
            "admin_commands.js",
            "admin_server.js",
            "connect_command.js",
            "file_server.js",
            "jwt_verify.js",
            "password_worker.js",
            "redis_client.js",
            "systemd.js",
            "tunnel_worker.js",
            "websockify_command.js",
            "wstunnel.js",
          ]);
          assert.equal(files.filter((name) => page.includes(name!)).length, page.length);
          assert.match(text, /"allow_all":false/);
          assert.match(text, /"allow_sys":null/);
          assert.match(text, /"deny_import":\[\]/);
          assert.match(text, /"prompt":false/);
          assert.doesNotMatch(text, /^\/\/ (\.\.\/|\/)/m, "a path of the machine it was built on");
        },
      );

      await t.step("it writes nothing", () => {
        assert.deepEqual([...Deno.readDirSync(empty)], []);
      });
    }),
);

testUnless(
  NO_NAMESPACES,
  "the executable runs in the image's file tree alone, as another user",
  (t) =>
    withExecutable(async (executable, folder) => {
      const root = `${folder}/root`;
      await runTask("rootfs", "--executable", executable, root);
      await Deno.chmod(folder, 0o755);
      const sockets = { here: `${root}/tmp`, there: "/tmp" };
      await Deno.writeTextFile(`${root}/etc/hosts`, "127.0.0.1 backend.test\n");
      const words = inRoot(root);
      for (const engine of await enginesThere()) {
        await t.step(`${engine}: tunnels, a program, the end`, () =>
          exerciseTunnels(
            { words, hostname: "backend.test", sockets, executable: "/usr/bin/wstunnel" },
            engine,
          ));
      }
      await t.step("it is nobody there, and writes nothing outside /tmp", async () => {
        await using program = await startProgram(["--server", "backend.test:1"], { words });
        const status = Deno.readTextFileSync(`/proc/${program.pid}/status`);
        assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
        assert.match(status, /^CapEff:\t0+$/m);
      });
    }),
);

testUnless(
  NO_NAMESPACES,
  "the executable is a good PID 1",
  () =>
    withExecutable(async (executable) => {
      const orphan = `exec:/bin/sh -c "setsid sleep 0.2 & echo started"`;
      const args = ["--server", orphan, "--debug", "4"];
      await using program = await startProgram(args, { words: asInit(executable) });
      const [init] = childrenOf(program.pid);
      {
        using client = await openTunnel(program.address);
        assert.equal(new TextDecoder().decode(await client.message()), "started\n");
      }
      await program.entry("orphaned process reaped");
      await eventually("no child of PID 1", () => childrenOf(init!).length === 0);
      Deno.kill(init!, "SIGTERM");
      assert.equal(await program.exit(), 0);
    }),
);

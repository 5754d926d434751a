import assert from "node:assert/strict";
import { spawnOwn } from "../../lib/process/reap.ts";
import { inOwnSession } from "../../lib/process/session.ts";
import { installed } from "../support/installed.ts";

const SETSID = installed("setsid");

/** Runs a program and gives what it wrote. */
async function run(program: string, args: string[], path?: string) {
  const start = inOwnSession(program, args, path);
  const child = spawnOwn(start.program, {
    args: [...start.args],
    detached: start.detached,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const { pid } = child;
  const { stdout, code } = await child.output();
  return { pid, code, output: new TextDecoder().decode(stdout), detached: start.detached };
}

Deno.test({
  name: `\`inOwnSession()\` needs no fork${
    SETSID === null ? " (skipped: there is no setsid)" : ""
  }`,
  ignore: SETSID === null,
  fn() {
    for (const [program, path] of [["/bin/sh"], ["sh", "/nonexistent:/bin"]] as const) {
      const { program: setsid, args, detached } = inOwnSession(program, ["-c", "x"], path);
      assert.equal(setsid, "/usr/bin/setsid");
      assert.deepEqual([args[0], ...args.slice(-3)], ["--", "/bin/sh", "-c", "x"]);
      assert.equal(detached, false);
    }
  },
});

Deno.test("`inOwnSession()` makes the program the leader of a session, under its own id", async () => {
  const { pid, output } = await run("/bin/sh", [
    "-c",
    'cat "/proc/$$/stat"; echo "$0" "$@"',
    "-x",
    "--y",
  ]);
  const [stat, words] = output.trim().split("\n");
  const [, , , , group, session] = stat!.split(" ");
  assert.deepEqual([group, session].map(Number), [pid, pid]);
  assert.equal(words, "-x --y");
});

Deno.test("`inOwnSession()` leaves what can't be executed to the runtime, which says why", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/text`, "no program");
    await Deno.chmod(`${folder}/text`, 0o644);
    for (
      const [program, path] of [
        [`${folder}/text`],
        [folder],
        [`${folder}/nothing`],
        ["text", folder],
        ["sh", ""],
        ["sh"],
      ] as const
    ) {
      const start = inOwnSession(program, ["a"], path);
      assert.deepEqual(start, { program, args: ["a"], detached: true });
    }
    await assert.rejects(run(`${folder}/text`, []), Deno.errors.PermissionDenied);
    await assert.rejects(run(`${folder}/nothing`, []), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

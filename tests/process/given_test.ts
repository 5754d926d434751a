import assert from "node:assert/strict";
import { decodeStatus, spawnGiven } from "../../lib/process/given.ts";
import { canGiveDescriptors, closeDescriptor } from "../../lib/sys/descriptors.ts";
import { openSocketPair } from "../../lib/sys/socket_pair.ts";
import { descriptorCount } from "../support/processes.ts";
import { until } from "../backend/setting.ts";

for (
  const [status, expected] of [
    [0, { success: true, code: 0, signal: null }],
    [0x0100, { success: false, code: 1, signal: null }],
    [0xff00, { success: false, code: 255, signal: null }],
    [9, { success: false, code: 137, signal: "SIGKILL" }],
    [15, { success: false, code: 143, signal: "SIGTERM" }],
    [0x80 | 11, { success: false, code: 139, signal: "SIGSEGV" }],
    [6, { success: false, code: 134, signal: "SIGABRT" }],
  ] as const
) {
  Deno.test(`\`decodeStatus()\` makes ${status} ${expected.signal ?? `code ${expected.code}`}`, () => {
    assert.deepEqual(decodeStatus(status), expected);
  });
}

function test(name: string, fn: () => Promise<void>): void {
  const why = canGiveDescriptors ? "" : " (skipped: this runtime gives no descriptors)";
  Deno.test({ name: name + why, ignore: !canGiveDescriptors, fn });
}

interface Run {
  readonly file?: string;
  readonly words?: readonly string[];
  readonly environment?: Record<string, string>;
}

/** Runs a program with a socket as its input and gives what it wrote. */
async function run({ file = "/bin/sh", words, environment = {} }: Run) {
  const { descriptor, end } = await openSocketPair();
  try {
    const request = { file, words: words ?? [file], environment };
    const child = spawnGiven(request, descriptor, "piped");
    const [output, errors, status] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.status,
    ]);
    return { pid: child.pid, output, errors, status };
  } finally {
    closeDescriptor(descriptor);
    end.close();
  }
}

const sh = (script: string, ...args: string[]) => ["sh", "-c", script, ...args];

test("`spawnGiven()` passes words and environment on as they are, and no more", async () => {
  const environment = { A: "", B: "x=y", C: "ü".repeat(100), D: "line\nline" };
  const args = ["$0", "", "a b", "é", "x".repeat(20_000)];
  const given = await run({ words: sh('printf "%s|" "$0" "$@"', ...args) });
  assert.equal(given.output, args.map((word) => `${word}|`).join(""));
  const { output } = await run({ file: "/usr/bin/env", words: ["env", "-0"], environment });
  const variables = output.split("\0").filter((line) => line !== "");
  assert.deepEqual(variables, Object.entries(environment).map((pair) => pair.join("=")));
});

test("`spawnGiven()` starts it in a session of its own, with signals as they are by default", async () => {
  // The program itself: a shell that waits for another blocks signals for moments.
  const script = 'cat "/proc/$$/stat"; exec grep -E "^Sig(Blk|Ign)" /proc/self/status';
  const { pid, output } = await run({
    words: sh(script),
    environment: { PATH: "/usr/bin:/bin" },
  });
  const [stat = "", blocked, ignored] = output.trim().split("\n");
  const [, , , , group, session] = stat.split(" ");
  assert.deepEqual([group, session].map(Number), [pid, pid]);
  assert.equal(blocked, "SigBlk:\t0000000000000000");
  assert.equal(Number.parseInt(ignored!.split("\t")[1]!, 16) & (1 << 12), 0, "SIGPIPE");
});

test("`spawnGiven()` gives all output and the end of each, however many end at once", async () => {
  const runs = Array.from({ length: 30 }, (_, i) =>
    run({
      words: sh(
        `head -c 100000 /dev/zero; echo ${i} >&2; ${i % 2 ? "kill -KILL $$" : `exit ${i}`}`,
      ),
      environment: { PATH: "/usr/bin:/bin" },
    }));
  for (const [i, { output, errors, status }] of (await Promise.all(runs)).entries()) {
    assert.equal(output.length, 100_000);
    assert.equal(errors, `${i}\n`);
    assert.deepEqual([status.code, status.signal], i % 2 ? [137, "SIGKILL"] : [i, null]);
  }
});

test("`spawnGiven()` runs a script that doesn't say what it is for as the shell does", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/script`, 'echo "$0 $*"\n', { mode: 0o755 });
  const { output } = await run({ file: `${folder}/script`, words: ["script", "a", "b"] });
  assert.equal(output, `${folder}/script a b\n`);
  await Deno.remove(folder, { recursive: true });
});

test("`spawnGiven()` throws what keeps a program from starting, and leaves nothing open", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/text`, "no program");
  await Deno.writeTextFile(`${folder}/orphan`, "#!/nonexistent\n", { mode: 0o755 });
  const before = descriptorCount(Deno.pid);
  for (let i = 0; i < 5; i++) {
    await assert.rejects(run({ file: `${folder}/nothing` }), Deno.errors.NotFound);
    await assert.rejects(run({ file: `${folder}/orphan` }), /No such file .*os error 2/);
    await assert.rejects(run({ file: `${folder}/text` }), Deno.errors.PermissionDenied);
    await assert.rejects(run({ words: ["a\0b"] }), TypeError);
    await assert.rejects(run({ words: ["sh", "x".repeat(3_000_000)] }), /list too long/);
  }
  await until("nothing is left open", () => descriptorCount(Deno.pid) <= before);
  await Deno.remove(folder, { recursive: true });
});

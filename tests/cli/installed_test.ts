/** The ways to start it that the README names, from wherever the user stands. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const ENVIRONMENT = {
  ...Deno.env.toObject(),
  PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`,
  NO_COLOR: "1",
};

/** Runs a program in a folder, with nothing that an outer task has left in the environment. */
function run(folder: string, program: string, ...args: string[]) {
  const { INIT_CWD: _, ...env } = ENVIRONMENT as Record<string, string>;
  const options = { args, cwd: folder, env, clearEnv: true };
  const { code, stdout, stderr } = new Deno.Command(program, options).outputSync();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, error: error! };
}

const FILE = '[wstunnel.server."/mine"]\nexec = "./program"\nframe-type = "text"\n';

/** A folder with a configuration that names a program beside it. */
async function inFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "a folder " });
  try {
    const program = `${folder}/program`;
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/x.toml`, FILE);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** It was found beside the user, and so was what it names. */
function assertChecked({ code, out, error }: ReturnType<typeof run>): void {
  assert.equal(code, 0, error);
  assert.match(out, /^\[\[wstunnel\.server\."\/mine"/m);
  assert.doesNotMatch(error, /warning/);
}

Deno.test("the start task takes paths from where the user stands", () =>
  inFolder((folder) => {
    const start = ["task", "--config", `${ROOT}deno.json`, "start"];
    assertChecked(run(folder, Deno.execPath(), ...start, "check", "--config", "x.toml"));
    const elsewhere = run(ROOT, Deno.execPath(), "task", "start", "check", "--config", "x.toml");
    assert.equal(elsewhere.code, 2);
    assert.match(elsewhere.error, /x\.toml: cannot be read: there is no such file/);
  }));

Deno.test("`deno install` makes a command that takes paths from where the user stands", () =>
  inFolder(async (folder) => {
    const lock = await Deno.readTextFile(`${ROOT}deno.lock`);
    const readme = await Deno.readTextFile(`${ROOT}README.md`);
    const line = /^deno (install -g .*)$/m.exec(readme)?.[1];
    assert(line !== undefined, "the README has a line for it");
    const args = line.split(" ");
    assert.deepEqual(args, "install -g -A -n wstunnel --config deno.json main.ts".split(" "));
    const installed = run(ROOT, Deno.execPath(), ...args, "--root", `${folder}/root`);
    assert.equal(installed.code, 0, installed.error);
    assert.equal(await Deno.readTextFile(`${ROOT}deno.lock`), lock, "the lock is as it was");

    const command = `${folder}/root/bin/wstunnel`;
    assert.match(run(folder, command, "--version").out, /^wstunnel \d/);
    assertChecked(run(folder, command, "check", "--config", "x.toml"));
  }));

Deno.test("nothing is run or tested with other packages than the lock has", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  for (const name of ["start", "check", "test"]) {
    assert.match(tasks[name].command, /\bdeno (run|check) --frozen /, name);
  }
  assert.match(
    await Deno.readTextFile(`${ROOT}scripts/test.ts`),
    /^const FLAGS = \[\s+\.{3}\["--frozen", /m,
  );
});

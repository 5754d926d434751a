import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { NO_EXECUTABLE, runTask, testUnless } from "./executable.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function run(program: string, cwd: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args, cwd }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

testUnless(
  NO_EXECUTABLE,
  "a release is an archive with its sum, for the right platform",
  async () => {
    const output = `dist/test-release-${Deno.pid}`;
    const folder = ROOT + output;

    const [here, other] = Deno.build.arch === "x86_64" ? ["x64", "arm64"] : ["arm64", "x64"];
    const name = `wstunnel-${manifest.version}-linux-${here}`;
    try {
      await runTask("release", "--target", `linux-${here}`, "--output", output);
      assert.equal(run("sha256sum", folder, "--check", "SHA256SUMS"), `${name}.tar.gz: OK\n`);
      run("tar", folder, "-xzf", `${name}.tar.gz`);
      const files = [...Deno.readDirSync(`${folder}/${name}`)].map((entry) => entry.name);
      for (const file of ["wstunnel", "wstunnel.1", "wstunnel.service", "README.md"]) {
        assert(files.includes(file), `${file} of ${files}`);
      }
      assert.match(run(`${folder}/${name}/wstunnel`, folder, "--version"), /^wstunnel /);
      await assert.rejects(
        runTask("release", "--target", `linux-${other}`, "--output", output),
        /release: the runtime binary is not for linux-\w+: DENORT_BIN must be of that platform\n$/,
      );
      assert.equal([...Deno.readDirSync(folder)].length, 3);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testUnless(
  NO_EXECUTABLE,
  "what can't be compiled says so in one line that names DENORT_BIN",
  async () => {
    const { code, stderr } = await new Deno.Command(Deno.env.get("DENO")!, {
      args: ["task", "--quiet", "compile", "--output", "dist/nothing"],
      cwd: ROOT,
      env: { DENORT_BIN: "/nonexistent/denort" },
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /^compile: DENORT_BIN names \/nonexistent\/denort, where there is no file: [^\n]*\n$/,
    );
  },
);

Deno.test("a mistyped option of a build task is one line and exit code 1", async () => {
  for (const script of ["compile", "rootfs", "release"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", `scripts/${script}.ts`, "--targt"],
      cwd: ROOT,
      stdout: "null",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1, said);
    assert.match(said, new RegExp(`^${script}: Unknown option '--targt'.*\\n$`));
  }
});

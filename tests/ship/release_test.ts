import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { expectPlatform, pack } from "../../scripts/release.ts";
import { installed } from "../support/installed.ts";
import { NO_EXECUTABLE, runTask, testUnless } from "./executable.ts";
import { inFolder } from "../support/folder.ts";

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
      for (const file of ["wstunnel", "wstunnel.1", "wstunnel.service", "README.md", "LICENSE"]) {
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

/** What an executable begins with, up to its machine. */
function elf(machine: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  new DataView(bytes.buffer).setUint16(18, machine, true);
  return bytes;
}

function machO(machine: number): Uint8Array {
  const bytes = new Uint8Array(32);
  // The type's high byte says that it has 64 bits.
  bytes.set([0xcf, 0xfa, 0xed, 0xfe, machine, 0, 0, 1]);
  return bytes;
}

function portableExecutable(machine: number, headerAt = 0x80): Uint8Array {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setUint32(0x3c, headerAt, true);
  bytes.set([0x50, 0x45, 0, 0], headerAt & 0xff);
  view.setUint16((headerAt & 0xff) + 4, machine, true);
  return bytes;
}

const HEADERS: Readonly<Record<string, Uint8Array>> = {
  "linux-x64": elf(62),
  "linux-arm64": elf(183),
  "macos-x64": machO(7),
  "macos-arm64": machO(12),
  "windows-x64": portableExecutable(0x8664),
};

/** Those of no target. */
const OTHERS: Readonly<Record<string, Uint8Array>> = {
  "nothing": new Uint8Array(0),
  "its magic alone": Uint8Array.of(0x7f, 0x45, 0x4c, 0x46),
  "a script": new TextEncoder().encode("#!/bin/sh\nexec denort\n"),
  "ELF for RISC-V": elf(243),
  "Mach-O for both": Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2),
  "PE for ARM": portableExecutable(0xaa64),
  "PE whose header is elsewhere": portableExecutable(0x8664, 0xffff_ff80),
};

Deno.test("`expectPlatform()` takes each target's executables and refuses all others", () =>
  inFolder(async (folder) => {
    const path = `${folder}/wstunnel`;
    for (const [what, header] of Object.entries({ ...HEADERS, ...OTHERS })) {
      await Deno.writeFile(path, header);
      for (const target of Object.keys(HEADERS)) {
        if (what === target) {
          await expectPlatform(path, target);
          continue;
        }
        const refusal = new RegExp(`is not for ${target}: DENORT_BIN`);
        await assert.rejects(expectPlatform(path, target), refusal, `${what} for ${target}`);
      }
    }
  }));

Deno.test({
  name: "`expectPlatform()` takes a real executable",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    expectPlatform(Deno.execPath(), `linux-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`),
});

const FILES: Readonly<Record<string, { content: string; mode: number }>> = {
  "wstunnel": { content: "\x7fELF\0\xff\r\n".repeat(5_000), mode: 0o755 },
  "README.md": { content: "# wstunnel\n", mode: 0o644 },
  "empty": { content: "", mode: 0o644 },
};

async function writeFiles(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const [name, { content, mode }] of Object.entries(FILES)) {
    await Deno.writeTextFile(`${folder}/${name}`, content);
    await Deno.chmod(`${folder}/${name}`, mode);
  }
}

const UNPACK: Readonly<Record<string, readonly [string, ...string[]]>> = {
  "tar.gz": ["tar", "-xzf"],
  "zip": installed("unzip") ? ["unzip", "-q"] : ["python3", "-m", "zipfile", "-e"],
};

for (const [ending, [program, ...args]] of Object.entries(UNPACK)) {
  const why = ending === "zip" && !installed("zip") ? "zip is not installed" : null;
  testUnless(
    why,
    `\`pack()\` makes a ${ending} that unpacks to the same files`,
    () =>
      inFolder(async (folder) => {
        await writeFiles(`${folder}/whole`);
        await Deno.writeTextFile(`${folder}/beside`, "not in it");
        const archive = `whole.${ending}`;
        // Of an archive that is there nothing is left.
        await Deno.writeTextFile(`${folder}/${archive}`, "an older one");
        for (let time = 0; time < 2; time++) await pack(folder, "whole", archive);

        const unpacked = `${folder}/unpacked`;
        await Deno.mkdir(unpacked);
        const target = program === "python3" ? [unpacked] : [];
        run(program, unpacked, ...args, `${folder}/${archive}`, ...target);
        assert.deepEqual([...Deno.readDirSync(unpacked)].map(({ name }) => name), ["whole"]);
        const names = [...Deno.readDirSync(`${unpacked}/whole`)].map(({ name }) => name);
        assert.deepEqual(names.toSorted(), Object.keys(FILES).toSorted());
        for (const [name, { content, mode }] of Object.entries(FILES)) {
          const path = `${unpacked}/whole/${name}`;
          assert.equal(await Deno.readTextFile(path), content, name);
          // Python's zipfile sets none.
          if (program !== "python3") {
            assert.equal((await Deno.stat(path)).mode! & 0o777, mode, name);
          }
        }
      }),
  );
}

Deno.test("`pack()` says what it can't pack", () =>
  inFolder(async (folder) => {
    await assert.rejects(
      pack(folder, "missing", "missing.tar.gz"),
      /cannot pack missing\.tar\.gz: .*missing.*No such file/s,
    );
  }));

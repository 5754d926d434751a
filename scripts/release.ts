/**
 * Makes what a release consists of: `deno task release [--target NAME]... [--output FOLDER]` writes an archive for each
 * platform and `SHA256SUMS` of all that are there of this version. Needs GNU tar, gzip and zip.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { VERSION } from "../lib/base/version.ts";
import { BuildError, compile, run, runScript } from "./compile.ts";
import { GENERATED } from "./packaging.ts";

/** By the name that the archive has, the target as `deno compile` has it. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

export const DOCUMENTS = [
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "config.example.toml",
  "config.schema.json",
];

/** What the archive holds beside the executable and the documents. */
function packagingOf(name: string): string[] {
  if (name.startsWith("windows")) return [];
  const generated = Object.keys(GENERATED);
  const files = name.startsWith("linux")
    ? [...generated, "wstunnel.service", "wstunnel.socket", "wstunnel.logrotate"]
    : generated;
  return files.map((file) => `packaging/${file}`);
}

/** Compiles for one platform and packs, in `output`; gives the archive's name. */
async function release(name: string, output: string): Promise<string> {
  const whole = `wstunnel-${VERSION}-${name}`;
  const folder = `${output}/${whole}`;
  const isWindows = name.startsWith("windows");
  await Deno.mkdir(folder, { recursive: true });
  try {
    const executable = `${folder}/wstunnel${isWindows ? ".exe" : ""}`;
    await compile({ target: TARGETS[name]!, output: executable });
    await expectPlatform(executable, name);
    for (const path of [...DOCUMENTS, ...packagingOf(name)]) {
      await Deno.copyFile(path, `${folder}/${path.split("/").at(-1)}`);
    }
    const archive = isWindows ? `${whole}.zip` : `${whole}.tar.gz`;
    await pack(output, whole, archive);
    return archive;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes `archive` of `folder`, both in `output`. */
export async function pack(output: string, folder: string, archive: string): Promise<void> {
  // zip would add to an archive that is there.
  await Deno.remove(`${output}/${archive}`).catch(() => {});
  const [program, ...args] = archive.endsWith(".zip")
    ? ["env", "--chdir", output, "zip", "-q", "-r", "-X", archive, folder]
    : [
      ...["tar", "--create", "--gzip", "--file", `${output}/${archive}`, "--directory", output],
      ...["--sort=name", "--owner=0", "--group=0", "--numeric-owner", folder],
    ];
  const { ok, errors } = await run(program!, args);
  if (!ok) throw new BuildError(`cannot pack ${archive}: ${errors.trim()}`);
}

interface Format {
  readonly magic: string;
  /** Where the machine's number is; null: behind the signature of the PE header, whose place is at 0x3c. */
  readonly machineAt: number | null;
  readonly machine: number;
}

/** What executables start with. */
const FORMATS: Readonly<Record<string, Format>> = {
  "linux-x64": { magic: "\x7fELF", machineAt: 18, machine: 62 },
  "linux-arm64": { magic: "\x7fELF", machineAt: 18, machine: 183 },
  "macos-x64": { magic: "\xcf\xfa\xed\xfe", machineAt: 4, machine: 7 },
  "macos-arm64": { magic: "\xcf\xfa\xed\xfe", machineAt: 4, machine: 12 },
  "windows-x64": { magic: "MZ", machineAt: null, machine: 0x8664 },
};

/** A DENORT_BIN is taken for every target: one of another platform must not be sent out. */
export async function expectPlatform(path: string, name: string): Promise<void> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(4096);
  await file.read(bytes);
  const { magic, machineAt, machine } = FORMATS[name]!;
  const start = String.fromCharCode(...bytes.subarray(0, magic.length));
  const view = new DataView(bytes.buffer);
  const at = machineAt ?? view.getUint32(0x3c, true) + 4;
  const found = at + 2 <= bytes.length ? view.getUint16(at, true) : null;
  if (start === magic && found === machine) return;
  throw new BuildError(
    `the runtime binary is not for ${name}: DENORT_BIN must be of that platform`,
  );
}

/** Sums all archives of this version, so that each target may be made by a run of its own. */
async function writeSums(output: string): Promise<void> {
  const names = [...Deno.readDirSync(output)].map(({ name }) => name)
    .filter((name) => name.startsWith(`wstunnel-${VERSION}-`) && /\.(tar\.gz|zip)$/.test(name));
  const lines = names.toSorted().map((name) => {
    const sum = createHash("sha256").update(Deno.readFileSync(`${output}/${name}`)).digest("hex");
    return `${sum}  ${name}\n`;
  });
  await Deno.writeTextFile(`${output}/SHA256SUMS`, lines.join(""));
}

if (import.meta.main) {
  await runScript("release", async () => {
    const all = Object.keys(TARGETS);
    const { values: { target, output } } = parseArgs({
      args: Deno.args,
      options: {
        target: { type: "string", multiple: true, default: all },
        output: { type: "string", default: "dist/release" },
      },
    });
    const unknown = target.find((name) => !all.includes(name));
    if (unknown !== undefined) {
      throw new BuildError(`no target '${unknown}': there are ${all.join(", ")}`);
    }
    for (const name of target) {
      console.log(`${output}/${await release(name, output)}`);
      await writeSums(output);
    }
  });
}

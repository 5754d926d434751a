/**
 * Makes one executable of the project: `deno task compile [--target TARGET] [--output FILE] [--commit NAME]`.
 *
 * The modules are bundled first, so that the executable holds one file of code and no npm package with its own tests,
 * types and documents; the runtime is appended to by `deno compile`. Types are checked by `deno task check`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { PAGE_FILES } from "../lib/control/admin/page.ts";

/** The project's folder. */
export const ROOT = new URL("../", import.meta.url);

/** Where bundles go, for `deno compile` to embed. */
const BUILD_FOLDER = "dist/build";

/**
 * The flags of the runtime are the `start` task's. A young generation of 1 MiB, in place of 16: each thread has one, and a burst leaves less behind
 * while nothing is slower (`bench/NOTES.md`). The permissions: network, for listeners and backends; files, for the configuration, unix-domain
 * sockets and `/proc`; the environment, which programs inherit; running programs; and FFI, for sockets that programs
 * inherit, for reaping as PID 1 and for the umask. None can be narrowed, since addresses, paths and programs come from the configuration,
 * and the C library is found by its name. Nothing else is allowed and nothing is asked for.
 */
export const RUNTIME_FLAGS: readonly string[] = manifest.tasks.start.command.split(" ")
  .filter((word) => /^--(no-prompt$|allow-|deny-|v8-flags=)/.test(word));

/** What runs in threads of its own, each a file beside the main one; `new Worker()` names it by its name here. */
const WORKERS = ["lib/access/password_worker.ts", "lib/engine/loop/workers/tunnel_worker.ts"];

/**
 * What is large and few configurations need, each a file beside the main one, which names it by its name here in an `import()`: in the main
 * one it would be read at every start (Redis's client: 36 ms of 130).
 */
const LAZY = [
  "lib/access/jwt_verify.ts",
  "lib/access/targets/redis_client.ts",
  "lib/control/admin/admin_server.ts",
  "lib/engine/files/file_server.ts",
  "lib/control/systemd.ts",
  "lib/cli/admin_commands.ts",
  "lib/cli/connect_command.ts",
  "lib/cli/websockify_command.ts",
];

/** Redis's client can't be bundled twice. */
const MINIFIED = [...WORKERS, ...LAZY].filter((source) => !source.endsWith("/redis_client.ts"));

/** What is read as it stands, at the same place beside the file that reads it: the status page's. */
const PAGE_FOLDER = "lib/control/admin/page";

/**
 * Modules of the runtime that commander imports to run subcommands that are programs of their own, which we have none of: to load them takes 12 of
 * the 75 ms of a start (2.9.6).
 */
const UNUSED = ["node:child_process", "node:fs"];

const COMPILE_FLAGS = [
  // The bundle is all there is: nothing to resolve, check or fetch.
  ...["--no-config", "--no-lock", "--no-check", "--no-remote", "--no-npm"],
  // It would write a file with a name that can be guessed into the temporary folder.
  "--no-code-cache",
];

export interface CompileOptions {
  /** As `deno compile --target` has it. @default this machine's */
  readonly target?: string;
  readonly output: string;
  /** What `--version` says it was built from. @default what git says of the working tree */
  readonly commit?: string;
}

/** An end with a reason that a person can act on. */
export class BuildError extends Error {}

/** Bundles and compiles; throws a {@linkcode BuildError} that says in one line what can't be done. */
export async function compile({ target, output, commit }: CompileOptions): Promise<void> {
  const { main, beside } = await writeBundles(commit ?? await commitOfTree());
  const targetFlags = target === undefined ? [] : ["--target", target];
  const includes = beside.flatMap((path) => ["--include", path]);
  const args = ["compile", "--quiet", ...COMPILE_FLAGS, ...RUNTIME_FLAGS, ...targetFlags];
  const { ok, errors } = await run(
    Deno.execPath(),
    [...args, ...includes, "--output", output, main],
  );
  if (!ok) throw new BuildError(whyNotCompiled(errors, target));
}

/** The files that are compiled, by their paths. */
export interface Bundles {
  readonly main: string;
  /** What that loads by itself. */
  readonly beside: readonly string[];
}

/** Each has the commit at its top. */
export async function writeBundles(commit: string): Promise<Bundles> {
  const define = `const BUILD_COMMIT = ${JSON.stringify(commit)};\n`;
  const main = await writeMain(define);
  const bundles = await Promise.all([
    ...WORKERS.map((source) => bundleMinified(source, define)),
    ...LAZY.map((source) => bundleLazy(source, define)),
  ]);
  return { main, beside: [...bundles, ...await copyPage()] };
}

/** Gives the paths of the copies. */
async function copyPage(): Promise<string[]> {
  const folder = `${BUILD_FOLDER}/${fileOf(PAGE_FOLDER)}`;
  await Deno.mkdir(new URL(folder, ROOT), { recursive: true });
  return await Promise.all(PAGE_FILES.map(async (name) => {
    const path = `${folder}/${name}`;
    await Deno.copyFile(new URL(`${PAGE_FOLDER}/${name}`, ROOT), new URL(path, ROOT));
    return path;
  }));
}

/** The code as one file; gives its path. */
async function writeMain(define: string): Promise<string> {
  const edit = (code: string) =>
    define + withoutUnused(namingLazy(namingWorkers(withoutPaths(code))));
  const external = LAZY.map((source) => `./${fileOf(source)}`);
  return await minify(await bundle("main.ts", "wstunnel.js", edit, external));
}

function bundleBeside(source: string, define: string): Promise<string> {
  return bundle(source, nameBeside(source), (code) => define + withoutPaths(code));
}

async function bundleMinified(source: string, define: string): Promise<string> {
  const path = await bundleBeside(source, define);
  return MINIFIED.includes(source) ? await minify(path) : path;
}

/** The bundler of 2.4.2 doesn't find what some packages are made of: then there is a file that says so to who needs it. */
async function bundleLazy(source: string, define: string): Promise<string> {
  try {
    return await bundleMinified(source, define);
  } catch (error) {
    if (!(error instanceof BuildError) || !Deno.version.deno.startsWith("2.4.")) throw error;
    const path = `${BUILD_FOLDER}/${nameBeside(source)}`;
    const why = `${nameBeside(source)} can't be bundled by Deno ${Deno.version.deno}`;
    await Deno.writeTextFile(
      new URL(path, ROOT),
      `throw new Error(${JSON.stringify(why)});\nexport {};\n`,
    );
    return path;
  }
}

function fileOf(source: string): string {
  return source.split("/").at(-1)!;
}

/** The name that a bundle has beside the main one. */
function nameBeside(source: string): string {
  return fileOf(source).replace(/\.ts$/, ".js");
}

/** In the bundle a worker stands beside it, and is no source any more. */
function namingWorkers(code: string): string {
  return WORKERS.reduce((named, source) => {
    const url = `new URL("./${fileOf(source)}", import.meta.url)`;
    if (!named.includes(url)) throw new BuildError(`nothing starts the worker ${source}`);
    return named.replaceAll(url, `new URL("./${nameBeside(source)}", import.meta.url)`);
  }, code);
}

function namingLazy(code: string): string {
  return LAZY.reduce((named, source) => {
    const loading = `import("./${fileOf(source)}")`;
    if (!named.includes(loading)) throw new BuildError(`nothing loads ${source}`);
    return named.replaceAll(loading, `import("./${nameBeside(source)}")`);
  }, code);
}

/** One import of each is expected: another one may be of somebody who needs it. */
function withoutUnused(code: string): string {
  return UNUSED.reduce((without, module) => {
    const imports = new RegExp(`^import (\\w+) from "${module}";$`, "gm");
    const count = without.match(imports)?.length ?? 0;
    if (count !== 1 || without.split(`"${module}"`).length !== 2) {
      throw new BuildError(`${module} is imported ${count} times, not by commander alone`);
    }
    return without.replace(imports, "const $1 = undefined;");
  }, code);
}

/** Bundles a file with all that it imports but for `external`, as `edit` leaves it; gives its path. */
async function bundle(
  source: string,
  name: string,
  edit: (code: string) => string,
  external: readonly string[] = [],
) {
  const path = `${BUILD_FOLDER}/${name}`;
  await Deno.mkdir(new URL(BUILD_FOLDER, ROOT), { recursive: true });
  const { ok, errors } = await run(Deno.execPath(), [
    ...["bundle", "--quiet", "--frozen", "--platform", "deno", "--output", path],
    source,
    // As the last words: it takes all that follow.
    ...external.flatMap((file) => ["--external", file]),
  ]);
  if (!ok) throw new BuildError(`cannot bundle ${source}: ${errorLine(errors)}`);
  const code = await Deno.readTextFile(new URL(path, ROOT));
  await Deno.writeTextFile(new URL(path, ROOT), edit(code));
  return path;
}

/** What a start reads is half as long then, and 6 of its 70 ms are saved (2.4.2). The readable form stays in `dist/build/readable`. */
async function minify(path: string): Promise<string> {
  const readable = path.replace(/[^/]+$/, "readable/$&");
  await Deno.mkdir(new URL(".", new URL(readable, ROOT)), { recursive: true });
  await Deno.rename(new URL(path, ROOT), new URL(readable, ROOT));
  const { ok, errors } = await run(Deno.execPath(), [
    ...["bundle", "--quiet", "--no-config", "--no-lock", "--platform", "deno", "--minify"],
    ...["--output", path, readable],
    ...LAZY.flatMap((source) => ["--external", `./${nameBeside(source)}`]),
  ]);
  if (!ok) throw new BuildError(`cannot minify ${readable}: ${errorLine(errors)}`);
  const [before, after] = await Promise.all(
    [readable, path].map(async (file) => usingsIn(await Deno.readTextFile(new URL(file, ROOT)))),
  );
  if (before !== after) {
    throw new BuildError(
      `minified, ${path} has ${after} of ${before} "using": what the others hold would never be let go`,
    );
  }
  return path;
}

/** How many things are let go at the end of a block: the minifier takes `using` away from what is named once behind it (2.4.2 to 2.9.6). */
function usingsIn(code: string): number {
  return code.match(/(?:^|[\s;{}():])using [\w$]+ ?=(?!=)/g)?.length ?? 0;
}

/** The same code wherever it is built: comments name packages by where this machine has them. */
function withoutPaths(code: string): string {
  return code.replace(/^\/\/ .*\/npm\/[^/]+\//gm, "// npm:");
}

/** What git says, or `unknown` where there is no git or no repository. */
async function commitOfTree(): Promise<string> {
  const args = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
  const { ok, output } = await run("git", args).catch(() => ({ ok: false, output: "" }));
  return ok ? output.trim() : "unknown";
}

function whyNotCompiled(errors: string, target = "this machine"): string {
  const url = /Download\S* (https:\S+)/.exec(errors)?.[1] ??
    /for url \((https:[^)]+)\)/.exec(errors)?.[1];
  if (url !== undefined) {
    return `cannot fetch the runtime binary for ${target} from ${url}: set DENORT_BIN to the path of ` +
      `a denort ${Deno.version.deno} that is already there`;
  }
  const missing = /Could not find denort at '([^']*)'/.exec(errors)?.[1];
  if (missing !== undefined) {
    return `DENORT_BIN names ${missing}, where there is no file: it must be the path of a denort ` +
      Deno.version.deno;
  }
  return `cannot compile for ${target}: ${errorLine(errors)}`;
}

/** The line that says what went wrong, of all that a command wrote. */
function errorLine(text: string): string {
  return /^error: (.*)/m.exec(text)?.[1] ?? text.trim().split("\n").at(-1)!;
}

interface Ran {
  readonly ok: boolean;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command to its end in the project's folder. */
export async function run(command: string, args: readonly string[]): Promise<Ran> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { ok: success, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

/** Runs a script's work; a {@linkcode BuildError} or a wrong option is one line and exit code 1. */
export async function runScript(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BuildError || isWrongOption(error))) throw error;
    console.error(`${name}: ${error.message}`);
    Deno.exit(1);
  }
}

/** Whether `parseArgs()` has thrown it. */
function isWrongOption(error: unknown): error is Error {
  return error instanceof Error && "code" in error &&
    String(error.code).startsWith("ERR_PARSE_ARGS_");
}

/** Takes the place of an executable that is there only once the new one has run. */
async function compileProven(options: CompileOptions): Promise<void> {
  const { output } = options;
  const fresh = `${output}.new`;
  try {
    await compile({ ...options, output: fresh });
    const version = await provenVersion(fresh);
    await Deno.rename(fresh, output);
    const { size } = await Deno.stat(output);
    console.log(`${output}: ${(size / 1e6).toFixed(1)} MB, ${version}`);
  } finally {
    await Deno.remove(fresh).catch(() => {});
  }
}

/** The executable says its version, which it can't when its runtime binary is another Deno's. */
async function provenVersion(executable: string): Promise<string> {
  const { ok, output, errors } = await run(executable, ["--version"]);
  if (!ok) {
    throw new BuildError(
      `what was compiled doesn't run, is DENORT_BIN a denort ${Deno.version.deno}? ${
        errorLine(errors)
      }`,
    );
  }
  return output.trimEnd();
}

if (import.meta.main) {
  await runScript("compile", async () => {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        target: { type: "string" },
        output: { type: "string", default: "dist/wstunnel" },
        commit: { type: "string" },
      },
    });
    if (values.target === undefined) await compileProven(values);
    else await compile(values);
  });
}

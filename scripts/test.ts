/**
 * Runs the tests in four passes: files side by side, most of them waiting for others most of the time; then those that need a process of their own,
 * some such processes side by side; then, one at a time, those that measure something which others would disturb; then some of all once more, over
 * TLS. Paths and flags of `deno test` narrow all of them; `DENO_JOBS` says how many files or processes run at once, three otherwise: they take
 * less than two processors. With one the descriptors are counted around every file.
 *
 * Each pass, or process, has a line of its own in the end, which says how many passed.
 */

/** What has a process of its own, a folder or a file, and why. Files that run side by side share one. */
const OWN_PROCESS: Readonly<Record<string, string>> = {
  "tests/stall/": "memory",
  "tests/backend/":
    "descriptors and sockets of its process; its descriptor 0 is another's for moments",
  "tests/e2e/churn_test.ts": "memory and descriptors",
  "tests/conformance/": "descriptors of its process, which has engines of its own",
  "tests/control/swap_test.ts": "sockets and children of its process",
  "tests/e2e/activation_test.ts": "its descriptor 0 is another's for moments",
  "tests/events/told_test.ts": "as tests/conformance/",
  "tests/process/": "descriptors, children and limits of its process",
  "tests/sys/": "memory of its process",
};

/** What runs alone, a folder or a file, and what it measures. */
const ALONE: Readonly<Record<string, string>> = {
  "tests/admin/page_frames_test.ts": "the time of a browser's frames",
  "tests/e2e/auth_flood_test.ts": "the time of a round trip",
  "tests/e2e/connect_flood_test.ts": "the time that a connect takes, memory",
  "tests/e2e/exec_test.ts": "the time of a round trip",
  "tests/e2e/fairness_test.ts": "the time of a round trip",
  "tests/e2e/noisy_program_test.ts": "the time of a round trip, memory",
  "tests/e2e/pools_balance_test.ts": "the time that a connect takes",
  "tests/e2e/reload_load_test.ts": "memory and descriptors under load",
  "tests/e2e/signals_test.ts": "what the terminal's signals do to jobs of its session",
  "tests/files/memory_test.ts": "memory",
  "tests/engine/": "the time of ticks; the umask of its process",
  "tests/ship/": "it compiles, with all the processors that there are",
  "tests/tls/listener_test.ts": "the time of a visit, descriptors",
  "tests/tls/renewal_test.ts": "whether anybody is refused, under load",
};

/** What knows nothing of TLS and holds over it as well: run once more so, by a variable that `tests/support/program.ts` knows. */
const OVER_TLS = [
  "tests/e2e/backend_ends_test.ts",
  "tests/e2e/client_ends_test.ts",
  "tests/e2e/integrity_test.ts",
  "tests/stall/stall_test.ts",
];

/** By which engine TLS is spoken, and of what stalls the least that shows it. */
const OVER_TLS_FILTER = "/^stream: | 1 GiB$/";

const JOBS = Number(Deno.env.get("DENO_JOBS")) || 3;

const FLAGS = [
  ...["--frozen", "--sanitize-ops", "--sanitize-resources", "--quiet", "--allow-all"],
  "--preload=tests/support/libc.ts",
  "--preload=tests/support/descriptors.ts",
];

/** Flags of `deno test` whose value is the next word. */
const VALUED = ["--filter", "--junit-path", "--reporter"];

interface Asked {
  readonly paths: readonly string[];
  readonly flags: readonly string[];
}

function ask(words: readonly string[]): Asked {
  const paths: string[] = [];
  const flags: string[] = [];
  for (const [at, word] of words.entries()) {
    const isFlag = word.startsWith("-") || VALUED.includes(words[at - 1] ?? "");
    (isFlag ? flags : paths).push(word);
  }
  return { paths: paths.length > 0 ? paths : ["tests"], flags };
}

/** The files of tests under a path, or the path itself where it is a file. */
function* filesUnder(path: string): Generator<string> {
  if (Deno.statSync(path).isFile) return yield path;
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const inner = `${path}/${name}`;
    if (isDirectory) yield* filesUnder(inner);
    else if (name.endsWith("_test.ts")) yield inner;
  }
}

function isUnder(file: string, path: string): boolean {
  return path.endsWith("/") ? file.startsWith(path) : file === path;
}

function command(
  files: readonly string[],
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["test", ...FLAGS, ...flags, ...files],
    env: { DENO_JOBS: String(JOBS), ...env },
  });
}

/** Runs files and gives the exit code of `deno test`. */
async function run(
  what: string,
  files: readonly string[],
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  if (files.length === 0) return 0;
  console.log(`tests: ${files.length} files ${what}`);
  return (await command(files, flags, env).spawn().status).code;
}

/** The same, but what it prints is told when it is over, in one piece. */
async function runBeside(
  what: string,
  files: readonly string[],
  flags: readonly string[],
): Promise<number> {
  const { code, stdout, stderr } = await command(files, flags).output();
  console.log(`tests: ${files.length} files ${what}`);
  for (const bytes of [stdout, stderr]) {
    await new Blob([bytes]).stream().pipeTo(
      Deno.stdout.writable,
      { preventClose: true },
    );
  }
  return code;
}

/** Each path's files in a process of their own, as many at once as there are jobs. */
async function runProcesses(
  files: readonly string[],
  flags: readonly string[],
): Promise<number[]> {
  const waiting = Object.keys(OWN_PROCESS)
    .map((path) => [path, files.filter((file) => isUnder(file, path))] as const)
    .filter(([, own]) => own.length > 0);
  const codes: number[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [path, own] = next;
      codes.push(await runBeside(`of ${path} in a process of their own`, own, flags));
    }
  };
  await Promise.all(Array.from({ length: JOBS }, work));
  return codes;
}

type Pass = "sideBySide" | "ownProcess" | "alone";

function passOf(file: string): Pass {
  const isOf = (table: object) => Object.keys(table).some((path) => isUnder(file, path));
  return isOf(OWN_PROCESS) ? "ownProcess" : isOf(ALONE) ? "alone" : "sideBySide";
}

const { paths, flags } = ask(Deno.args);
const names = paths.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
const files = [...new Set(names.flatMap((path) => [...filesUnder(path)]))];
const { sideBySide = [], ownProcess = [], alone = [] } = Object.groupBy(files, passOf);
const codes = [
  await run(
    `side by side, ${JOBS} at once`,
    sideBySide,
    ["--parallel", ...flags],
    JOBS > 1 ? { WSTUNNEL_TEST_SIDE_BY_SIDE: "1" } : {},
  ),
  ...await runProcesses(ownProcess, flags),
  await run("alone", alone, flags),
  ...(flags.some((flag) => flag.startsWith("--filter")) ? [] : [
    await run(
      "once more, over TLS",
      files.filter((file) => OVER_TLS.includes(file)),
      [...flags, "--filter", OVER_TLS_FILTER],
      { WSTUNNEL_TEST_TLS: "1" },
    ),
  ]),
];
Deno.exitCode = codes.find((code) => code !== 0) ?? 0;

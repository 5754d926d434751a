/**
 * Runs the tests in three passes: files side by side, most of them waiting for others most of the time; then, one at a time, those
 * that measure something which others would disturb; then some of both once more, over TLS. Paths and flags of `deno test` narrow all of them; `DENO_JOBS` says how many
 * files run at once, two otherwise.
 *
 * Ends with what failed, if anything; each pass has a line of its own, which says how many passed.
 */

/** What runs alone, a folder or a file, and what it measures. Files that run side by side share a process. */
const ALONE: Readonly<Record<string, string>> = {
  "tests/admin/page_frames_test.ts": "the time of a browser's frames",
  "tests/backend/":
    "descriptors and sockets of its process; its descriptor 0 is another's for moments",
  "tests/control/swap_test.ts": "sockets and children of its process",
  "tests/e2e/activation_test.ts": "its descriptor 0 is another's for moments",
  "tests/e2e/auth_flood_test.ts": "the time of a round trip",
  "tests/e2e/churn_test.ts": "memory and descriptors under load",
  "tests/e2e/connect_flood_test.ts": "the time that a connect takes, memory",
  "tests/e2e/exec_test.ts": "the time of a round trip",
  "tests/e2e/fairness_test.ts": "the time of a round trip",
  "tests/e2e/noisy_program_test.ts": "the time of a round trip, memory",
  "tests/e2e/pools_balance_test.ts": "the time that a connect takes",
  "tests/e2e/reload_load_test.ts": "memory and descriptors under load",
  "tests/e2e/signals_test.ts": "what the terminal's signals do to jobs of its session",
  "tests/engine/": "the time of ticks; the umask of its process",
  "tests/process/": "descriptors, children and limits of its process",
  "tests/ship/": "it compiles, with all the processors that there are",
  "tests/stall/": "memory",
  "tests/sys/": "memory of its process",
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

const JOBS = Deno.env.get("DENO_JOBS") ?? "2";

const FLAGS = [
  ...["--frozen", "--sanitize-ops", "--sanitize-resources", "--quiet", "--allow-all"],
  "--preload=tests/support/libc.ts",
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

function runsAlone(file: string): boolean {
  return Object.keys(ALONE).some((path) =>
    path.endsWith("/") ? file.startsWith(path) : file === path
  );
}

/** Runs files and gives the exit code of `deno test`. */
async function run(
  what: string,
  files: readonly string[],
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  if (files.length === 0) return 0;
  console.log(`tests: ${files.length} files ${what}`);
  const args = ["test", ...FLAGS, ...flags, ...files];
  const command = new Deno.Command(Deno.execPath(), { args, env: { DENO_JOBS: JOBS, ...env } });
  const { code } = await command.spawn().status;
  return code;
}

const { paths, flags } = ask(Deno.args);
const names = paths.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
const { true: alone = [], false: others = [] } = Object.groupBy(
  new Set(names.flatMap((path) => [...filesUnder(path)])),
  (file) => String(runsAlone(file)) as "true" | "false",
);
const codes = [
  await run(`side by side, ${JOBS} at once`, others, ["--parallel", ...flags]),
  await run("alone", alone, flags),
  ...(flags.some((flag) => flag.startsWith("--filter")) ? [] : [
    await run(
      "once more, over TLS",
      [...alone, ...others].filter((file) => OVER_TLS.includes(file)),
      [...flags, "--filter", OVER_TLS_FILTER],
      { WSTUNNEL_TEST_TLS: "1" },
    ),
  ]),
];
Deno.exitCode = codes.find((code) => code !== 0) ?? 0;

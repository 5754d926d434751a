/** The executable under test, compiled once for all tests that need it, and the ways to start it. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A Deno and the runtime binary that belongs to it, since no release of either can be fetched everywhere. */
const DENO = Deno.env.get("DENO");
const DENORT_BIN = Deno.env.get("DENORT_BIN");

export type Words = readonly [string, ...string[]];

/** Why there is no executable to test; null: there is one. */
export const NO_EXECUTABLE: string | null = DENO === undefined || DENORT_BIN === undefined
  ? "DENO and DENORT_BIN don't name a Deno and its denort"
  : Deno.build.os !== "linux"
  ? "it is compiled for Linux"
  : null;

/** Why there are no namespaces to run it in. */
export const NO_NAMESPACES: string | null = NO_EXECUTABLE ?? whyNoNamespaces();

function whyNoNamespaces(): string | null {
  try {
    const args = ["--pid", "--fork", "--mount-proc", "chroot", "/", "true"];
    const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    return success ? null : "unshare and chroot are not permitted, they need root";
  } catch {
    return "there is no unshare";
  }
}

/** Registers a test that says when and why it is skipped. */
export function testUnless(
  why: string | null,
  name: string,
  fn: (t: Deno.TestContext) => Promise<void> | void,
): void {
  const suffix = why === null ? "" : ` (skipped: ${why})`;
  Deno.test({ name: `${name}${suffix}`, ignore: why !== null, fn });
}

/** Runs a task of the project with the Deno under test; gives what it wrote. */
export async function runTask(name: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(DENO!, {
    args: ["task", "--quiet", name, ...args],
    cwd: ROOT,
    // Where a network opens TLS to look into it, its certificate is the system's.
    env: { DENORT_BIN: DENORT_BIN!, DENO_TLS_CA_STORE: "mozilla,system", NO_COLOR: "1" },
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`deno task ${name} failed:\n${out}${error}`);
  return out!;
}

/** Compiles into a folder; gives the executable's path. */
export async function compileInto(folder: string): Promise<string> {
  const path = `${folder}/wstunnel`;
  await runTask("compile", "--output", path, "--commit", "0123456789ab");
  return path;
}

/** The bytes of the runtime binary that everything else is appended to. */
export function runtimeSize(): number {
  return Deno.statSync(DENORT_BIN!).size;
}

/** The version of the Deno under test. */
export async function runtimeVersion(): Promise<string> {
  const { stdout } = await new Deno.Command(DENO!, {
    args: ["eval", "console.log(Deno.version.deno)"],
  })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

/** Starts it in a folder with nothing in its environment. */
export function inFolder(folder: string, executable: string): Words {
  return ["env", "--ignore-environment", "--chdir", folder, executable];
}

/** Starts the one in a root folder as a user without rights, who sees nothing else but `/proc` and `/dev`. */
export function inRoot(root: string): Words {
  const script = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && ' +
    'exec chroot --userspec=65532:65532 "$0" /usr/bin/wstunnel "$@"';
  return ["unshare", "--mount", "sh", "-c", script, root];
}

/** Starts it as PID 1 of a namespace; the process started is its parent. */
export function asInit(executable: string): Words {
  return ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", executable];
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.trim().split(" ").filter((word) => word !== "").map(Number);
}

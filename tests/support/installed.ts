/** Real programs that tests run against where they are installed. */
import { closeQuietly, connect } from "./connection.ts";
import { eventually } from "./eventually.ts";
import { readLines } from "./lines.ts";

const FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The path of an installed program, or null. */
export function installed(name: string): string | null {
  return FOLDERS.map((folder) => `${folder}/${name}`).find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Which programs, or files of theirs, are not installed, in words; null: all are. */
export function notInstalled(programs: readonly string[]): string | null {
  const missing = programs.filter((name) =>
    name.startsWith("/") ? !exists(name) : installed(name) === null
  );
  return missing.length === 0 ? null : `${missing.join(", ")} not installed`;
}

/** Whether there is something at a path, or behind the link that is there. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

export interface Server extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a server in the foreground and waits until it can be connected to. Disposing of it kills it. */
export async function startServer(
  program: string,
  args: readonly string[],
  address: string,
): Promise<Server> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = [readLines(child.stdout), readLines(child.stderr)];
  let over = false;
  const gone = child.status.then(async () => {
    over = true;
    await Promise.all(output.map((lines) => lines.ended));
  });
  const stop = async () => {
    if (!over) child.kill("SIGKILL");
    await gone;
  };
  try {
    await eventually(`${program} at ${address}`, async () => over || await accepts(address));
    if (over) throw new Error(`${program} ended`);
  } catch (error) {
    await stop();
    const lines = output.flatMap(({ all }) => all);
    throw new Error(`${(error as Error).message}:\n${lines.join("\n")}`);
  }
  return { pid: child.pid, [Symbol.asyncDispose]: stop };
}

/** Whether an address can be connected to. */
export async function accepts(address: string): Promise<boolean> {
  try {
    closeQuietly(await connect(address));
    return true;
  } catch {
    return false;
  }
}

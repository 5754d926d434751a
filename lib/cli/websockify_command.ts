/**
 * `wstunnel websockify ...`: the command line of websockify as a configuration. Loaded only by who gives it.
 *
 * @module
 */
import { formatProblem } from "../config/problem.ts";
import { loadConfig, type Setting } from "../config/load.ts";
import { argumentsOf } from "./called.ts";
import { type DaemonOptions, startDaemon } from "./daemon.ts";
import { READY_MARK } from "./ready_mark.ts";
import { parseWebsockify } from "./websockify/parse.ts";
import type { Look, Part } from "./websockify/part.ts";
import { helpText, printedFile, shownSettings } from "./websockify/print.ts";
import { translate } from "./websockify/translate.ts";
import { type UsersFile, writeUsersFile } from "./websockify/users_file.ts";

export interface WebsockifyOptions {
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** A line to standard error. */
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
}

/** What is to be served, until the files of it are removed. */
export interface Prepared {
  readonly settings: readonly Setting[];
  readonly remove: () => Promise<void>;
}

const USAGE = 2;

/** Gives what is to be served, or the exit code where nothing is. */
export async function prepareWebsockify(
  args: readonly string[],
  { writeOut, writeError, complain, environment }: WebsockifyOptions,
): Promise<Prepared | { readonly code: number }> {
  const line = parseWebsockify(args);
  const say = (text: string) => complain(`websockify: ${text}`);
  if ("problem" in line) return wrong([line.problem], say);
  if (line.given.has("--help")) {
    writeOut(helpText());
    return { code: 0 };
  }
  const part = translate(line, thisMachine);
  if (part.problems.length > 0) return wrong(part.problems, say);
  if (line.given.has("--print")) {
    const loaded = loadConfig({ flags: shownSettings(part) });
    if ("problems" in loaded) return wrong(loaded.problems.map(formatProblem), say);
    writeOut(printedFile(part));
    return { code: 0 };
  }
  if (line.given.has("--daemon") && environment[READY_MARK] === undefined) {
    const stdin = line.given.has("--inetd") ? "inherit" : "null";
    return { code: await goToBackground(args, { stdin, writeError }, say) };
  }
  for (const remark of part.remarks) say(`warning: ${remark}`);
  try {
    return await prepare(part);
  } catch (error) {
    say(`--auth-source: no temporary file can be written for it: ${(error as Error).message}`);
    return { code: 1 };
  }
}

async function goToBackground(
  args: readonly string[],
  options: DaemonOptions,
  say: (text: string) => void,
): Promise<number> {
  // By the name of the executable it may know already.
  const isCalled = argumentsOf(Deno.execPath(), []).length > 0;
  try {
    const daemon = await startDaemon(isCalled ? args : ["websockify", ...args], options);
    if ("code" in daemon) return daemon.code;
    say(`it goes on in the background, as process ${daemon.pid}`);
    return 0;
  } catch (error) {
    say(`--daemon: ${(error as Error).message}`);
    return 1;
  }
}

function wrong(problems: readonly string[], say: (text: string) => void) {
  for (const problem of problems) say(problem);
  say("try wstunnel websockify --help");
  return { code: USAGE };
}

async function prepare({ settings, secrets }: Required<Part>): Promise<Prepared> {
  const files: UsersFile[] = [];
  const hidden: Setting[] = [];
  for (const { flag, path, ...secret } of secrets) {
    if ("value" in secret) {
      hidden.push({ flag, path, value: secret.value });
    } else {
      const file = await writeUsersFile(secret.user, secret.password);
      files.push(file);
      hidden.push({ flag, path, value: file.path });
    }
  }
  return {
    settings: [...settings, ...hidden],
    remove: async () => void await Promise.allSettled(files.map((file) => file.remove())),
  };
}

const PEM = "-----BEGIN ";

const thisMachine: Look = {
  freePort() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    return port;
  },
  exists(path) {
    try {
      Deno.statSync(path);
      return true;
    } catch (error) {
      // One that can't be seen is told of by whoever reads it.
      return !(error instanceof Deno.errors.NotFound);
    }
  },
  absolute: (path) => path.startsWith("/") ? path : `${Deno.cwd()}/${path}`,
  isPem(path) {
    try {
      return Deno.readTextFileSync(path).includes(PEM);
    } catch {
      return null;
    }
  },
};

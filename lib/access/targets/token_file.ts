/**
 * A token file, or a folder of them, as websockify's TokenFile takes: looked at every second, and at each request, so that a token holds from the
 * moment it is written and is none from the moment it is taken away.
 *
 * @module
 */
import { stampOf } from "../../base/file_stamp.ts";
import { readTextFile } from "../../base/read_file.ts";
import type { Emit } from "../../events/events.ts";
import { type Found, NO_SUCH_TOKEN, NO_TARGET, type TargetSource } from "./source.ts";
import { parseTarget } from "../../config/target_text.ts";
import type { LineProblem } from "../../config/line_problems.ts";
import { readTokenLines } from "../../config/token_lines.ts";

/** How often it is looked at while nobody asks. */
const LOOK_MS = 1_000;

/** 600,000 lines of 50 bytes. */
const MAX_FILE_BYTES = 32 * 1024 ** 2;

const MAX_FILES = 1_000;

/** Wrong lines told of at a time; of the rest the number is. */
const MOST_TOLD = 10;

/** What is read, and by what one sees that it has changed. */
interface Seen {
  readonly files: readonly string[];
  readonly signature: string;
}

/** Why there is nothing to read. */
interface Unseen {
  readonly problem: string;
  /** Whether it isn't there: then it has no tokens. What can't be read has those that it had. */
  readonly missing: boolean;
}

export interface TokenFileOptions {
  readonly route: string;
  readonly path: string;
  readonly emit: Emit;
}

/** Makes the source; it reads at once, and tells of what is wrong with the file. */
export function createTokenFile({ route, path, emit }: TokenFileOptions): TargetSource {
  let targets: ReadonlyMap<string, string> = new Map();
  let signature = "";
  let told = "";
  /** When the last look that is over began. */
  let lookedAtMs = -Infinity;
  let looking: Promise<void> | null = null;

  function tellOnce(problem: string): void {
    if (problem !== told) emit({ kind: "targets-unreadable", route, source: path, problem });
    told = problem;
  }

  async function look(): Promise<void> {
    const seen = await see(path);
    if ("problem" in seen) {
      if (seen.missing) targets = new Map();
      signature = "";
      return tellOnce(seen.problem);
    }
    if (seen.signature === signature) return;
    const read = new Map<string, string>();
    for (const file of seen.files) {
      const problems: LineProblem[] = [];
      const problem = await readInto(file, read, problems);
      // What was read so far would be half of it.
      if (problem !== null) return tellOnce(`${file} ${problem}`);
      tellLines(file, problems);
    }
    targets = read;
    signature = seen.signature;
    told = "";
    emit({ kind: "targets-read", route, source: path, tokens: read.size });
  }

  function tellLines(source: string, problems: readonly LineProblem[]): void {
    const more = problems.length - MOST_TOLD;
    for (const [at, { line, problem }] of problems.slice(0, MOST_TOLD).entries()) {
      const left = at === MOST_TOLD - 1 && more > 0 ? more : 0;
      emit({ kind: "targets-line-wrong", route, source, line, problem, more: left });
    }
  }

  /** One look at a time, for all who wait for it. */
  function lookOnce(): Promise<void> {
    const beganAtMs = performance.now();
    return looking ??= look().finally(() => {
      lookedAtMs = beganAtMs;
      looking = null;
    });
  }

  /** A look that begins now, or later. */
  async function lookAgain(): Promise<void> {
    const nowMs = performance.now();
    while (lookedAtMs < nowMs) await lookOnce();
  }

  const timer = setInterval(() => void lookOnce(), LOOK_MS);
  // The program's end doesn't wait for it.
  Deno.unrefTimer(timer);
  void lookOnce();

  return {
    async find(token): Promise<Found> {
      await lookAgain();
      const target = targets.get(token);
      if (target === undefined) return NO_SUCH_TOKEN;
      const address = parseTarget(target);
      return address === null ? NO_TARGET : { address };
    },
    look: () => void lookAgain(),
    close: () => clearInterval(timer),
  };
}

async function see(path: string): Promise<Seen | Unseen> {
  try {
    const files = await filesAt(path);
    if (files.length > MAX_FILES) {
      return { problem: `${path} has more than ${MAX_FILES} files`, missing: false };
    }
    const stats = await Promise.all(files.map((file) => Deno.stat(file)));
    const regular = files.filter((_, at) => stats[at]!.isFile);
    if (regular.length === 0 && files.length > 0) {
      return { problem: `${path} is no file`, missing: false };
    }
    return { files: regular, signature: JSON.stringify(stats.map(stampOf).concat(files)) };
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound;
    return { problem: missing ? `there is no ${path}` : `${path} cannot be read`, missing };
  }
}

/** The file itself, or those in a folder, hidden ones left out, in the order of their names. */
async function filesAt(path: string): Promise<string[]> {
  if (!(await Deno.stat(path)).isDirectory) return [path];
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (!isDirectory && !name.startsWith(".")) names.push(name);
  }
  return names.sort().map((name) => `${path}/${name}`);
}

/** Reads the lines of a file, in turns; gives why it can't be read. */
async function readInto(
  file: string,
  targets: Map<string, string>,
  problems: LineProblem[],
): Promise<string | null> {
  const read = await readTextFile(file, MAX_FILE_BYTES);
  if ("problem" in read) return read.problem;
  for (const _ of readTokenLines(read.text, targets, problems)) {
    await new Promise((done) => setTimeout(done, 0));
  }
  return null;
}

/**
 * Arguments to an exit code: reads them, loads the configuration and serves, or says what is wrong.
 *
 * @module
 */
import { escapeControls } from "../base/escape.ts";
import { versionLine } from "../base/version.ts";
import { within } from "../base/within.ts";
import type { Config } from "../config/config.ts";
import { toFile } from "../config/effective.ts";
import type { Loaded } from "../config/load.ts";
import { formatProblem, quote } from "../config/problem.ts";
import { readConfig } from "../config/read.ts";
import { writeToml } from "../config/toml.ts";
import type { ServeOptions } from "../control/life.ts";
import { runtimeProblems } from "../control/runtime.ts";
import { createEvents } from "../events/events.ts";
import { openProgramLog } from "../events/log/open.ts";
import { fromEnvironment } from "./environment.ts";
import { helpFor, parseArguments } from "./arguments.ts";
import { parseProbe, probe } from "./probe.ts";
import { createReadySink, READY_MARK } from "./ready_mark.ts";
import { toSettings } from "./settings.ts";
import type { Streams } from "./connect/stdio.ts";

/** The command line or the configuration is wrong. */
const EXIT_USAGE = 2;

/** The server that was asked doesn't answer as it should. */
const EXIT_UNWELL = 1;

/** How long the end of the program waits for somebody to read the log's last lines. */
const LAST_LINES_MS = 1_000;

/** What the program is made of besides its arguments. */
export interface RunOptions {
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Serves until a signal; gives the exit code. */
  readonly serve: (config: Config, options: ServeOptions) => Promise<number>;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether standard output is a terminal. */
  readonly isTerminal: () => boolean;
  /** Standard input and output, for bytes. */
  readonly streams: Streams;
}

/** Does what the arguments ask for and gives the exit code: 2 for a wrong command line or configuration. */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  const { writeOut } = options;
  const complain = complainer(options);
  const invocation = parseArguments(args);
  if (invocation.kind === "help" || invocation.kind === "version") {
    writeOut(invocation.kind === "help" ? invocation.text : versionLine());
    return 0;
  }
  if (invocation.kind === "wrong") {
    complain(invocation.message);
    complain(`try ${helpFor(args)}`);
    return EXIT_USAGE;
  }
  if (invocation.kind === "probe") return await probeUrl(invocation.url, options);
  if (invocation.kind === "ask") {
    const { environment, isTerminal } = options;
    const { runCommand } = await import("./admin_commands.ts");
    const given = { writeOut, complain, environment, isTerminal: isTerminal() };
    return await runCommand(invocation, given);
  }
  if (invocation.kind === "connect") {
    const { environment, streams } = options;
    const { runConnect } = await import("./connect_command.ts");
    return await runConnect(invocation, { complain, environment, streams });
  }
  const fallbacks = fromEnvironment(options.environment);
  if (invocation.kind === "websockify") {
    const { prepareWebsockify } = await import("./websockify_command.ts");
    const prepared = await prepareWebsockify(invocation.args, { ...options, complain });
    if ("code" in prepared) return prepared.code;
    const reread = () => readConfig(undefined, prepared.settings, fallbacks);
    try {
      return await runConfigured("serve", reread, options);
    } finally {
      await prepared.remove();
    }
  }
  const { kind, given } = invocation;
  const file = given.findLast(({ name }) => name === "--config")?.value;
  const settings = toSettings(given);
  return await runConfigured(kind, () => readConfig(file, settings, fallbacks), options);
}

/** Serves what is configured until a signal, or checks it. */
async function runConfigured(
  kind: "serve" | "check",
  reread: () => Promise<Loaded>,
  options: RunOptions,
): Promise<number> {
  const complain = complainer(options);
  const loaded = await reread();
  if ("problems" in loaded) {
    for (const problem of loaded.problems) complain(formatProblem(problem));
    return EXIT_USAGE;
  }
  const { config } = loaded;
  const unable = runtimeProblems(Deno.version.deno, config);
  for (const problem of unable) complain(problem);
  if (unable.length > 0) return EXIT_USAGE;
  const warnings = loaded.warnings.map(formatProblem);
  if (kind === "check") {
    for (const warning of warnings) complain(`warning: ${warning}`);
    options.writeOut(writeToml(toFile(config)));
    return 0;
  }
  const log = await openProgramLog(config);
  if ("problem" in log) {
    complain(log.problem);
    return EXIT_USAGE;
  }
  const events = createEvents([log.sink]);
  const mark = options.environment[READY_MARK];
  if (mark !== undefined) events.add(createReadySink(mark, options.writeError, events.flushed));
  for (const text of warnings) events.emit({ kind: "configuration-warning", text });
  try {
    return await options.serve(config, { events, warnings: loaded.warnings, reread, log });
  } finally {
    await within(events.flushed(), LAST_LINES_MS);
  }
}

function complainer({ writeError }: RunOptions): (text: string) => void {
  return (text) => writeError(errorLine(text));
}

/** A line of an error, also where what is wrong holds a newline. */
function errorLine(text: string): string {
  return `wstunnel: ${escapeControls(text)}\n`;
}

async function probeUrl(url: string, { writeOut, writeError }: RunOptions): Promise<number> {
  const parsed = parseProbe(url);
  if ("problem" in parsed) {
    writeError(errorLine(`--url: ${parsed.problem}: current value is ${quote(url)}`));
    return EXIT_USAGE;
  }
  const { ok, text } = await probe(parsed);
  if (ok) writeOut(`${url}: ${text}\n`);
  else writeError(errorLine(`${url}: ${text}`));
  return ok ? 0 : EXIT_UNWELL;
}

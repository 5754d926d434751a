/**
 * The program: arguments to an exit code.
 *
 * @module
 */
// First of all: what is imported after it takes time, during which SIGUSR1 would do harm.
import "./lib/sys/debugger.ts";
import { argv0 } from "node:process";
import { goToUser } from "./lib/base/standing.ts";
import { writeText } from "./lib/base/output.ts";
import { argumentsOf } from "./lib/cli/called.ts";
import { run } from "./lib/cli/run.ts";
import { serve } from "./lib/control/life.ts";

goToUser();
const code = await run(argumentsOf(argv0, Deno.args), {
  writeOut: (text) => writeText(Deno.stdout, text),
  writeError: (text) => writeText(Deno.stderr, text),
  serve,
  environment: Deno.env.toObject(),
  isTerminal: () => Deno.stdout.isTerminal(),
  streams: { input: Deno.stdin, output: Deno.stdout },
});
Deno.exit(code);

/**
 * The program: arguments to an exit code.
 *
 * @module
 */
import { writeText } from "./lib/base/output.ts";
import { run } from "./lib/cli/run.ts";
import { serve } from "./lib/server/server.ts";

const code = await run(Deno.args, {
  writeOut: (text) => writeText(Deno.stdout, text),
  writeError: (text) => writeText(Deno.stderr, text),
  serve,
});
Deno.exit(code);

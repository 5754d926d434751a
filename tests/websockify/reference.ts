/** websockify itself, as Debian has it, for what it says. */
import assert from "node:assert/strict";
import { installed } from "../support/installed.ts";

const PROGRAM = installed("websockify");

/** Why there is no websockify to compare with; null: there is. */
export const NO_WEBSOCKIFY = PROGRAM === null ? "websockify is not installed" : null;

async function run(program: string, args: readonly string[], cwd?: string) {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...(cwd !== undefined && { cwd }),
    stdin: "null",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, error);
  return out!;
}

/** Its help. */
export function referenceHelp(): Promise<string> {
  return run(PROGRAM!, ["--help"]);
}

/** It is started once, not for each line: that takes a third of a second. */
const REFUSE_ALL = `
import io, json, sys
from contextlib import redirect_stderr
from websockify.websocketproxy import websockify_init
said = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["websockify"] + words
    with redirect_stderr(io.StringIO()) as error:
        try:
            websockify_init()
        except SystemExit as end:
            said.append(error.getvalue().splitlines()[-1] if end.code == 2 else f"exit {end.code}")
print(json.dumps(said))
`;

/** What it says of lines that it refuses, each by exit code 2. */
export async function referenceErrors(
  lines: readonly (readonly string[])[],
  cwd: string,
): Promise<string[]> {
  const [shebang] = (await Deno.readTextFile(PROGRAM!)).split("\n");
  const python = shebang!.slice("#!".length).trim();
  const said: string[] = JSON.parse(
    await run(python, ["-c", REFUSE_ALL, JSON.stringify(lines)], cwd),
  );
  return said.map((line) => line.replace("websockify: error: ", ""));
}

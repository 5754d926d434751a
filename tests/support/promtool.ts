/** What Prometheus' own checker says, where that is installed. */
import assert from "node:assert/strict";
import { installed } from "./installed.ts";

const PROMTOOL = installed("promtool");

/** Behind the name of a test that needs it. */
export const WITHOUT_PROMTOOL = PROMTOOL === null ? " (skipped: no promtool)" : "";

/** Runs it to its end, with an input, and gives what it says; fails where it finds something wrong. */
export async function promtool(args: readonly string[], input = ""): Promise<string> {
  const command = new Deno.Command(PROMTOOL!, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  await using child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  assert.ok(success, `promtool ${args.join(" ")}:\n${said}`);
  return said;
}

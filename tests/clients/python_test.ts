/** Python's websockets. */
import { NO_OPENSSL } from "../support/certificates.ts";
import { inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { type FrameType, moveBothWays, type Report, type Task } from "./transfer_rig.ts";

const PYTHON = installed("python3");

const DEADLINE_MS = 120_000;

const SCRIPT = new URL("move.py", import.meta.url).pathname;

/** Why it can't be tested, or null. */
function whyNot(): string | null {
  if (PYTHON === null) return "python3 is not installed";
  const { success } = new Deno.Command(PYTHON, { args: ["-c", "import websockets"] }).outputSync();
  return success ? null : "Python's websockets is not installed";
}

async function run({ url, root, type, blocks }: Task): Promise<Report> {
  const child = new Deno.Command(PYTHON!, {
    args: [SCRIPT, url, type, String(blocks)],
    env: root === undefined ? {} : { SSL_CERT_FILE: root },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const { success, stdout, stderr } = await inTime(
    "the end of the Python client",
    output,
    () => child.kill("SIGKILL"),
    DEADLINE_MS,
  );
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

const REASON = whyNot();

for (const type of ["binary", "text"] satisfies FrameType[]) {
  Deno.test({
    name: `Python's websockets move 100 MiB each way in ${type} frames` +
      (REASON === null ? "" : ` (skipped: ${REASON})`),
    ignore: REASON !== null,
    fn: () => moveBothWays(type, run),
  });
}

Deno.test({
  name: "Python's websockets move 100 MiB each way over TLS" +
    (REASON === null ? "" : ` (skipped: ${REASON})`),
  ignore: REASON !== null || NO_OPENSSL !== null,
  fn: () => moveBothWays("binary", run, "wss"),
});

/** `openssl s_client`, which says what it was answered and what was agreed on. */
import { inTime } from "../support/eventually.ts";

/** Why there are no tests with it, null when there are. */
export { NO_OPENSSL } from "../support/certificates.ts";

export const ASK_HEALTH = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

export interface Asked {
  /** All that it printed: what was agreed on, what came, errors. */
  readonly output: string;
  /** Of the answer; null: none came. */
  readonly status: number | null;
}

/** Connects to `host:port`, sends a request and reads to the end. */
export async function askBySClient(
  address: string,
  args: readonly string[] = [],
  request: string = ASK_HEALTH,
): Promise<Asked> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", address, "-ign_eof", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  // It may have been refused before.
  await writer.write(new TextEncoder().encode(request)).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout, stderr } = await inTime("the end of s_client", output, () => child.kill());
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  // Not always at the start of a line: it prints its own words in between.
  const status = /HTTP\/1\.1 (\d+) /.exec(text)?.[1];
  return { output: text, status: status === undefined ? null : Number(status) };
}

/** What is told of a server's answer that opens no tunnel, whatever it is made of. */
import assert from "node:assert/strict";
import { openWebSocket } from "../../lib/cli/connect/open.ts";
import { readSettings } from "../../lib/cli/connect/settings.ts";
import { serveBackend } from "../support/backends.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";

/** An answer's status line and fields, and its body. */
function answer(lines: readonly string[], body = ""): string {
  return `HTTP/1.1 ${lines.join("\r\n")}\r\n\r\n${body}`;
}

Deno.test("a refusal is told in one line of bounded length, without what the body is wrapped in", async () => {
  const long = "r".repeat(10_000);
  const cut = `${"r".repeat(196)}…`;
  const cases: [answer: string, told: string][] = [
    [answer(["403 Forbidden", "Content-Length: 10"], "not today\n"), "403 Forbidden: not today"],
    [
      answer(["403 Forbidden", "Transfer-Encoding: chunked"], "9\r\nnot today\r\n0\r\n\r\n"),
      "403 Forbidden",
    ],
    [
      answer(["403 Forbidden", "Content-Encoding: gzip", "Content-Length: 4"], "\x1f\x08\0\0"),
      "403 Forbidden",
    ],
    [answer(["403 Forbidden", "Content-Type: text/html"], "<html>"), "403 Forbidden"],
    [answer([`403 ${long}`, "Content-Length: 0"]), `403 ${cut}`],
    [answer(["403", "Content-Length: 8"], "\x1b[2J\x07no\n"), "403: ?[2J?no"],
    [answer(["200 OK", "Content-Length: 0"]), "200 OK"],
  ];
  for (const [text, told] of cases) assert.equal(await toldOf(text), told);
});

Deno.test("a redirect is told by the name that it leads to, and isn't followed", async () => {
  const secret = makeSecret("a token in a redirect");
  const to = (location: string) =>
    answer(["301 Moved Permanently", `Location: ${location}`, "Content-Length: 0"]);
  const cases: [location: string, leads: string][] = [
    [`https://user:${secret}@example.com/${secret}/?a=${secret}`, "https://example.com"],
    [`wss://example.com:8443/${secret}`, "wss://example.com:8443"],
    [`/${secret}/`, "another path"],
    [`?a=${secret}`, "another path"],
  ];
  for (const [location, leads] of cases) {
    const told = await toldOf(to(location));
    assert.equal(told, `301 Moved Permanently; that leads to ${leads}, and isn't followed`);
  }
  const none = answer(["302 Found", "Content-Length: 0"]);
  assert.equal(await toldOf(none), "302 Found");
  assert.equal(
    await toldOf(answer(["307 Go", "Location: http://", "Content-Length: 0"])),
    "307 Go",
  );
});

/** What stands behind "refuses:". */
async function toldOf(text: string): Promise<string> {
  await using server = serveBackend(async ({ reader, write }) => {
    await reader.through("\r\n\r\n", "a request");
    await write(text);
  });
  const read = await readSettings([`ws://${server.address}/`], [], [], {});
  assert.ok(!("problem" in read));
  const opened = await openWebSocket(read[0]!);
  assert.ok("kind" in opened && opened.kind === "refused");
  assertNoSecret("what is told", opened.reason);
  return opened.reason.replace(/^refuses: /, "");
}

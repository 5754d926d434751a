import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/address.ts";
import { parseTarget, parseTargetAnswer, targetOf } from "../../lib/config/target_text.ts";
import type { LineProblem } from "../../lib/config/line_problems.ts";
import { readTokenLines } from "../../lib/config/token_lines.ts";

const shown = (address: ReturnType<typeof parseTarget>) => address && formatAddress(address);

Deno.test("`parseTarget()` reads what websockify reads: host:port, IPv6 with and without brackets, sockets", () => {
  const cases: [text: string, address: string | null][] = [
    ["127.0.0.1:5900", "127.0.0.1:5900"],
    [" desk.example:5901\n", "desk.example:5901"],
    ["[2001:db8::1]:5900", "[2001:db8::1]:5900"],
    ["2001:db8::1:5900", "[2001:db8::1]:5900"],
    ["::1:5900", "[::1]:5900"],
    ["unix_socket:/run/vnc.sock", "unix:/run/vnc.sock"],
    ["unix:/run/vnc.sock", "unix:/run/vnc.sock"],
    ["127.0.0.1", null],
    ["127.0.0.1:", null],
    ["127.0.0.1:0", null],
    ["127.0.0.1:70000", null],
    ["a:b:5900", null],
    ["a b:5900", null],
    ["unix_socket:run", null],
    ["", null],
  ];
  for (const [text, address] of cases) assert.equal(shown(parseTarget(text)), address, text);
});

Deno.test("`parseTargetAnswer()` reads JSON with host and port, with both in host, and plain text", () => {
  const cases: [text: string, address: string | null][] = [
    ['{"host": "127.0.0.1", "port": 5900}', "127.0.0.1:5900"],
    ['{"host": "127.0.0.1", "port": "5900"}', "127.0.0.1:5900"],
    ['{"host": "::1", "port": 5900}', "[::1]:5900"],
    ['{"host": "[::1]", "port": 5900}', "[::1]:5900"],
    [' {"host": "127.0.0.1:5900"}', "127.0.0.1:5900"],
    ['{"target": "127.0.0.1:5900"}', "127.0.0.1:5900"],
    ['{"host": "unix_socket", "port": "/run/a"}', null],
    ['{"host": "unix:/run/a"}', null],
    ["unix:/run/a", null],
    ["unix_socket:/run/a", null],
    ["127.0.0.1:5900\n", "127.0.0.1:5900"],
    ['{"host": "unix:/run/a", "port": "5900"}', null],
    ['{"host": "127.0.0.1", "port": "5900x"}', null],
    ['{"host": "127.0.0.1", "port": 5900.5}', null],
    ['{"host": "127.0.0.1", "port": -1}', null],
    ['{"host": 1, "port": 5900}', null],
    ['{"port": 5900}', null],
    ['{"host"', null],
    ["[]", null],
    ["{}", null],
    ["", null],
  ];
  for (const [text, address] of cases) assert.equal(shown(parseTargetAnswer(text)), address, text);
  for (const fields of [null, "127.0.0.1:5900", ["127.0.0.1:5900"], 5]) {
    assert.equal(targetOf(fields), null);
  }
});

function read(text: string) {
  const targets = new Map<string, string>();
  const problems: LineProblem[] = [];
  const turns = [...readTokenLines(text, targets, problems)].length;
  return { targets, problems, turns };
}

Deno.test("`readTokenLines()` takes comments, blank lines, CRLF, white space around, and the later of two lines", () => {
  const { targets, problems } = read(
    "# desks\r\n\r\n  a:   127.0.0.1:5901  \r\nb:\tunix_socket:/run/b\nc:d: ::1:5903\na: 127.0.0.1:5909",
  );
  assert.deepEqual([...targets], [
    ["a", "127.0.0.1:5909"],
    ["b", "unix_socket:/run/b"],
    ["c:d", "::1:5903"],
  ]);
  assert.deepEqual(problems, []);
});

Deno.test("`readTokenLines()` tells each wrong line by its number, without a word of it, and takes the others", () => {
  const lines = [
    "a: h:1",
    "secret h:1",
    "secret:h:1",
    ": h:1",
    "secret: h",
    "secret: h:1: h:2",
    "b: h:2",
    "a secret: h:1",
    "s\u00e9cret: h:1",
  ];
  const { targets, problems } = read(lines.join("\n"));
  assert.deepEqual([...targets.keys()], ["a", "b"]);
  assert.deepEqual(problems.map(({ line }) => line), [2, 3, 4, 5, 6, 8, 9]);
  assert(!JSON.stringify(problems).includes("secret"));
});

Deno.test("`readTokenLines()` lets others go on every thousand lines", () => {
  const text = Array.from({ length: 10_000 }, (_, at) => `token-${at}: 10.0.0.1:${at + 1}`).join(
    "\n",
  );
  const { targets, turns } = read(text);
  assert.equal(targets.size, 10_000);
  assert.equal(turns, 10);
});

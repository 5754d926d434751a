import assert from "node:assert/strict";
import type { Path } from "../../lib/config/problem.ts";
import { lineLocator, parseToml, writeToml } from "../../lib/config/toml.ts";

const TEXT = `# a comment

a = 1
  # another
list = [
  1,

  2, # with a comment
]
text = """
b = 2
[c]
"""
b = { x = 1, y = { z = 2 } }
dotted.key.deep = 1

[table]
  indented = 1

[[table.rows]]
x = 1
[[table.rows]]
x = 2
[table.rows.inner]
y = 3
[ "quo.ted" ]
`;

Deno.test("`lineLocator()` gives the line where a key starts", () => {
  const cases: [Path, number | undefined][] = [
    [["a"], 3],
    [["list"], 5],
    [["list", 0], 6],
    [["list", 1], 8],
    [["text"], 10],
    [["b"], 14],
    [["b", "y", "z"], 14],
    [["dotted", "key"], 15],
    [["table"], 17],
    [["table", "indented"], 18],
    [["table", "rows"], 20],
    [["table", "rows", 0], 20],
    [["table", "rows", 0, "x"], 21],
    [["table", "rows", 1], 22],
    [["table", "rows", 1, "x"], 23],
    [["table", "rows", 1, "inner", "y"], 25],
    [["quo.ted"], 26],
  ];
  const paths = cases.map(([path]) => path);
  assert.deepEqual(paths.map(lineLocator(TEXT)), cases.map(([, line]) => line));
  assert.deepEqual(
    paths.map(lineLocator(TEXT.replaceAll("\n", "\r\n"))),
    cases.map(([, line]) => line),
  );
});

Deno.test("`lineLocator()` gives the closest table around a key that isn't there", () => {
  const paths: Path[] = [["table", "rows", 1, "missing"], ["a", "b"], ["missing"], []];
  assert.deepEqual(paths.map(lineLocator(TEXT)), [22, 3, undefined, undefined]);
});

Deno.test("`lineLocator()` knows the only line of a file without a newline", () => {
  assert.deepEqual([["a"], []].map(lineLocator("a = 1")), [1, undefined]);
});

Deno.test("`lineLocator()` is done with a big file in a bounded time", () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `key${i} = ${i}`);
  const started = performance.now();
  const some = [0, 9_999, 19_999].map((i) => [`key${i}`]).map(lineLocator(rows.join("\n")));
  assert.deepEqual(some, [1, 10_000, 20_000]);
  // A list over all lines can't be cut anywhere: the worst there is.
  const list = `list = [\n${"  1,\n".repeat(30_000)}]\n`;
  const line = lineLocator(list)(["list"]);
  assert([1, undefined].includes(line));
  assert(performance.now() - started < 120_000);
});

Deno.test("`parseToml()` says where and why a text is no TOML, without quoting it", () => {
  const cases: [string, number, number, string][] = [
    ["a = ", 1, 5, "invalid value"],
    ["a = 1\nb = 'secret", 2, 5, "unfinished string"],
    ["a = 1 secret", 1, 7, "each key-value declaration must be followed by an end-of-line"],
    ["a = 1\n[a]", 2, 2, "trying to redefine an already defined table or value"],
  ];
  for (const [text, line, column, reason] of cases) {
    assert.deepEqual(parseToml(text), { problem: { line, column, reason } }, text);
  }
});

Deno.test("`parseToml()` refuses nesting that would exhaust the stack", () => {
  const parsed = parseToml("a = " + "[".repeat(200_000));
  assert("problem" in parsed);
});

Deno.test("`writeToml()` writes what `parseToml()` reads back", () => {
  const value = {
    text: 'a"\\\n\u0007é',
    list: ["x"],
    table: { "/a b": [{ x: 0.5, inner: { y: true } }, { x: 1 }], empty: {} },
  };
  const parsed = parseToml(writeToml(value));
  assert("value" in parsed);
  assert.equal(JSON.stringify(parsed.value), JSON.stringify(value));
});

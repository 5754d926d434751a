import assert from "node:assert/strict";
import { splitCommandLine } from "../../lib/config/command_line.ts";

const CASES: [string, string[]][] = [
  ["", []],
  ["  \t\n ", []],
  ["a", ["a"]],
  ["a b", ["a", "b"]],
  ["  a \t b\n", ["a", "b"]],
  ["a 'b c' d", ["a", "b c", "d"]],
  ['a "b c" d', ["a", "b c", "d"]],
  ["a ''", ["a", ""]],
  ['""', [""]],
  [`a'b'"c"d`, ["abcd"]],
  ["'a\\'", ["a\\"]],
  [`"it's"`, ["it's"]],
  [`'say "x"'`, ['say "x"']],
  ['"a\\"b"', ['a"b']],
  ['"a\\\\b"', ["a\\b"]],
  ['"a\\nb"', ["a\\nb"]],
  ['"\\$HOME \\`x\\`"', ["$HOME `x`"]],
  ["a\\ b", ["a b"]],
  ["\\'a", ["'a"]],
  ["a\\\nb", ["ab"]],
  ['"a\\\nb"', ["ab"]],
  ["größe '→ x'", ["größe", "→ x"]],
];

Deno.test("`splitCommandLine()` splits at blanks and keeps what quotes and backslashes protect", () => {
  for (const [text, words] of CASES) assert.deepEqual(splitCommandLine(text), { words }, text);
});

Deno.test("`splitCommandLine()` splits as sh does", async () => {
  const script = CASES.map(([text]) => `printf '%s\\0' x ${text.trim()}; printf '\\001'`).join(
    "\n",
  );
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  const shell = new TextDecoder().decode(stdout).split("\x01").slice(0, -1)
    .map((words) => words.split("\0").slice(1, -1));
  assert.deepEqual(shell, CASES.map(([, words]) => words));
});

Deno.test("`splitCommandLine()` leaves variables, patterns and operators alone", () => {
  const text = "a $HOME ~ *.x | b > c; d & # e";
  assert.deepEqual(splitCommandLine(text), { words: text.split(" ") });
});

Deno.test("`splitCommandLine()` says what is not closed", () => {
  const cases: [string, string][] = [
    ["a 'b", "has a ' that is not closed"],
    ['a "b', 'has a " that is not closed'],
    ['a "b\\"', 'has a " that is not closed'],
    ['"\\', 'has a " that is not closed'],
    ["'", "has a ' that is not closed"],
    ["a\\", "ends in a backslash"],
  ];
  for (const [text, problem] of cases) {
    assert.deepEqual(splitCommandLine(text), { problem }, text);
  }
});

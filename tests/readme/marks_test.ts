import assert from "node:assert/strict";
import { blocksOf } from "./blocks.ts";
import { readMark } from "./marks.ts";
import { stepsOf } from "./steps.ts";

Deno.test("`blocksOf()` gives blocks with heading, line and mark, also those of a list", () => {
  const page = `# One
<!-- run -->
\`\`\`sh
# no heading
\`\`\`

## Two

<!-- file: a
then: b -->
\`\`\`toml
a = 1
\`\`\`

- a list

  \`\`\`
  b
    c
  \`\`\`
`;
  assert.deepEqual(blocksOf(page), [
    { line: 3, heading: "One", language: "sh", text: "# no heading\n", mark: "run" },
    { line: 11, heading: "Two", language: "toml", text: "a = 1\n", mark: "file: a\nthen: b" },
    { line: 17, heading: "Two", language: "", text: "b\n  c\n", mark: null },
  ]);
});

Deno.test("`readMark()` reads what is to be done, what is needed for it and what proves it", () => {
  const mark = `stays: 127.0.0.1:1 /path
given: ssh mqtt
beside: Some heading
says: password:
types: a: b
then: one
root: two`;
  assert.deepEqual(readMark(mark), {
    doing: "stays",
    words: "127.0.0.1:1 /path",
    given: ["ssh", "mqtt"],
    beside: ["Some heading"],
    turns: [{ what: "says", text: "password:" }, { what: "types", text: "a: b" }],
    proofs: [{ asRoot: false, command: "one" }, { asRoot: true, command: "two" }],
  });
});

const PROBLEMS: readonly [mark: string | null, problem: string][] = [
  [
    null,
    "no comment above it says what to do with it (run, stays, file, check, opens, shown, skip)",
  ],
  ["later", '"later" is none of run, stays, file, check, opens, shown, skip'],
  ["skip:", '"skip:" says nothing'],
  ["file", '"file:" says nothing'],
  ["run\nwhen: now", '"when" is none of given, beside, types, says, then, root'],
  ["run\nthen:", '"then:" says nothing'],
];

Deno.test("`readMark()` says what nobody can tell", () => {
  for (const [mark, problem] of PROBLEMS) assert.deepEqual(readMark(mark), { problem });
});

Deno.test("`stepsOf()` finds services and headings that there are none of", () => {
  const { problems } = stepsOf("<!-- run\ngiven: nothing\nbeside: Nowhere -->\n```\n```\n");
  assert.match(problems[0]!, /^line 4: "nothing" is no service \(vnc-5900, /);
  assert.deepEqual(problems.slice(1), ['line 4: nothing stays below "Nowhere"']);
});

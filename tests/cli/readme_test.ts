/** What the README tells newcomers and those who come from another program, held to what there is here. */
import assert from "node:assert/strict";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import { hintForForeign } from "../../lib/cli/foreign.ts";
import { configurationTables } from "../../scripts/man_configuration.ts";
import { stepsOf } from "../readme/steps.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

/** The code in each column of the table below a heading, row by row. */
function rowsBelow(heading: string): { readonly theirs: string[]; readonly ours: string[] }[] {
  const section = README.split(`\n## ${heading}\n`)[1];
  assert.ok(section, heading);
  const rows = /^(?:\|.*\n)+/m.exec(section)![0].trimEnd().split("\n").slice(2);
  return rows.map((row) => {
    const [theirs, ours] = row.split(" | ").map((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
    );
    return { theirs: theirs!, ours: ours! };
  });
}

const NAMES: readonly string[] = FLAGS.map(({ name }) => name);

const HEADINGS = ["websockify", "lighttpd", "websocat", "erebe/wstunnel"].map((name) =>
  `Coming from ${name}`
);

for (const heading of HEADINGS) {
  Deno.test(`"${heading}" names flags and writes command lines that there are`, () => {
    const codes = rowsBelow(heading).flatMap(({ ours }) => ours);
    const flags = codes.filter((code) => code.startsWith("--"));
    for (const flag of flags) assert.ok(NAMES.includes(flag.split(" ")[0]!), flag);
    const lines = codes.filter((code) => code.startsWith("wstunnel "));
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const invocation = parseArguments(line.split(" ").slice(1));
      assert.notEqual(invocation.kind, "wrong", `${line}: ${JSON.stringify(invocation)}`);
    }
  });
}

Deno.test("the README and the program show the same line for those of others", () => {
  const cases = [["websockify", 1], ["websocat", 1], ["erebe/wstunnel", 3]] as const;
  for (const [name, rows] of cases) {
    for (const { theirs, ours } of rowsBelow(`Coming from ${name}`).slice(0, rows)) {
      const hint = hintForForeign(theirs[0]!.split(" ").slice(1));
      assert.ok(hint?.includes(ours[0]!), `${hint}`);
    }
  }
});

Deno.test("what the README says is the same as in lighttpd is a key here", () => {
  const { wstunnel, host } = configurationTables();
  const rows = rowsBelow("Coming from lighttpd");
  for (const name of rows[1]!.theirs) assert.ok(name.replace("wstunnel.", "") in wstunnel, name);
  for (const name of rows[2]!.theirs) assert.ok(name in host, name);
});

Deno.test("no flag of ours is said to be another program's alone", () => {
  for (const { theirs, ours } of HEADINGS.flatMap(rowsBelow)) {
    for (const flag of theirs.map((code) => code.split(" ")[0]!)) {
      if (NAMES.includes(flag)) assert.ok(ours.some((code) => code.startsWith(flag)), flag);
    }
  }
});

Deno.test("every link within the README leads to a heading, every other to a file", () => {
  const anchors = [...README.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    `#${heading!.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-")}`
  );
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
  assert.ok(links.length > 10);
  for (const link of links) {
    if (link.startsWith("#")) assert.ok(anchors.includes(link), link);
    else assert.ok(Deno.statSync(new URL(`../../${link}`, import.meta.url)).isFile, link);
  }
});

Deno.test("each code block of the README says what a newcomer's run of it does with it", () => {
  const { steps, problems } = stepsOf(README);
  assert.ok(steps.length > 60);
  assert.deepEqual(problems, [], "tests/readme/marks.ts lists what can be said above a block");
});

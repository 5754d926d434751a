/** A newcomer's run of the README from top to bottom. */
import assert from "node:assert/strict";
import { inTime } from "../support/eventually.ts";
import { README } from "./blocks.ts";
import { startInContainer, whyNoContainer } from "./container.ts";

const NO_CONTAINER = whyNoContainer();

/** Of the whole page, which takes half a minute where nothing else goes on. */
const DEADLINE_MS = 240_000;

function testInContainer(name: string, body: () => Promise<void>): void {
  const why = NO_CONTAINER === null ? "" : ` (skipped: ${NO_CONTAINER})`;
  Deno.test({ name: `${name}${why}`, ignore: NO_CONTAINER !== null, fn: body });
}

async function run(page: string): Promise<{ readonly code: number; readonly output: string }> {
  const child = startInContainer(page, [], "piped");
  const ended = child.output();
  const { code, stdout } = await inTime("the end", ended, () => child.kill("SIGKILL"), DEADLINE_MS);
  return { code, output: new TextDecoder().decode(stdout) };
}

testInContainer("the README runs from top to bottom in a clean container", async () => {
  const { code, output } = await run(README);
  assert.equal(code, 0, output);
});

const block = (mark: string, text: string) => `<!-- ${mark} -->\n\`\`\`sh\n${text}\n\`\`\`\n`;

/** Pages by what is found to be wrong with them. */
const WRONG: readonly [page: string, failure: RegExp][] = [
  ["# One\n```sh\ntrue\n```\n", /line 2: no comment above it says what to do with it/],
  [block("run", "true\nfalse\ntrue"), /line 2, : FAILED, Error: it ended with 1\n/],
  [block("run\nthen: exit 3", "true"), /it ended with 3\n/],
  [block("stays: 127.0.0.1:8080", "exit 4"), /it ended with 4\n/],
  [block("run", "echo told; exit 5"), /it ended with 5\n[^]*\nprinted:\ntold\n/],
  [block("run", "echo written >of.log; exit 6"), /\nof\.log:\nwritten\n/],
];

testInContainer("a page that is wrong doesn't pass, and what fails is told", async () => {
  const runs = WRONG.map(async ([page, failure]) => {
    const { code, output } = await run(page);
    assert.equal(code, 1, output);
    assert.match(output, failure);
  });
  await Promise.all(runs);
});

/** The recipes as the README has them: what a test runs is what a user pastes. */
import assert from "node:assert/strict";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The code blocks below a heading, up to the next one. */
function blocksOf(heading: string): Block[] {
  const start = Math.max(...["##", "###"].map((mark) => README.indexOf(`\n${mark} ${heading}\n`)));
  assert.notEqual(start, -1, `the README has no heading "${heading}"`);
  const section = README.slice(start + 1).split(/^##/m)[1]!;
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, language, text]) => ({ language: language!, text: text! }));
}

/** The `nth` block of a language, from 0, below a heading. */
export function recipe(heading: string, language: string, nth = 0): string {
  const block = blocksOf(heading).filter((one) => one.language === language)[nth];
  assert.ok(block, `the README has no block ${nth} of ${language} under "${heading}"`);
  return block.text;
}

/** Puts what is free on this machine in the place of what is written; each must be there. */
export function fill(text: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((filled, [written, here]) => {
    assert.ok(filled.includes(written), `no ${written} in\n${text}`);
    return filled.replaceAll(written, here);
  }, text);
}

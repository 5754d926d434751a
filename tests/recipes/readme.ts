/** The recipes as the README has them: what a test runs is what a user pastes. */
import assert from "node:assert/strict";
import { blocksOf, README } from "../readme/blocks.ts";

const BLOCKS = blocksOf(README);

/** The `nth` block of a language, from 0, below a heading. */
export function recipe(heading: string, language: string, nth = 0): string {
  const block = BLOCKS.filter((one) => one.heading === heading && one.language === language)[nth];
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

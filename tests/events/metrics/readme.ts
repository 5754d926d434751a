/** What the README says of metrics. */
import assert from "node:assert/strict";

const README = Deno.readTextFileSync(new URL("../../../README.md", import.meta.url));

export const SECTION: string = README.split("\n#### Metrics\n")[1]!.split(/\n#+ /)[0]!;

/** Its blocks of code, without their marks. */
const BLOCKS = [...SECTION.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block]) => block!);

/** The block that begins so. */
export function blockOf(beginning: string): string {
  const block = BLOCKS.find((block) => block.startsWith(beginning));
  assert.ok(block, beginning);
  return block;
}

/** The query by which Prometheus gives the rate of bytes. */
export const RATE_OF_BYTES: string = blockOf("sum by").split("\n")[0]!;

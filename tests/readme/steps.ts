/** What is to be done with a page, block by block. */
import { type Block, blocksOf } from "./blocks.ts";
import { type Plan, readMark } from "./marks.ts";
import { SERVICES } from "./services.ts";

export interface Step {
  readonly block: Block;
  readonly plan: Plan;
}

export interface Steps {
  readonly steps: readonly Step[];
  /** What is wrong, each with its line. */
  readonly problems: readonly string[];
}

export function stepsOf(page: string): Steps {
  const steps: Step[] = [];
  const problems: string[] = [];
  for (const block of blocksOf(page)) {
    const plan = readMark(block.mark);
    if ("problem" in plan) problems.push(`line ${block.line}: ${plan.problem}`);
    else steps.push({ block, plan });
  }
  for (const { block: { line }, plan } of steps) {
    for (const name of plan.given.filter((name) => !(name in SERVICES))) {
      const known = Object.keys(SERVICES).join(", ");
      problems.push(`line ${line}: "${name}" is no service (${known})`);
    }
    for (
      const heading of plan.beside.filter((heading) => stayingBelow(heading, steps).length === 0)
    ) {
      problems.push(`line ${line}: nothing stays below "${heading}"`);
    }
  }
  return { steps, problems };
}

/** What stays, below a heading. */
export function stayingBelow(heading: string, steps: readonly Step[]): readonly Step[] {
  return steps.filter(({ block, plan }) => block.heading === heading && plan.doing === "stays");
}

/** Runs the README as a newcomer does, in a container: all of it, or the sections below some headings. */
import { README } from "../tests/readme/blocks.ts";
import { startInContainer, whyNoContainer } from "../tests/readme/container.ts";

const why = whyNoContainer();
if (why !== null) {
  console.error(`there is no container to run the README in: ${why}`);
  Deno.exit(1);
}
const child = startInContainer(README, Deno.args, "inherit");
const { code } = await child.status;
Deno.exit(code);

/** Every rule of RFC 6455 that concerns a client's frames, over sockets: in one write, byte by byte, and cut anywhere. */
import { concat } from "../support/connection.ts";
import { type Cuts, everyByte, HEAD, inLanes, type Lane, type Outcome } from "./conversation.ts";
import { FRAME_RULES, type Rule } from "./frame_rules.ts";
import { wire } from "./wire.ts";

/** Longer conversations are cut in other places than everywhere. */
const SMALL_BYTES = 64;

const NORMAL_CLOSE = "88 82 00*4 03 e8";

/** The conversation a rule asks for, with its end. */
function conversationOf(rule: Rule): { frames: Uint8Array; outcome: Outcome } {
  const { close = "03 e8", backend = "", answers = "" } = rule;
  const frames = wire(rule.close === undefined ? `${rule.send} ${NORMAL_CLOSE}` : rule.send);
  return { frames, outcome: { backend, answers, close } };
}

/** Has the conversation with cuts among the frames, the first one right behind the head. */
async function check(lane: Lane, rule: Rule, cuts: Cuts): Promise<void> {
  const { frames, outcome } = conversationOf(rule);
  const cutsInAll = [HEAD.length, ...cuts.map((cut) => HEAD.length + cut)];
  try {
    await lane.converse(concat([HEAD, frames]), cutsInAll, outcome);
  } catch (error) {
    const how = cuts.length > 1 ? `${cuts.length} cuts` : `cuts [${cuts}]`;
    throw new Error(`${rule.section}: ${rule.what}: ${how}: ${(error as Error).message}`);
  }
}

Deno.test("every rule holds with its frames in one write", async () => {
  await inLanes(FRAME_RULES, (lane, rule) => check(lane, rule, []));
});

Deno.test("every rule holds with its frames right behind the head", async () => {
  await inLanes(FRAME_RULES, async (lane, rule) => {
    const { frames, outcome } = conversationOf(rule);
    try {
      await lane.converse(concat([HEAD, frames]), [], outcome);
    } catch (error) {
      throw new Error(`${rule.section}: ${rule.what}: ${(error as Error).message}`);
    }
  });
});

const SMALL_RULES = FRAME_RULES.filter((rule) => conversationOf(rule).frames.length <= SMALL_BYTES);

Deno.test("every rule holds byte by byte", async () => {
  await inLanes(
    SMALL_RULES,
    (lane, rule) => check(lane, rule, everyByte(conversationOf(rule).frames.length)),
  );
});

Deno.test("every rule holds with its frames cut in two anywhere", async () => {
  const cases = SMALL_RULES.flatMap((rule) =>
    everyByte(conversationOf(rule).frames.length).map((cut) => ({ rule, cut }))
  );
  await inLanes(cases, (lane, { rule, cut }) => check(lane, rule, [cut]));
});

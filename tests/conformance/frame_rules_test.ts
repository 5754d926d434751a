/** Every rule of RFC 6455 that concerns a client's frames, over sockets: in one write, byte by byte, and cut anywhere. */
import { concat } from "../support/connection.ts";
import { testEngines, testEnginesThat, testEnginesWithout } from "../e2e/drivers.ts";
import { type Cuts, everyByte, HEAD, inLanes, type Lane, type Outcome } from "./conversation.ts";
import { FRAME_RULES, type Rule } from "./frame_rules.ts";
import { can, type Engine } from "../e2e/engine_limits.ts";
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

/** Rules by what they need of an engine; undefined: nothing special. */
const BY_NEED = Map.groupBy(FRAME_RULES, ({ needs }) => needs);

function rulesFor(engine: Engine): Rule[] {
  return FRAME_RULES.filter(({ needs }) => needs === undefined || can(engine, needs));
}

function isSmall(rule: Rule): boolean {
  return conversationOf(rule).frames.length <= SMALL_BYTES;
}

for (const [need, rules] of BY_NEED) {
  const body = (engine: Engine) => inLanes(engine, rules, (lane, rule) => check(lane, rule, []));
  const name = "holds with its frames in one write";
  if (need === undefined) testEngines(`every rule ${name}`, body);
  else testEnginesThat(need, `every rule that asks to ${need} ${name}`, body);
}

testEnginesWithout("close on a protocol error", "a breach ends the connection", async (engine) => {
  const breaches = BY_NEED.get("close on a protocol error")!;
  await inLanes(engine, breaches, async (lane, rule) => {
    const { frames, outcome } = conversationOf(rule);
    const bytes = concat([HEAD, frames]);
    await lane.converse(bytes, [HEAD.length], { ...outcome, close: null });
  });
});

testEngines("every rule holds with its frames right behind the head", async (engine) => {
  await inLanes(engine, rulesFor(engine), async (lane, rule) => {
    const { frames, outcome } = conversationOf(rule);
    try {
      await lane.converse(concat([HEAD, frames]), [], outcome);
    } catch (error) {
      throw new Error(`${rule.section}: ${rule.what}: ${(error as Error).message}`);
    }
  });
});

testEngines("every rule holds byte by byte", async (engine) => {
  await inLanes(
    engine,
    rulesFor(engine).filter(isSmall),
    (lane, rule) => check(lane, rule, everyByte(conversationOf(rule).frames.length)),
  );
});

testEngines("every rule holds with its frames cut in two anywhere", async (engine) => {
  const cases = rulesFor(engine).filter(isSmall).flatMap((rule) =>
    everyByte(conversationOf(rule).frames.length).map((cut) => ({ rule, cut }))
  );
  await inLanes(engine, cases, (lane, { rule, cut }) => check(lane, rule, [cut]));
});

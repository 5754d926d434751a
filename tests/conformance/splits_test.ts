/** A small conversation, its handshake included, however its bytes are cut into reads. */
import { concat } from "../support/connection.ts";
import { testEngines } from "../e2e/drivers.ts";
import { type Cuts, everyByte, HEAD, inLanes, type Outcome } from "./conversation.ts";
import { can, type Engine } from "../e2e/engine_limits.ts";
import { wire } from "./wire.ts";

/** A fragmented text cut inside a character, a Ping in between, binary data and a Close with a reason. */
const FRAMES = wire(
  "01 83 37 fa 21 3d 5f 1f 89  89 82 01 02 03 04 69 6b  80 82 00*4 82 'o'  82 83 ff*4 9e 9d 9c  " +
    "8a 80 00*4  88 85 00*4 0f a0 'bye'",
);

function outcomeFor(engine: Engine): Outcome {
  return {
    backend: "'h' e5 a8 82 'o' 'abc'",
    answers: "8a 02 'hi'",
    close: can(engine, "echo a code alone") ? "0f a0" : "0f a0 'bye'",
  };
}

const BYTES = concat([HEAD, FRAMES]);

testEngines("a conversation is the same however it is cut in two", async (engine) => {
  await inLanes(
    engine,
    everyByte(BYTES.length),
    (lane, cut) => lane.converse(BYTES, [cut], outcomeFor(engine)),
  );
});

testEngines("a conversation is the same however its frames are cut in three", async (engine) => {
  const cuts: Cuts[] = everyByte(FRAMES.length).flatMap((second) =>
    everyByte(second).map((first) => [HEAD.length, HEAD.length + first, HEAD.length + second])
  );
  await inLanes(engine, cuts, (lane, cut) => lane.converse(BYTES, cut, outcomeFor(engine)));
});

testEngines(
  "a conversation is the same byte by byte, and in pieces of every size",
  async (engine) => {
    const sizes = everyByte(BYTES.length);
    await inLanes(engine, sizes, (lane, size) => {
      const cuts = Array.from(
        { length: Math.ceil(BYTES.length / size) - 1 },
        (_, i) => size * (i + 1),
      );
      return lane.converse(BYTES, cuts, outcomeFor(engine));
    });
  },
);

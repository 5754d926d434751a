import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";
import { type Random, withRandom } from "../support/random.ts";
import { feed, type FeedPlan, pongsFor } from "./frame_feed.ts";
import { readFrames } from "./frame_reference.ts";

/** Frames that the reference must have read to their ends before a run is over. */
const FRAMES = 1_000_000;

const TEXT_SOURCE = new TextEncoder().encode(
  ("plain ASCII of some length, then Grüße, Ξεσκεπάζω, 世界 and 😀👍🏽; " + "0123456789".repeat(9))
    .repeat(500),
);
const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 124, 125, 126, 127, 128, 511, 512, 513];
const LARGE_SIZES = [4095, 4096, 8192, 65535, 65536, 65537, 70000];

/** Makes streams of frames, most of them right. */
class Generator {
  readonly #random: Random;
  readonly #bytes = new Uint8Array(200_000);
  readonly #noise = new Uint8Array(80_000);
  #end = 0;

  constructor(random: Random) {
    this.#random = random;
    random.fill(this.#noise);
  }

  /** A stream, valid until the next one is made. */
  stream(): Uint8Array<ArrayBuffer> {
    const { below, oneIn } = this.#random;
    this.#end = 0;
    const messages = 1 + below(30);
    for (let i = 0; i < messages && this.#end < 60_000; i++) {
      this.#message();
      if (oneIn(6)) this.#control();
    }
    if (oneIn(3)) this.#close();
    if (oneIn(4)) this.#append(this.#noise.subarray(0, below(40)));
    return this.#bytes.subarray(0, this.#end);
  }

  #message(): void {
    const { below, oneIn } = this.#random;
    const text = oneIn(2);
    const payload = this.#payload(text);
    const fragments = oneIn(3) ? 1 + below(4) : 1;
    let from = 0;
    for (let i = 0; i < fragments; i++) {
      const last = i === fragments - 1;
      const to = last ? payload.length : from + below(payload.length - from + 1);
      this.#frame((last ? 0x80 : 0) | (i > 0 ? 0 : text ? 1 : 2), payload.subarray(from, to));
      from = to;
      if (!last && oneIn(4)) this.#control();
    }
  }

  /** Text is cut between characters, except once in 200. */
  #payload(text: boolean): Uint8Array {
    const { below, oneIn, pick } = this.#random;
    const size = oneIn(300) ? pick(LARGE_SIZES) : oneIn(4) ? pick(SIZES) : below(90);
    const source = text ? TEXT_SOURCE : this.#noise;
    let from = below(source.length - size - 4);
    let to = from + size;
    if (text && !oneIn(200)) {
      while ((source[from]! & 0xc0) === 0x80) from++;
      while (to < from || (source[to]! & 0xc0) === 0x80) to++;
    }
    return source.subarray(from, to);
  }

  #control(): void {
    const { below, oneIn } = this.#random;
    const size = oneIn(4) ? below(126) : below(10);
    this.#frame(oneIn(3) ? 0x8a : 0x89, this.#noise.subarray(0, size));
  }

  #close(): void {
    const { below, oneIn, pick } = this.#random;
    if (oneIn(5)) return this.#frame(0x88, new Uint8Array(below(2)));
    const code = oneIn(5) ? below(65536) : pick([1000, 1001, 1005, 1011, 1014, 1015, 3000, 4999]);
    const reason = oneIn(9)
      ? this.#noise.subarray(0, below(124))
      : this.#payload(true).subarray(0, 120);
    this.#frame(0x88, Uint8Array.of(code >> 8, code, ...reason));
  }

  #frame(first: number, payload: Uint8Array): void {
    const { below } = this.#random;
    const bytes = this.#bytes;
    const length = payload.length;
    bytes[this.#end++] = first;
    if (length < 126) {
      bytes[this.#end++] = 0x80 | length;
    } else if (length < 65536) {
      this.#append([0xfe, length >> 8, length]);
    } else {
      this.#append([0xff, 0, 0, 0, 0, 0, length >> 16, length >> 8, length]);
    }
    const key = [below(256), below(256), below(256), below(256)];
    this.#append(key);
    const at = this.#end;
    for (let i = 0; i < length; i++) bytes[at + i] = payload[i]! ^ key[i & 3]!;
    this.#end += length;
  }

  #append(bytes: ArrayLike<number>): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

/** Damages a stream in one to three places; most often near its beginning, where the headers are dense. */
function mutate(stream: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  let bytes = stream.slice();
  for (let times = 1 + random.below(3); times > 0 && bytes.length > 1; times--) {
    const at = random.below(random.oneIn(2) ? bytes.length : Math.min(bytes.length, 300));
    const kind = random.below(5);
    if (kind === 0) bytes[at]! ^= 1 << random.below(8);
    else if (kind === 1) bytes[at] = random.pick([0, 1, 0x7e, 0x7f, 0x80, 0x88, 0xfe, 0xff]);
    else if (kind === 2) bytes = bytes.slice(0, at + 1);
    else if (kind === 3) bytes.copyWithin(at, at + 1);
    else bytes.copyWithin(at + 1, at);
  }
  return bytes;
}

/** Cuts at random, in the manner of one kind of connection; long inputs not into the smallest pieces, to save time. */
function randomPlan({ below, oneIn, pick }: Random, inputBytes: number): FeedPlan {
  const most = pick(inputBytes < 4000 ? [1, 3, 20, 200, 2000] : [50, 2000, 20_000, 100_000]);
  const lazy = oneIn(2);
  const isHandedOver = oneIn(3);
  return {
    pieceBytes: () => 1 + below(most),
    takesPayload: () => !lazy || oneIn(5),
    movesToFront: () => oneIn(2),
    handsOver: () => isHandedOver && oneIn(4),
  };
}

/** Whether these are the Pongs for the Pings; of many at once the earlier ones may be left out. */
function answers(pongs: Uint8Array, pings: readonly Uint8Array[]): boolean {
  const all = Uint8Array.from(pongsFor(pings));
  if (all.length <= 1000) return Buffer.compare(pongs, all) === 0;
  return pongs.length >= 127 && pongs.length <= all.length;
}

/** The parser's 15 errors, beside a Close and no end at all. */
const ENDS = 17;

Deno.test("`FrameParser` agrees with a plain reader on a million frames, right and damaged", (t) =>
  withRandom(t, (random) => {
    const generator = new Generator(random);
    const buffers = [256, 1000, 8192, 131_072].map((size) => wideBytes(new Uint8Array(size)));
    const ends = new Map<string, number>();
    let frames = 0;
    const isDone = () => frames >= FRAMES && (ends.size >= ENDS || frames >= 5 * FRAMES);
    for (let round = 0; !isDone(); round++) {
      const stream = generator.stream();
      const input = random.oneIn(3) ? mutate(stream, random) : stream;
      const expected = readFrames(input);
      const fed = feed(random.pick(buffers), input, randomPlan(random, input.length));
      assert.deepEqual(fed.end, expected.end, `round ${round}`);
      assert.equal(Buffer.compare(fed.payload, expected.payload), 0, `payload, round ${round}`);
      assert.ok(answers(fed.pongs, expected.pings), `Pongs, round ${round}`);
      frames += expected.frames;
      const reason = expected.end?.reason.replace(/\d+$/, "N") ?? "none";
      const end = expected.end?.kind === "close" ? "close" : reason;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    // The run is worth little if damage doesn't reach every error; the rarest needs more than a million frames with some seeds.
    assert.equal(ends.size, ENDS, JSON.stringify([...ends]));
  }));

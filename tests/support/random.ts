/**
 * Random numbers that a run can be repeated with: the seed is printed, and WSTUNNEL_TEST_SEED sets it.
 *
 * @module
 */

/** A stream of random numbers. */
export interface Random {
  /** A whole number in `[0..limit)`. */
  below(limit: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<T>(values: readonly T[]): T;
  fill(bytes: Uint8Array): void;
}

/** Runs a step of a test with random numbers. The step is named by their seed, which so is printed also under `--quiet`. */
export async function withRandom(
  t: Deno.TestContext,
  run: (random: Random) => void | Promise<void>,
) {
  const given = Deno.env.get("WSTUNNEL_TEST_SEED");
  const seed = given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(given);
  await t.step(`WSTUNNEL_TEST_SEED=${seed}`, () => run(randomFrom(seed)));
}

/** Marsaglia's xorshift with 32 bits of state. */
export function randomFrom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (values) => values[below(values.length)]!,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next() >>> 13;
    },
  };
}

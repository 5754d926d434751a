import assert from "node:assert/strict";
import { Chain, type Link } from "../../lib/base/chain.ts";
import { withRandom } from "../support/random.ts";

Deno.test("`Chain` holds what a Set does, in the same order, whatever is added and taken out", (t) =>
  withRandom(t, ({ below, oneIn }) => {
    const chain = new Chain<number>();
    const plain = new Set<number>();
    const links: Link<number>[] = [];
    for (let step = 0; step < 5_000; step++) {
      if (oneIn(2) || links.length === 0) {
        links.push(chain.add(step));
        plain.add(step);
      } else {
        const link = links[below(links.length)]!;
        assert.equal(chain.delete(link), plain.delete(link.value));
      }
      assert.equal(chain.size, plain.size);
      assert.equal(chain.first, [...plain][0] ?? null);
      const limit = below(step + 1);
      assert.equal(
        chain.find((value) => value >= limit),
        [...plain].find((value) => value >= limit) ?? null,
      );
      if (oneIn(50)) assert.deepEqual([...chain], [...plain]);
    }
  }));

Deno.test("`Chain` goes on past what is taken out while it is gone through, and leaves out what is added", () => {
  const chain = new Chain<string>();
  const links = ["a", "b", "c", "d"].map((value) => chain.add(value));
  const seen: string[] = [];
  for (const value of chain) {
    seen.push(value);
    if (value !== "b") continue;
    for (const link of links.slice(0, 3)) chain.delete(link);
    chain.add("e");
  }
  assert.deepEqual(seen, ["a", "b", "d"]);
  assert.deepEqual([...chain], ["d", "e"]);
});

Deno.test("`Chain` lets what is out hold nothing that is in", () => {
  const chain = new Chain<string>();
  const [, link] = ["a", "b", "c"].map((value) => chain.add(value));
  chain.delete(link!);
  assert.deepEqual([link!.previous, link!.next], [null, null]);
});

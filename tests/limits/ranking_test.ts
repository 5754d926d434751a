import assert from "node:assert/strict";
import { Ranking } from "../../lib/limits/ranking.ts";
import { withRandom } from "../support/random.ts";

Deno.test("`Ranking` knows the one with the most, whatever is added and removed", (t) =>
  withRandom(t, ({ below, oneIn }) => {
    const ranking = new Ranking<number>();
    const plain = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const item = below(8);
      if (oneIn(2)) {
        ranking.add(item);
        plain.set(item, (plain.get(item) ?? 0) + 1);
      } else {
        ranking.remove(item);
        plain.set(item, Math.max(0, (plain.get(item) ?? 0) - 1));
      }
      const most = Math.max(...plain.values());
      const { greediest } = ranking;
      assert.equal(greediest === null ? 0 : plain.get(greediest), most);
      assert.equal(ranking.of(item), plain.get(item));
      assert.equal(ranking.size, [...plain.values()].filter((count) => count > 0).length);
    }
  }));

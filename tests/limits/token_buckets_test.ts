import assert from "node:assert/strict";
import { TokenBuckets } from "../../lib/limits/token_buckets.ts";

Deno.test("`TokenBuckets` forgets a bucket once it is full again", () => {
  const buckets = new TokenBuckets();
  for (let i = 0; i < 100; i++) assert.ok(buckets.take(`name ${i}`, 10, 0));
  assert.equal(buckets.size, 100);
  for (let i = 0; i < 100; i++) buckets.take("another", 10, 1000 + 100 * i);
  assert.equal(buckets.size, 1);
});

Deno.test("`TokenBuckets` remembers a bounded number of names, and refuses nobody for the others", () => {
  const buckets = new TokenBuckets();
  for (let i = 0; i < 200_000; i++) assert.ok(buckets.take(`2001:db8:${i}::/64`, 1, 0));
  assert.ok(buckets.size <= 16_384, `${buckets.size}`);
});

Deno.test("`TokenBuckets` gives nothing for a clock that goes back, and everybody has 0 a second", () => {
  const buckets = new TokenBuckets();
  for (let i = 0; i < 5; i++) assert.ok(buckets.take("a", 1, 1000));
  assert.ok(!buckets.take("a", 1, 0));
  assert.ok(!buckets.take("a", 1, 1000));
  assert.ok(buckets.take("a", 1, 2000));
  for (let i = 0; i < 100; i++) assert.ok(buckets.take("b", 0, 0));
  assert.equal(buckets.size, 1);
});

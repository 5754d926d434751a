import assert from "node:assert/strict";
import {
  ANY,
  entityTag,
  hasStrongly,
  hasWeakly,
  parseTags,
} from "../../../lib/http/static/entity_tag.ts";

Deno.test("`entityTag()` is a strong tag of its own for each time, size and coding", () => {
  const tags = [
    entityTag(1_700_000_000_000, 10, ""),
    entityTag(1_700_000_000_001, 10, ""),
    entityTag(1_700_000_000_000, 11, ""),
    entityTag(1_700_000_000_000, 10, "br"),
    entityTag(1_700_000_000_000, 10, "gzip"),
    entityTag(0, 0, ""),
    entityTag(-1, 0, ""),
  ];
  for (const tag of tags) assert.deepEqual(parseTags(tag), [tag]);
  assert.equal(new Set(tags).size, tags.length);
  assert(tags.every((tag) => tag.startsWith('"')));
});

Deno.test("`parseTags()` reads lists of tags, commas within them too", () => {
  const cases: [value: string, tags: readonly string[] | typeof ANY][] = [
    ["*", ANY],
    ['"a"', ['"a"']],
    ['W/"a"', ['W/"a"']],
    ['"a", W/"b" ,"c"', ['"a"', 'W/"b"', '"c"']],
    ['"a,b", "c"', ['"a,b"', '"c"']],
    ['""', ['""']],
    [', ,"a",,', ['"a"']],
    ['"\xe9"', ['"\xe9"']],
    ["", []],
    // What can't be read has no tag at all.
    ["a", []],
    ['"a', []],
    ['w/"a"', []],
    ['"a" "b"', []],
    ['"a", b', []],
    ['"a", *', []],
    ['"a b"', []],
  ];
  for (const [value, tags] of cases) assert.deepEqual(parseTags(value), tags, value);
});

Deno.test("`parseTags()` is not held up by spaces without end", () => {
  const started = performance.now();
  for (
    const value of [`"a"${" ".repeat(300_000)}x`, `,${" ".repeat(300_000)}x`, ",".repeat(300_000)]
  ) {
    assert.deepEqual(parseTags(value), []);
  }
  // A millisecond or so; with backtracking it would be a minute.
  assert(performance.now() - started < 10_000);
});

Deno.test("strong and weak comparison are those of the table of RFC 9110 section 8.8.3.2", () => {
  const cases: [tag: string, strong: string, strongly: boolean, weakly: boolean][] = [
    ['W/"1"', '"1"', false, true],
    ['W/"2"', '"1"', false, false],
    ['"1"', '"1"', true, true],
  ];
  for (const [tag, strong, strongly, weakly] of cases) {
    assert.deepEqual([hasStrongly([tag], strong), hasWeakly([tag], strong)], [strongly, weakly]);
  }
});

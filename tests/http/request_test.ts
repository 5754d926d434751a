import assert from "node:assert/strict";
import { listElements, listHasToken, withoutQuery } from "../../lib/http/request.ts";

Deno.test("`withoutQuery()` leaves the path as it was sent", () => {
  const paths: readonly (readonly [target: string, path: string])[] = [
    ["/vnc?token=a/b", "/vnc"],
    ["/vnc?", "/vnc"],
    ["/?/vnc?", "/"],
    ["/a#?b", "/a"],
    ["/a/../%76nc\\", "/a/../%76nc\\"],
    ["*", "*"],
    ["", ""],
  ];
  for (const [target, path] of paths) assert.equal(withoutQuery(target), path, target);
});

const LISTS: readonly (readonly [value: string | null, holds: boolean])[] = [
  ["upgrade", true],
  ["Upgrade", true],
  ["keep-alive, Upgrade", true],
  ["keep-alive,Upgrade ,x", true],
  ["\tUPGRADE\t", true],
  [", ,upgrade,", true],
  ["upgrades", false],
  ["\xa0upgrade", false],
  ["upgrade\xa0, x", false],
  ["\vupgrade", false],
  ["x,\fupgrade", false],
  ["\ufeffupgrade", false],
  ["x,\xa0,\t upgrade \t", true],
  ["no upgrade", false],
  ["upgrade;q=1", false],
  ["", false],
  [",", false],
  [null, false],
];

Deno.test("`listElements()` takes spaces and tabs off, and gives empty elements", () => {
  assert.deepEqual(listElements("a,\t b c ,, \xa0d\xa0"), ["a", "b c", "", "\xa0d\xa0"]);
  assert.deepEqual(listElements(" \t "), [""]);
  assert.deepEqual(listElements(null), []);
});

Deno.test("`listElements()` takes time linear in white space", () => {
  const began = performance.now();
  assert.equal(listElements("x" + " \t".repeat(500_000) + "x").length, 1);
  assert(performance.now() - began < 5_000);
});

for (const [value, holds] of LISTS) {
  Deno.test(`\`listHasToken()\` says ${holds} of ${JSON.stringify(value)}`, () => {
    assert.equal(listHasToken(value, "upgrade"), holds);
  });
}

import assert from "node:assert/strict";
import { listElements, listHasToken, pathOf } from "../../lib/http/request.ts";

const PATHS: readonly (readonly [target: string, path: string])[] = [
  ["/", "/"],
  ["/vnc", "/vnc"],
  ["/vnc?token=a/b", "/vnc"],
  ["/vnc?", "/vnc"],
  ["/?/vnc", "/"],
  ["/a/../vnc", "/vnc"],
  ["/vnc/..", "/"],
  ["/vnc/.", "/vnc/"],
  ["/../../vnc", "/vnc"],
  ["/a/%2e%2e/vnc", "/vnc"],
  ["/a/%2E./vnc", "/vnc"],
  ["/...", "/..."],
  ["/.vnc", "/.vnc"],
  ["/a//b", "/a//b"],
  ["//evil.com/vnc", "//evil.com/vnc"],
  ["/\\evil.com", "//evil.com"],
  ["/vnc;v=1", "/vnc;v=1"],
  ["/%76nc", "/%76nc"],
  ["/a%2fb", "/a%2fb"],
  ["/a%00", "/a%00"],
  ["/a b", "/a%20b"],
  ["/b\u00fc", "/b%C3%BC"],
  ["/@user:1", "/@user:1"],
  ["*", "*"],
  ["", ""],
  ["vnc", "vnc"],
];

for (const [target, path] of PATHS) {
  Deno.test(`\`pathOf()\` takes ${JSON.stringify(path)} from ${JSON.stringify(target)}`, () => {
    assert.equal(pathOf(target), path);
  });
}

Deno.test("`pathOf()` gives what URL parsing gives, also where it takes the short way", () => {
  const parts = ["/", ".", "..", "a", "vnc", "%2e", "%41", "~", "'", "(", "@", ":", "\\", " ", "-"];
  for (let one = 0; one < parts.length ** 4; one++) {
    let path = "/";
    for (let rest = one; rest > 0; rest = Math.floor(rest / parts.length)) {
      path += parts[rest % parts.length];
    }
    assert.equal(pathOf(path), new URL("http://host" + path).pathname, path);
  }
});

Deno.test("`pathOf()` takes time linear in a long path", () => {
  const path = "/" + "a/".repeat(50_000) + "\\";
  const began = performance.now();
  assert.equal(pathOf(path), path.slice(0, -1) + "/");
  assert(performance.now() - began < 1000);
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
  assert.equal(listElements("x" + " \t".repeat(100_000) + "x").length, 1);
  assert(performance.now() - began < 1000);
});

for (const [value, holds] of LISTS) {
  Deno.test(`\`listHasToken()\` says ${holds} of ${JSON.stringify(value)}`, () => {
    assert.equal(listHasToken(value, "upgrade"), holds);
  });
}

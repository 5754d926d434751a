import assert from "node:assert/strict";
import { resolve } from "node:path";
import { canonicalPath } from "../../../lib/base/request_path.ts";
import {
  filePathOf,
  isShown,
  pathBehind,
  redirectToFolder,
} from "../../../lib/http/static/path.ts";
import { withRandom } from "../../support/random.ts";

const INDEX = "index.html";

/** As a request's target goes: the one path it means, then the file. */
function fileOf(target: string): string | null {
  const canonical = canonicalPath(target);
  return "problem" in canonical ? null : filePathOf(canonical.path, INDEX);
}

Deno.test("`filePathOf()` names a file below the root, decoded once", () => {
  const cases: [target: string, file: string][] = [
    ["/", "index.html"],
    ["//", "index.html"],
    ["/?a=/../b", "index.html"],
    ["/vnc.html", "vnc.html"],
    ["/vnc.html?path=x", "vnc.html"],
    ["/app/", "app/index.html"],
    ["/app", "app"],
    ["/app/ui.js", "app/ui.js"],
    ["/a%20b.txt", "a b.txt"],
    ["/%61", "a"],
    ["/%C3%A9t%c3%a9", "été"],
    ["/a%3Fb%23c", "a?b#c"],
    ["/a+b", "a+b"],
    ["/a.b..c", "a.b..c"],
    ["/a...", "a..."],
    // One decoding gives names with a percent sign, not what they seem to mean.
    ["/%252e%252e/x", "%2e%2e/x"],
    ["/a%252fb", "a%2fb"],
    ["/a%2500", "a%00"],
    ["/a%255cb", "a%5cb"],
  ];
  for (const [target, file] of cases) assert.equal(fileOf(target), file, target);
  assert.equal(filePathOf("/app/", "vnc.html"), "app/vnc.html");
});

/** What leads out, is hidden, or could be read in two ways. */
const REFUSED = [
  "/..",
  "/../",
  "/../etc/passwd",
  "/a/../../etc/passwd",
  "/a/..",
  "/./a",
  "/%2e%2e/etc/passwd",
  "/%2E%2e/etc/passwd",
  "/.%2e/etc/passwd",
  "/a/%2e%2e/%2e%2e/etc/passwd",
  "/..%2fetc/passwd",
  "/a%2fb",
  "/..%5cetc",
  "/..\\etc",
  "/a\\..\\b",
  "/%c0%ae%c0%ae/etc/passwd",
  "/%c0%afetc",
  "/%e0%80%ae",
  "/%ed%a0%80",
  "/..;/etc",
  "/..;a=b/etc",
  "/a//b",
  "/a//",
  "/a%00",
  "/a%00.html",
  "/a%0d%0ab",
  "/a%7f",
  "/a%c2%80",
  "/%",
  "/%4",
  "/%zz",
  "/.git/config",
  "/.git/",
  "/%2egit/config",
  "/.htpasswd",
  "/a/.env",
  "/...",
  "/.well-known/x",
  "a",
  "",
  "*",
  "/a#b",
];

Deno.test("`filePathOf()` and the canonical form refuse what leads out, what is hidden and what is ambiguous", () => {
  for (const target of REFUSED) assert.equal(fileOf(target), null, JSON.stringify(target));
});

Deno.test("`filePathOf()` needs nobody before it that refuses", () => {
  const harmful = [
    "..",
    "a/..",
    ".",
    "a/./b",
    ".a",
    "a\\b",
    "a%5cb",
    "a%2fb",
    "%2e%2e",
    "a//b",
    "/",
  ];
  for (const path of [...harmful, "a%00", "a\0", "a\n", "%ff", "%", "%ed%a0%80", "\ud800"]) {
    assert.equal(filePathOf(`/${path}`, INDEX), null, JSON.stringify(path));
  }
  assert.equal(filePathOf("a", INDEX), null);
  assert.equal(filePathOf("", INDEX), null);
});

Deno.test("`filePathOf()` leaves the root by no mixture of escapes, dots and slashes", async (t) => {
  const pieces = [
    ..."/\\.%25ceE0fF;?#\0a",
    ...["..", "%2e", "%2f", "%5c", "%25", "%00", "%c0%ae", "../", "/..", "é"],
  ];
  await withRandom(t, (random) => {
    let found = 0;
    for (let i = 0; i < 20_000; i++) {
      let path = "/";
      for (let left = 1 + random.below(8); left > 0; left--) path += random.pick(pieces);
      for (const file of [fileOf(path), filePathOf(path, INDEX)]) {
        if (file === null) continue;
        found++;
        assert(resolve("/root", file).startsWith("/root/"), JSON.stringify([path, file]));
        assert(resolve("/root/" + file) === "/root/" + file, JSON.stringify([path, file]));
        assert(!/\/\.|[\\\0]/.test("/" + file), JSON.stringify([path, file]));
      }
    }
    assert(found > 100, `${found} had a file`);
  });
});

Deno.test("`redirectToFolder()` adds the slash, keeps the query, and leads to no other host", () => {
  const cases: [target: string, location: string][] = [
    ["/app", "/app/"],
    ["/app?a=1&b", "/app/?a=1&b"],
    ["/app?", "/app/"],
    ["//example.org", "/example.org/"],
    ["///example.org", "/example.org/"],
    ["/%61%20b", "/a%20b/"],
  ];
  for (const [target, location] of cases) {
    const canonical = canonicalPath(target);
    if ("problem" in canonical) assert.fail(canonical.problem);
    const { status, headers } = redirectToFolder(canonical.path, target);
    assert.deepEqual([status, headers.location], [301, location], target);
  }
});

Deno.test("`pathBehind()` gives what stands behind a prefix, and nothing where that ends within a name", () => {
  const cases: [path: string, prefix: string, rest: string | null][] = [
    ["/a/b", "", "/a/b"],
    ["/", "", "/"],
    ["/a/b", "/", "/a/b"],
    ["/", "/", "/"],
    ["/vnc/a", "/vnc", "/a"],
    ["/vnc/a", "/vnc/", "/a"],
    ["/vnc/", "/vnc/", "/"],
    ["/vnc/", "/vnc", "/"],
    ["/vnc", "/vnc", ""],
    ["/vncs/a", "/vnc", null],
    ["/vnc.html", "/vnc", null],
    ["/other", "/vnc", null],
    ["/x.console", "/vnc", null],
  ];
  for (const [path, prefix, rest] of cases) {
    assert.equal(pathBehind(path, prefix), rest, `${path} ${prefix}`);
  }
});

Deno.test("`isShown()` shows no name that is hidden, or that no path leads to", () => {
  for (const name of ["a", "a.b", "a b", "é", "a..b", "-", "%2e"]) assert.ok(isShown(name), name);
  for (const name of ["", ".", "..", ".git", "a\\b", "a\0b", "a\nb", "\x7f"]) {
    assert.ok(!isShown(name), JSON.stringify(name));
  }
});

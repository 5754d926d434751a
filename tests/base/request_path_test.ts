import assert from "node:assert/strict";
import { canonicalKey, canonicalPath, canonicalSuffix } from "../../lib/base/request_path.ts";

const PATHS: readonly (readonly [target: string, path: string])[] = [
  ["/", "/"],
  ["/vnc", "/vnc"],
  ["/vnc/", "/vnc/"],
  ["/vnc?token=a/b", "/vnc"],
  ["/vnc?", "/vnc"],
  ["/?/vnc", "/"],
  ["/vnc?a=/../ssh\\%zz", "/vnc"],
  // What clients make of a path with a slash in front.
  ["//websockify?token=a", "/websockify"],
  ["///", "/"],
  ["//evil.com/vnc", "/evil.com/vnc"],
  // Unreserved characters, RFC 3986 section 2.3.
  ["/%76nc", "/vnc"],
  ["/%56%6E%63", "/Vnc"],
  ["/%2d%2E%5f%7E%30", "/-._~0"],
  ["/%41%5A%61%7a", "/AZaz"],
  // Sub-delims, `:` and `@` (section 3.3).
  ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
  ["/%21%24%26%27%28%29%2a%2b%2c%3b%3D%3A%40", "/!$&'()*+,;=:@"],
  ["/vnc;v=1", "/vnc;v=1"],
  ["/@user:1", "/@user:1"],
  // Everything else stays escaped, in upper case.
  ["/my%20console", "/my%20console"],
  ["/a b", "/a%20b"],
  ["/b%c3%bcro", "/b%C3%BCro"],
  ["/b\u00fcro", "/b%C3%BCro"],
  ["/%f0%9f%98%80", "/%F0%9F%98%80"],
  ["/%ef%bb%bfa", "/%EF%BB%BFa"],
  ['/"<>^`{|}[]', "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"],
  ["/%22%3c%3e%5e%60%7b%7c%7d%5b%5d", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"],
  ["/a%3fb%23c?d", "/a%3Fb%23c"],
  ["/100%25", "/100%25"],
  // What is escaped twice is so once for everybody.
  ["/%252e%252e/%255c%252f", "/%252e%252e/%255c%252f"],
  // No dot segments.
  ["/...", "/..."],
  ["/.vnc", "/.vnc"],
  ["/..vnc/a../b./.c", "/..vnc/a../b./.c"],
  ["/a;../b", "/a;../b"],
  ["/..%20/a", "/..%20/a"],
];

for (const [target, path] of PATHS) {
  Deno.test(`\`canonicalPath()\` takes ${path} from ${JSON.stringify(target)}`, () => {
    assert.deepEqual(canonicalPath(target), { path });
    assert.deepEqual(canonicalPath(path), { path }, "what is canonical stays so");
  });
}

const BACKSLASH = "the path has a backslash";
const SLASH = "the path has an escaped slash";
const BROKEN = "the path has a broken escape";
const NOT_UTF8 = "the path is not UTF-8";
const CONTROL = "the path has a control character";
const DOTS = "the path has a dot segment";
const EMPTY = "the path has an empty segment";

const REFUSED: readonly (readonly [target: string, problem: string])[] = [
  ["/vnc/..\\ssh", BACKSLASH],
  ["/public/x\\..\\..\\admin", BACKSLASH],
  ["/vnc/%2e%2e\\ssh", BACKSLASH],
  ["/\\evil.com", BACKSLASH],
  ["/a%5cb", BACKSLASH],
  ["/a%5Cb", BACKSLASH],
  ["/a%2fb", SLASH],
  ["/a%2F", SLASH],
  ["/%2f", SLASH],
  ["/%", BROKEN],
  ["/a%2", BROKEN],
  ["/%zz", BROKEN],
  ["/%2g", BROKEN],
  ["/%u002f", BROKEN],
  ["/%%32e", BROKEN],
  ["/%c0%af", NOT_UTF8],
  ["/%C0%AE%C0%AE/", NOT_UTF8],
  ["/%e0%80%af", NOT_UTF8],
  ["/%f0%80%80%af", NOT_UTF8],
  ["/%ed%a0%80", NOT_UTF8],
  ["/%f5%80%80%80", NOT_UTF8],
  ["/b%fcro", NOT_UTF8],
  ["/%c3", NOT_UTF8],
  ["/%c3/%bc", NOT_UTF8],
  ["/\ud800", NOT_UTF8],
  ["/a%00", CONTROL],
  ["/%0d%0aX:", CONTROL],
  ["/%09", CONTROL],
  ["/\t", CONTROL],
  ["/%1f", CONTROL],
  ["/%7f", CONTROL],
  ["/%c2%85", CONTROL],
  ["/vnc/../ssh", DOTS],
  ["/vnc/..", DOTS],
  ["/../vnc", DOTS],
  ["/..", DOTS],
  ["/.", DOTS],
  ["/./vnc", DOTS],
  ["/vnc/.", DOTS],
  ["/vnc/%2e%2e/ssh", DOTS],
  ["/vnc/.%2E/ssh", DOTS],
  ["/vnc/%2e./ssh", DOTS],
  ["/%2e/vnc", DOTS],
  ["/vnc/..;/ssh", DOTS],
  ["/vnc/..;x=1/ssh", DOTS],
  ["/vnc/..%3b/ssh", DOTS],
  ["/vnc/.;", DOTS],
  ["//../vnc", DOTS],
  ["/vnc/../ssh?a", DOTS],
  ["/a//b", EMPTY],
  ["/a//", EMPTY],
  ["//a//b", EMPTY],
  ["/http://host/a", EMPTY],
  ["/a#b", "the target has a fragment"],
  ["/a?b#c", "the target has a fragment"],
  ["", "the target is no path"],
  ["*", "the target is no path"],
  ["vnc", "the target is no path"],
  ["?/vnc", "the target is no path"],
  ["http://h/vnc", "the target is no path"],
];

for (const [target, problem] of REFUSED) {
  Deno.test(`\`canonicalPath()\` says of ${JSON.stringify(target)}: ${problem}`, () => {
    assert.deepEqual(canonicalPath(target), { problem });
  });
}

Deno.test("`canonicalPath()` gives one path for all ways to escape it, and different ones for different text", () => {
  const seen = new Map<string, string>();
  for (let code = 0x20; code < 0x17f; code++) {
    const character = String.fromCodePoint(code);
    if (/[\\/\x7f-\x9f]/.test(character)) continue;
    const escaped = Array.from(
      new TextEncoder().encode(character),
      (byte) => "%" + byte.toString(16).padStart(2, "0"),
    ).join("");
    const ways = /[%?#]/.test(character) ? [escaped] : [escaped, character];
    const [first, ...others] = [...ways, escaped.toUpperCase().replaceAll("X", "x")]
      .map((way) => canonicalPath(`/a${way}b`));
    assert("path" in first!, character);
    for (const other of others) assert.deepEqual(other, first, character);
    assert.match(first.path, /^\/a(?:[\w.~!$&'()*+,;=:@-]|(?:%[0-9A-F]{2})+)b$/);
    assert.equal(decodeURIComponent(first.path), `/a${character}b`);
    assert.equal(seen.get(first.path), undefined, character);
    seen.set(first.path, character);
  }
});

Deno.test("`canonicalPath()` gives the same by the short way and the long one", () => {
  const parts = ["/", ".", "a", "~", "'", "@", ";", "-", "0"];
  for (let one = 0; one < parts.length ** 5; one++) {
    let path = "/";
    for (let rest = one; rest > 0; rest = Math.floor(rest / parts.length)) {
      path += parts[rest % parts.length];
    }
    // An escape keeps it from the short way.
    const long = canonicalPath(path + "%41");
    const short = canonicalPath(path + "A");
    assert.deepEqual(short, long, path);
  }
});

Deno.test("`canonicalPath()` takes time linear in a long path", () => {
  for (const end of ["", "/.", "/", "//", "%2", "%41", "\\"]) {
    const began = performance.now();
    canonicalPath("/" + "a/".repeat(200_000) + "a" + end);
    canonicalPath("/".repeat(400_000) + end);
    assert(performance.now() - began < 5_000);
  }
});

Deno.test("`canonicalKey()` makes the same of a key as of what a browser sends for it", () => {
  const keys: readonly (readonly [key: string, path: string])[] = [
    ["/", "/"],
    ["/vnc", "/vnc"],
    ["/vnc/", "/vnc/"],
    ["/my console", "/my%20console"],
    ["/my%20console", "/my%20console"],
    ["/b\u00fcro", "/b%C3%BCro"],
    ["/a|b", "/a%7Cb"],
    ["/a?b#", "/a%3Fb%23"],
    ["/%76nc", "/vnc"],
    ["//websockify", "/websockify"],
    ["/.", "/."],
    ["/..", "/.."],
    [".vnc", ".vnc"],
    ["b\u00fcro", "b%C3%BCro"],
    [".", "."],
    ["../a", "../a"],
    ["x", "x"],
  ];
  for (const [key, path] of keys) assert.deepEqual(canonicalKey(key), { path }, key);
});

Deno.test("`canonicalKey()` has a problem with keys that no path can match", () => {
  const keys: readonly (readonly [key: string, problem: string])[] = [
    ["/a\\b", BACKSLASH],
    ["/a%2fb", SLASH],
    ["/100%", BROKEN],
    ["/a%4", BROKEN],
    ["/%fc", NOT_UTF8],
    ["/%c3", NOT_UTF8],
    ["/a\nb", CONTROL],
    ["/a/../b", DOTS],
    ["/..;", DOTS],
    ["/a//b", EMPTY],
    ["/a//", EMPTY],
    ["a/..", DOTS],
    ["a//", EMPTY],
  ];
  for (const [key, problem] of keys) assert.deepEqual(canonicalKey(key), { problem }, key);
});

Deno.test("`canonicalSuffix()` takes a suffix for one also when it starts with a slash", () => {
  assert.deepEqual(canonicalSuffix("/\u00fc.vnc"), { path: "/%C3%BC.vnc" });
  assert.deepEqual(canonicalSuffix("/.."), { problem: DOTS });
  assert.deepEqual(canonicalSuffix("//a"), { problem: EMPTY });
});

import assert from "node:assert/strict";
import { keyMatches, matchRoute } from "../../lib/http/route.ts";

const MATCHES: readonly (readonly [key: string, path: string, matches: boolean])[] = [
  ["/vnc", "/vnc", true],
  ["/vnc", "/vnc/", true],
  ["/vnc", "/vncs", true],
  ["/vnc", "/VNC", false],
  ["/vnc", "/a/vnc", false],
  ["/vnc", "/vn", false],
  ["/", "/anything", true],
  ["/", "*", false],
  [".vnc", "/a.vnc", true],
  [".vnc", "/.vnc", true],
  [".vnc", "/a.vnc/", false],
  [".vnc", "/avnc", false],
  ["vnc", "/a/vnc", true],
];

for (const [key, path, matches] of MATCHES) {
  Deno.test(`\`keyMatches()\` says ${matches} of ${key} and ${path}`, () => {
    assert.equal(keyMatches(key, path), matches);
  });
}

const KEYS = ["/vnc", "/v", ".vnc", "/"];

const ROUTES:
  readonly (readonly [path: string, key: string | null, map?: Record<string, string>])[] = [
    ["/vnc/a", "/vnc"],
    ["/v", "/v"],
    ["/vn", "/v"],
    ["/a.vnc", ".vnc"],
    ["/vnc.vnc", "/vnc"],
    ["/a", "/"],
    ["a", null],
    ["/a.console", ".vnc", { ".console": ".vnc" }],
    ["/vnc/a.console", ".vnc", { ".console": ".vnc" }],
    ["/vnc/a.console", "/v", { ".console": "/v" }],
    ["/a.console", "/", { ".console": ".missing" }],
    ["/a.console", ".vnc", { ".consol": "/v", ".console": ".vnc", "console": "/v" }],
    ["/a.console?", "/", { ".console": ".vnc" }],
  ];

for (const [path, key, map] of ROUTES) {
  Deno.test(`\`matchRoute()\` gives ${key} for ${path}${map ? " by " + JSON.stringify(map) : ""}`, () => {
    assert.equal(matchRoute(path, KEYS.map((key) => ({ key })), map ?? {})?.key ?? null, key);
  });
}

Deno.test("`matchRoute()` gives null without keys", () => {
  assert.equal(matchRoute("/", [], { "/": "/" }), null);
});

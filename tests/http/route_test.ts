import assert from "node:assert/strict";
import { compileRoutes, keyMatches, matchRoute } from "../../lib/http/route.ts";

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
  // Not from within an escape.
  ["20a", "/%20a", false],
  ["0a", "/%20a", false],
  ["a", "/%20a", true],
  ["%20a", "/%20a", true],
  ["C", "/%C3%BC", false],
  ["BC", "/BC", true],
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
    const table = compileRoutes(KEYS.map((key) => ({ key })), map ?? {});
    assert.equal(matchRoute(path, table)?.key ?? null, key);
  });
}

Deno.test("`matchRoute()` gives null without keys", () => {
  assert.equal(matchRoute("/", compileRoutes([], { "/": "/" })), null);
});

Deno.test("`compileRoutes()` makes keys and suffixes canonical, and leaves out what matches nothing", () => {
  const [mine, broken, buero, all] = ["/my console", "/a\\b", "b\u00fcro", "/"]
    .map((key) => ({ key }));
  const table = compileRoutes([mine!, broken!, buero!, all!], {
    ".\u00fc": "/my console",
    "/..": "/",
    ".x": "/missing",
  });
  assert.deepEqual(table, {
    keys: [
      { route: mine, match: "/my%20console" },
      { route: buero, match: "b%C3%BCro" },
      { route: all, match: "/" },
    ],
    suffixes: [{ route: mine, match: ".%C3%BC" }],
  });
  assert.equal(matchRoute("/my%20console/a", table), mine);
  assert.equal(matchRoute("/a.%C3%BC", table), mine);
});

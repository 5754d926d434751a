import assert from "node:assert/strict";
import { formatPath } from "../../lib/config/problem.ts";
import { findWarnings } from "../../lib/config/warnings.ts";

function warned(wstunnel: Record<string, unknown>): string[] {
  return findWarnings({ wstunnel }).map(({ path, rule }) => `${formatPath(path)}: ${rule}`);
}

const server = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, { port: 1 }]));

Deno.test("`findWarnings()` names the keys that an earlier one hides", () => {
  const hidden = (...keys: string[]) =>
    warned({ server: server(...keys) }).map((line) => /"(.*?)": is never/.exec(line)?.[1]);
  assert.deepEqual(hidden("/vnc/deep", "/vnc", ".a", "/"), []);
  assert.deepEqual(hidden("/", "/vnc", ".a"), ["/vnc", ".a"]);
  assert.deepEqual(hidden("/vnc", "/vnc2", "/vn", ".sock", ".my.sock", "x.soc"), [
    "/vnc2",
    ".my.sock",
  ]);
  assert.deepEqual(warned({ server: server("/a", "/ab") }), [
    'wstunnel.server."/ab": is never reached: "/a" stands before it and matches every path of it',
  ]);
  // By its name it is reached.
  assert.deepEqual(warned({ server: server("/", ".vnc"), "map-extensions": { ".c": ".vnc" } }), []);
});

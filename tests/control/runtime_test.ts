import assert from "node:assert/strict";
import type { Config } from "../../lib/config/config.ts";
import { isAtLeast } from "../../lib/base/version.ts";
import { loadToml } from "../../lib/config/load.ts";
import { chooseEngine } from "../../lib/control/engine_choice.ts";
import { runtimeLimits, runtimeProblems } from "../../lib/control/runtime.ts";

const VERSIONS = [
  ["2.9.6", true],
  ["2.9.0", true],
  ["2.10.0", true],
  ["3.0.0", true],
  ["2.8.9", false],
  ["2.4.2", false],
  ["1.46.3", false],
] as const;

for (const [version, expected] of VERSIONS) {
  Deno.test(`\`isAtLeast()\` is ${expected} for ${version} and 2.9`, () => {
    assert.equal(isAtLeast(version, 2, 9), expected);
  });
}

function configOf(text: string): Config {
  const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
  assert("config" in loaded);
  return loaded.config;
}

Deno.test("`runtimeProblems()` refuses what an older Deno can't do", () => {
  const plain = configOf('[wstunnel.server."/"]\nport = 1\n');
  const demanding = configOf(
    'engine = "native"\n[[wstunnel.server."/a"]]\nport = 1\n[[wstunnel.server."/a"]]\nport = 2\nwrite-timeout = 1\n',
  );
  for (const config of [plain, demanding]) assert.deepEqual(runtimeProblems("2.9.6", config), []);
  assert.deepEqual(runtimeProblems("2.4.2", plain), []);
  assert.deepEqual(runtimeProblems("2.4.2", demanding), [
    'engine = "native" needs Deno 2.9 or newer, this is 2.4.2: it would send a second Close',
    'wstunnel.server."/a": write-timeout needs Deno 2.9 or newer, this is 2.4.2: it can\'t cut a write off',
  ]);
});

Deno.test("a loop that can't be had is refused where it is asked for, and by `auto` is `stream`", () => {
  const why = "it works on Linux alone";
  for (const engine of ["auto", "loop", "native", "stream"] as const) {
    const config = configOf(`engine = "${engine}"\n[wstunnel.server."/"]\nport = 1\n`);
    const refused = engine === "loop" ? [`engine = "loop" can't be had: ${why}`] : [];
    for (const [there, problems] of [[null, []], [why, refused]] as const) {
      assert.deepEqual(runtimeProblems("2.9.6", config, there), problems);
    }
    const taken = engine === "auto" ? { engine: "stream", why } : { engine, why: null };
    assert.deepEqual(chooseEngine(engine, why), taken);
  }
  assert.deepEqual(chooseEngine("auto", null), { engine: "loop", why: null });
});

Deno.test("`runtimeLimits()` says what doesn't hold on an older Deno", () => {
  const plain = configOf('[wstunnel.server."/"]\nport = 1\n');
  const programs = configOf('[wstunnel.server."/"]\nexec = "/bin/cat"\n');
  for (const config of [plain, programs]) assert.deepEqual(runtimeLimits("2.9.6", config), []);
  assert.equal(runtimeLimits("2.4.2", plain).length, 1);
  const [, limit] = runtimeLimits("2.4.2", programs);
  assert.match(limit!, /one that asks for a socket/);
});

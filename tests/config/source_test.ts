import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import { formatPath, formatProblem, type Path, type Place } from "../../lib/config/problem.ts";
import { type Source, tomlSource } from "../../lib/config/source.ts";

/** Tables that came from no TOML, and the paths that were looked for. */
function sourceOf(raw: unknown, places: Readonly<Record<string, Place>> = {}) {
  const asked: string[] = [];
  const source: Source = {
    name: "other.conf",
    raw,
    locate(path: Path) {
      asked.push(formatPath(path));
      return places[formatPath(path)];
    },
  };
  return { source, asked };
}

const SERVER = { "/": { port: 1 } };

Deno.test("`loadConfig()` places problems where their source says, by lines or by flags", () => {
  const { source } = sourceOf({
    engine: "x",
    "grace-time": -1,
    listen: 5,
    wstunnel: { server: SERVER },
  }, {
    engine: { file: "other.conf", line: 7 },
    "grace-time": { file: "included.conf", line: 2 },
    listen: { flag: "SOURCE_PORT" },
  });
  const loaded = loadConfig({ source, flags: [] });
  assert("problems" in loaded);
  assert.deepEqual(loaded.problems.map(formatProblem), [
    "included.conf:2: grace-time: must be a number of seconds from 0 to 86400: current value is -1",
    'other.conf:7: engine: must be "auto", "loop", "native" or "stream": current value is "x"',
    "SOURCE_PORT: must be an address or a list of addresses: current value is 5",
  ]);
});

Deno.test("`loadConfig()` names the source where nothing closer is known", () => {
  const { source } = sourceOf({});
  const loaded = loadConfig({ source, flags: [] });
  assert("problems" in loaded);
  assert.match(formatProblem(loaded.problems[0]!), /^other\.conf: wstunnel\.server: must name/);
});

Deno.test("`loadConfig()` asks a source for the places of what is wrong, and of nothing else", () => {
  const right = sourceOf({ wstunnel: { "frame-type": "text", server: SERVER } });
  assert("config" in loadConfig({ source: right.source, flags: [] }));
  assert.deepEqual(right.asked, []);
  const wrong = sourceOf({ engine: "x", wstunnel: { server: SERVER } });
  assert("problems" in loadConfig({ source: wrong.source, flags: [] }));
  assert.deepEqual(wrong.asked, ["engine"]);
});

Deno.test("`tomlSource()` is tables and the lines they stand on, or a problem", () => {
  const source = tomlSource({ path: "x.toml", text: "a = 1\n[b]\nc = 2\n" });
  assert("raw" in source);
  assert.equal(JSON.stringify(source.raw), '{"a":1,"b":{"c":2}}');
  assert.deepEqual(source.locate(["b", "c"]), { file: "x.toml", line: 3 });
  assert.equal(source.locate(["missing"]), undefined);
  const broken = tomlSource({ path: "x.toml", text: "a = " });
  assert.deepEqual(broken, {
    problem: { file: "x.toml", line: 1, column: 5, path: "", rule: "not TOML: invalid value" },
  });
});

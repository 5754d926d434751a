import assert from "node:assert/strict";
import { HOST } from "../../lib/config/host_keys.ts";
import { LISTENER } from "../../lib/config/listener.ts";
import { loadToml } from "../../lib/config/load.ts";
import { valueAt } from "../../lib/config/problem.ts";
import { jsonSchema } from "../../lib/config/json_schema.ts";
import { parseToml } from "../../lib/config/toml.ts";
import { exampleFile } from "../../scripts/example.ts";

type Properties = Record<string, { default?: unknown; description?: string }>;

const schema = jsonSchema();
const top = valueAt(schema, ["properties"]) as Properties;
const wstunnel = valueAt(top, ["wstunnel", "properties"]) as Properties;
const host = valueAt(schema, ["definitions", "host", "properties"]) as Properties;
const route = valueAt(wstunnel, [
  "server",
  "additionalProperties",
  "anyOf",
  0,
  "properties",
]) as Properties;

const listener = valueAt(top, ["listen", "anyOf", 1, "properties"]) as Properties;

const example = await Deno.readTextFile(new URL("../../config.example.toml", import.meta.url));

function parsedExample(text = example): unknown {
  const parsed = parseToml(text);
  assert("value" in parsed);
  return parsed.value;
}

Deno.test("config.schema.json is what `deno task schema` writes", async () => {
  const written = await Deno.readTextFile(new URL("../../config.schema.json", import.meta.url));
  assert.deepEqual(
    JSON.parse(written),
    JSON.parse(JSON.stringify({
      title: "wstunnel configuration",
      ...schema,
    })),
  );
});

Deno.test("config.example.toml is what `deno task schema` writes", () => {
  assert.equal(example, exampleFile());
});

Deno.test("`jsonSchema()` describes every key", () => {
  for (const table of [top, wstunnel, route, host]) {
    assert(Object.keys(table).length > 5);
    for (const [key, { description }] of Object.entries(table)) assert(description, key);
  }
});

Deno.test("config.example.toml has no problem", () => {
  const loaded = loadToml({ file: { path: "config.example.toml", text: example }, flags: [] });
  assert("config" in loaded, JSON.stringify(loaded));
  assert.deepEqual(loaded.warnings, []);
});

Deno.test("config.example.toml names every key of a listener", () => {
  const comment = example.split("\n").find((line) => line.includes("[[listen]]"))!;
  for (const [key, { description }] of Object.entries(listener)) {
    assert(description, key);
    assert.match(comment, new RegExp(`\\b${key}\\b`), key);
  }
  assert(comment.includes(`mode = "${LISTENER.mode.implied.file}"`));
});

/** With the keys that stand there as comments, since they have no default. */
function uncommented(text: string): string {
  return text.replace(/^# (?=[a-z-]+ = )/gm, "");
}

Deno.test("config.example.toml shows every key, with its default, and explains it", () => {
  const value = parsedExample(uncommented(example)) as Record<string, Record<string, unknown>>;
  const routes = Object.values(value["wstunnel"]!["server"] as Record<string, unknown>);
  const hosts = routes.flatMap((route) => valueAt(route, ["hosts"]) ?? route);
  const tables: [Properties, unknown[]][] = [
    [top, [value]],
    [wstunnel, [value["wstunnel"]]],
    [host, hosts],
    [
      Object.fromEntries(Object.entries(route).filter(([key]) => host[key] === undefined)),
      routes,
    ],
  ];
  for (const [properties, written] of tables) {
    for (const [key, property] of Object.entries(properties)) {
      const shown = written.map((table) => valueAt(table, [key])).filter((it) => it !== undefined);
      assert(shown.length > 0, `${key} is missing`);
      const isTable = ["wstunnel", "server", "hosts"].includes(key);
      if (property.default !== undefined && !isTable) {
        for (const one of shown) {
          assert.equal(JSON.stringify(one), JSON.stringify(property.default), key);
        }
      }
      if (!isTable) assert.match(example, new RegExp(`^#[^\\n]+\\n(?:# )?${key} = `, "m"), key);
    }
  }
});

Deno.test("config.example.toml shows the defaults that depend on the kind of host", () => {
  const server = ["wstunnel", "server"];
  const value = parsedExample();
  assert.equal(valueAt(value, [...server, "/vnc", 0, "host"]), HOST.host.implied.tcp);
  assert.match(example, new RegExp(`at once, ${HOST.maxProcs.implied.program} unless given;`));
  assert.equal(valueAt(value, [...server, "/ssh", 0, "max-procs"]), HOST.maxProcs.implied.exec);
});

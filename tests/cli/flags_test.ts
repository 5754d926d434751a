import assert from "node:assert/strict";
import { FLAGS } from "../../lib/cli/flags.ts";
import { type Path, valueAt } from "../../lib/config/problem.ts";
import { jsonSchema } from "../../lib/config/json_schema.ts";
import { TOP } from "../../lib/config/top_keys.ts";

/** What the schema says of a key, its choices out of those of a union. */
function propertyAt(path: Path): { enum?: string[] | undefined; default?: unknown } {
  const property = valueAt(jsonSchema(), path) as {
    enum?: string[];
    anyOf?: { enum?: string[] }[];
    default?: unknown;
  };
  return { ...property, enum: property.enum ?? property.anyOf?.find((one) => one.enum)?.enum };
}

Deno.test("`FLAGS` names places, choices and defaults that the file has", () => {
  for (const { name, path, choices, summary } of FLAGS) {
    if (path === undefined) continue;
    const place = path.flatMap((part) => ["properties", part]);
    const property = propertyAt(place);
    assert.deepEqual(choices?.toSorted(), property.enum?.toSorted(), name);
    for (const choice of choices ?? []) assert(summary.includes(choice), `${name} ${choice}`);
    const shown = /\(default: (.*)\)$/.exec(summary)?.[1];
    if (shown !== undefined) assert.equal(shown, String(property.default), name);
  }
  assert.equal(TOP.engine.default, propertyAt(["properties", "engine"]).default);
});

Deno.test("`FLAGS` has a flag for every setting that a route may have, and no other is a route's", () => {
  const route = valueAt(jsonSchema(), [
    ...["properties", "wstunnel", "properties", "server", "additionalProperties", "anyOf"],
    ...[0, "properties"],
  ]) as Record<string, unknown>;
  const host = valueAt(jsonSchema(), ["definitions", "host", "properties"]) as typeof route;
  const own = Object.keys(route).filter((key) =>
    !["hosts", "targets", "web"].includes(key) && host[key] === undefined
  );
  const flags = FLAGS.filter(({ perRoute }) => perRoute).map(({ path }) => path![1]!);
  assert.deepEqual([...new Set(flags)].toSorted(), own.toSorted());
});

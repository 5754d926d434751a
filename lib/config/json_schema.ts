/**
 * The JSON Schema of the configuration file, for editors. The program itself has no need of it.
 *
 * @module
 */
import { propertiesOf, tableSchema } from "./fixed_table.ts";
import { HOST } from "./host_keys.ts";
import { ROUTE, ROUTE_ONLY, WSTUNNEL } from "./keys.ts";
import type { JsonSchema } from "./kinds.ts";
import { TOP } from "./top_keys.ts";

const A_HOST = { $ref: "#/definitions/host" };
const HOSTS = { type: "array", minItems: 1, items: A_HOST };

/** Draft 7 is the one that all editors know. */
export function jsonSchema(): Record<string, unknown> {
  const host = propertiesOf(HOST);
  const hosts = {
    description: "Hosts to choose among, each a table.",
    anyOf: [A_HOST, HOSTS],
  };
  // What it leaves out is as under [wstunnel].
  const settings = Object.entries(propertiesOf(ROUTE))
    .map(([name, { default: _, ...property }]) => [name, property]);
  const route = tableSchema({
    hosts,
    ...propertiesOf(ROUTE_ONLY),
    ...Object.fromEntries(settings),
    ...host,
  });
  const server: JsonSchema = {
    description: "Backends by key: a path prefix when it starts with /, else a suffix.",
    default: {},
    type: "object",
    propertyNames: { type: "string" },
    additionalProperties: { anyOf: [route, HOSTS] },
  };
  const wstunnel = {
    description: "The tunnel: routes, backends, frames.",
    default: {},
    ...tableSchema({ server, ...propertiesOf(WSTUNNEL) }),
  };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    ...tableSchema({ ...propertiesOf(TOP), wstunnel }),
    definitions: { host: tableSchema(host) },
  };
}

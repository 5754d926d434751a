/**
 * Writes `config.schema.json`, the JSON Schema of the configuration file, for editors.
 *
 * @module
 */
import { jsonSchema } from "../lib/config/json_schema.ts";

const title = "wstunnel configuration";
const text = JSON.stringify({ title, ...jsonSchema() }, null, 2) + "\n";
Deno.writeTextFileSync(new URL("../config.schema.json", import.meta.url), text);

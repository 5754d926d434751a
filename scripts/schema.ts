/**
 * Writes what is made of the table of keys: `config.schema.json`, the JSON Schema of the configuration file, for editors, and
 * `config.example.toml`: `deno task schema`.
 *
 * @module
 */
import { jsonSchema } from "../lib/config/json_schema.ts";
import { exampleFile } from "./example.ts";

/** By the file's name. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "config.schema.json": () =>
    JSON.stringify({ title: "wstunnel configuration", ...jsonSchema() }, null, 2) + "\n",
  "config.example.toml": exampleFile,
};

if (import.meta.main) {
  for (const [name, make] of Object.entries(GENERATED)) {
    Deno.writeTextFileSync(new URL(`../${name}`, import.meta.url), make());
  }
}

/**
 * Writes what packages carry beside the executable and what is made of flags, schema and tables: `deno task packaging`.
 *
 * @module
 */
import { bashCompletion, fishCompletion, zshCompletion } from "./completions.ts";
import { manPage } from "./man_page.ts";

/** By the file's name in `packaging/`. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "wstunnel.bash": bashCompletion,
  "_wstunnel": zshCompletion,
  "wstunnel.fish": fishCompletion,
  "wstunnel.1": manPage,
};

if (import.meta.main) {
  for (const [name, make] of Object.entries(GENERATED)) {
    Deno.writeTextFileSync(new URL(`../packaging/${name}`, import.meta.url), make());
  }
}

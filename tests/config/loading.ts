/** Texts of configurations, loaded. */
import assert from "node:assert/strict";
import type { Config } from "../../lib/config/config.ts";
import { loadConfig, type Loaded, loadToml, type Setting } from "../../lib/config/load.ts";
import { formatProblem } from "../../lib/config/problem.ts";

export function load(text: string | undefined, flags: Setting[] = []): Loaded {
  return text === undefined
    ? loadConfig({ flags })
    : loadToml({ file: { path: "x.toml", text }, flags });
}

export function problemsOf(text: string | undefined, flags: Setting[] = []): string[] {
  const loaded = load(text, flags);
  return "problems" in loaded ? loaded.problems.map(formatProblem) : [];
}

export function configOf(text: string | undefined, flags: Setting[] = []): Config {
  const loaded = load(text, flags);
  assert("config" in loaded, problemsOf(text, flags).join("\n"));
  return loaded.config;
}

export const SERVER = '[wstunnel.server."/"]\nport = 1\n';

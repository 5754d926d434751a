/**
 * Variables of the environment that set something where neither the file nor a flag does: the defaults of an image.
 *
 * @module
 */
import type { Setting } from "../config/load.ts";
import type { Path } from "../config/problem.ts";

interface Variable {
  readonly summary: string;
  readonly path: Path;
}

/** Every variable that is looked at. */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  WSTUNNEL_LISTEN: {
    path: ["listen"],
    summary: "address to listen at when neither --listen nor the file names one",
  },
};

/** What the environment sets; an empty variable sets nothing. */
export function fromEnvironment(environment: Readonly<Record<string, string>>): Setting[] {
  return Object.entries(VARIABLES).flatMap(([name, { path }]): Setting[] => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [{ flag: name, path, value }];
  });
}

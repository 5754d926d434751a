/**
 * A reload: the configuration is read again from where it came from, and holds from then on, or where it is wrong nothing has changed.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import type { Emit } from "../events/events.ts";
import { change, type Changeable } from "./change.ts";
import { runtimeProblems } from "./runtime.ts";

/** What a reload has changed, in words, or what is wrong with the configuration. */
export type Reloaded =
  | { readonly changes: readonly string[] }
  | { readonly problems: readonly string[] };

export interface ReloadOptions {
  readonly config: Config;
  /** Reads the configuration again, with the flags of the start. */
  readonly reread: () => Promise<Loaded>;
  /** In the order in which they change. */
  readonly parts: readonly Changeable[];
  readonly emit: Emit;
}

export interface Reload {
  /** The one that holds. */
  readonly config: Config;
  /** `by`: who asked for it. One at a time: who asks while one is under way waits for it, and gets another behind it. Never rejects. */
  reload(by: string): Promise<Reloaded>;
}

export function createReload({ config, reread, parts, emit }: ReloadOptions): Reload {
  let current = config;
  let last: Promise<unknown> = Promise.resolve();

  async function tryNext(): Promise<Reloaded> {
    const loaded = await reread();
    if ("problems" in loaded) return { problems: loaded.problems.map(formatProblem) };
    const next = loaded.config;
    const unable = runtimeProblems(Deno.version.deno, next);
    if (unable.length > 0) return { problems: unable };
    const problem = await change(parts, next);
    if (problem !== null) return { problems: [problem] };
    current = next;
    for (const text of loaded.warnings.map(formatProblem)) {
      emit({ kind: "configuration-warning", text });
    }
    return { changes: [] };
  }

  async function run(by: string): Promise<Reloaded> {
    emit({ kind: "reload-begun", by });
    const reloaded = await tryNext();
    tell(reloaded, emit);
    return reloaded;
  }

  return {
    get config() {
      return current;
    },
    reload(by) {
      const next = last.then(() => run(by));
      last = next;
      return next;
    },
  };
}

function tell(reloaded: Reloaded, emit: Emit): void {
  if ("problems" in reloaded) {
    const { problems } = reloaded;
    for (const problem of problems) emit({ kind: "reload-problem", problem });
    emit({ kind: "reload-refused", problems: problems.length });
    return;
  }
  const { changes } = reloaded;
  for (const change of changes) emit({ kind: "reload-change", change });
  emit({ kind: "reloaded", changes: changes.length });
}

/**
 * A reload: the configuration is read again from where it came from, and holds from then on, or where it is wrong nothing has changed.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import type { Emit } from "../events/events.ts";
import { change, type Changeable } from "./change.ts";
import { difference } from "./difference.ts";
import { untilRestart } from "./restart.ts";
import { runtimeLimits, runtimeProblems } from "./runtime.ts";

/** What a reload has changed, in words, or what is wrong with the configuration. */
export type Reloaded =
  | { readonly changes: readonly string[] }
  | { readonly problems: readonly string[] };

export interface ReloadOptions {
  readonly config: Config;
  /** Nothing is reloaded before it resolves. */
  readonly serving: Promise<void>;
  /** What has been warned of at the start. */
  readonly warnings: readonly Problem[];
  /** Reads the configuration again, with the flags of the start. */
  readonly reread: () => Promise<Loaded>;
  /** In the order in which they change. */
  readonly parts: readonly Changeable[];
  readonly emit: Emit;
}

export interface Reload {
  /** The one that holds. */
  readonly config: Config;
  /**
   * `by`: who asked for it. One at a time: all who ask while one is under way get one that begins behind it, which is told of by the first of them.
   * Never rejects.
   */
  reload(by: string): Promise<Reloaded>;
}

export function createReload(options: ReloadOptions): Reload {
  const { reread, parts, emit } = options;
  let { config, warnings } = options;
  let running: Promise<unknown> = options.serving;
  let waiting: Promise<Reloaded> | null = null;

  async function tryNext(): Promise<Reloaded> {
    const loaded = await reread();
    if ("problems" in loaded) return { problems: loaded.problems.map(formatProblem) };
    const { deno } = Deno.version;
    const unable = runtimeProblems(deno, loaded.config);
    if (unable.length > 0) return { problems: unable };
    const { holds: next, waits } = untilRestart(config, loaded.config);
    const problem = await change(parts, next);
    if (problem !== null) return { problems: [problem] };
    const former = config;
    config = next;
    const known = new Set(warnings.map(withoutPlace));
    for (const warning of loaded.warnings) {
      if (known.has(withoutPlace(warning))) continue;
      emit({ kind: "configuration-warning", text: formatProblem(warning) });
    }
    ({ warnings } = loaded);
    const limits = runtimeLimits(deno, former);
    for (const limit of runtimeLimits(deno, next)) {
      if (!limits.includes(limit)) emit({ kind: "runtime-limited", limit, deno });
    }
    return { changes: [...difference(former, next), ...waits] };
  }

  async function run(by: string): Promise<Reloaded> {
    emit({ kind: "reload-begun", by });
    const reloaded = await tryNext().catch((error: unknown): Reloaded => {
      emit({ kind: "defect", error });
      return { problems: ["a defect in wstunnel has hindered it"] };
    });
    tell(reloaded, emit);
    return reloaded;
  }

  return {
    get config() {
      return config;
    },
    reload(by) {
      if (waiting !== null) return waiting;
      const next = running.then(() => {
        waiting = null;
        return run(by);
      });
      waiting = next;
      running = next;
      return next;
    },
  };
}

/** A warning that has been told and isn't about something new; it may stand in another line now. */
function withoutPlace({ path, rule, found, flag }: Problem): string {
  return JSON.stringify([path, rule, found, flag]);
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
  if (changes.length === 0) emit({ kind: "reload-change", change: "nothing has changed" });
  emit({ kind: "reloaded", changes: changes.length });
}

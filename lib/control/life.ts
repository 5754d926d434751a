/**
 * The program's life: a server, signals, drain.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import type { Events } from "../events/events.ts";
import { reapOrphans } from "../process/reap.ts";
import { createAdmin } from "./admin/admin.ts";
import type { Changeable } from "./change.ts";
import { isDebuggerOpen } from "./debugger.ts";
import { surviveDefects } from "./defects.ts";
import { createLastCall } from "./last_call.ts";
import { createReload } from "./reload.ts";
import { createReport } from "./report.ts";
import { takeServiceManager } from "../sys/service.ts";
import { watchTerminal } from "../sys/terminal.ts";
import { runtimeLimits } from "./runtime.ts";
import { connectionsBounded } from "./generation.ts";
import { createServer } from "./server.ts";
import { onSignals } from "./signals.ts";

/** What the program is given to serve with. */
export interface ServeOptions {
  readonly events: Events;
  /** What the configuration has been warned of. */
  readonly warnings: readonly Problem[];
  /** Reads the configuration again, with the flags of the start. */
  readonly reread: () => Promise<Loaded>;
  /** What the log is made of. */
  readonly log: Changeable;
}

/** Serves until a signal ends it, or the configuration does; gives the exit code: 0 after a drain, 1 when it can't listen. */
export async function serve(config: Config, options: ServeOptions): Promise<number> {
  const { events, warnings, reread, log } = options;
  const { emit } = events;
  const server = createServer(config, events);
  const serving = Promise.withResolvers<void>();
  const admin = createAdmin({
    server,
    config: () => reload.config,
    reload: (by) => reload.reload(by),
    events,
  });
  const lastCall = createLastCall({ config, idleForMs: () => server.idleForMs });
  events.add(lastCall.sink);
  const reload = createReload({
    config,
    serving: serving.promise,
    warnings,
    reread,
    parts: [log, ...server.parts, admin, lastCall],
    emit,
  });
  const { registry } = server;
  let signal = Promise.withResolvers<void>();
  const { promise: asked } = signal;
  const end = (name: string) => {
    emit({ kind: "signal", signal: name, tunnels: registry.size });
    signal.resolve();
    signal = Promise.withResolvers();
  };
  const isTerminalGone = watchTerminal();
  let hungUp = false;
  const hangUp = async () => {
    if (await isTerminalGone?.()) {
      // The shell and the system both send it: the second one hurries nobody.
      if (!hungUp) end("SIGHUP");
      hungUp = true;
      return;
    }
    await reload.reload("SIGHUP");
  };
  const undo = [
    surviveDefects(emit),
    onSignals({
      end,
      hangUp: () => void hangUp(),
      report: createReport(server.report, registry, events),
    }),
    Deno.pid === 1 ? reapOrphans(emit) : () => {},
  ];
  try {
    if (await isDebuggerOpen(emit)) return 1;
    const manager = takeServiceManager();
    if (manager !== null) {
      const { createServiceSink } = await import("./systemd.ts");
      const sink = createServiceSink(manager, () => reload.config);
      if ("problem" in sink) emit({ kind: "manager-untold", reason: sink.problem });
      else events.add(sink);
    }
    const problem = await admin.open(config) ?? await server.listen();
    if (problem !== null) {
      emit({ kind: "listen-failed", problem });
      return 1;
    }
    emit(connectionsBounded(config));
    const { deno } = Deno.version;
    for (const limit of runtimeLimits(deno, config)) emit({ kind: "runtime-limited", limit, deno });
    emit({ kind: "ready" });
    serving.resolve();
    void server.start();
    const due = await Promise.race([asked, lastCall.due]) ?? null;
    const { size: tunnels } = registry;
    if (due !== null) emit({ kind: "last-call", reason: due.reason, tunnels });
    await server.drain(() => signal.promise, due !== null);
    return due?.exitCode ?? 0;
  } finally {
    await server.close();
    await admin.close();
    for (const one of undo) one();
    events.close();
  }
}

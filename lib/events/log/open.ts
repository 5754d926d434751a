/**
 * The log that a configuration asks for, on standard error or in files; a reload opens these again, which is what is to be done when they
 * have been moved away (logrotate).
 *
 * @module
 */
import { createLineQueue, type LineQueue } from "../../base/line_queue.ts";
import { type OpenedLog, openLog, TOO_FAST } from "../../base/logger.ts";
import type { Config } from "../../config/config.ts";
import { NO_ACCESS_LOG } from "../../config/log_files.ts";
import { openToAppend } from "../../sys/append_file.ts";
import { isJournal } from "../../sys/journal.ts";
import type { Event } from "../event.ts";
import type { Sink } from "../events.ts";
import { FATAL, lineOf } from "./lines.ts";
import { createLogSink } from "./sink.ts";

/** What of a configuration the log is made of. */
export type LogConfig = Pick<Config, "logFormat" | "debug" | "logFile" | "accessLog">;

/** A log that is ready for a configuration, or why it can't be. */
type Ready = { commit(): void; abandon(): void } | { readonly problem: string };

export interface ProgramLog {
  readonly sink: Sink;
  /** Opens the files of a configuration; they take the place of those before once that is committed. */
  prepare(next: LogConfig): Promise<Ready>;
}

/** A file and the lines on their way to it. */
interface LineFile extends LineQueue {
  close(): void;
}

/** Null: there is none. */
interface Files {
  readonly log: LineFile | null;
  readonly access: LineFile | null;
}

const NO_FILES: Files = { log: null, access: null };

/** Opens the log, or says why its files can't be had. */
export async function openProgramLog(
  config: LogConfig,
): Promise<ProgramLog | { readonly problem: string }> {
  const log = openLog({ format: config.logFormat, level: config.debug }, isJournal());
  const sink = createLogSink(log, log.access);
  let current = config;
  let files = NO_FILES;
  const leaving = new Set<Promise<void>>();

  /** Its last lines are on their way, and nobody waits for them. */
  const leave = (file: LineFile | null) => {
    if (file === null) return;
    const left = file.flushed().then(file.close).then(() => void leaving.delete(left));
    leaving.add(left);
  };
  const change = (next: LogConfig, to: Files) => {
    const before = files;
    current = next;
    files = to;
    const writeAccess = next.accessLog === NO_ACCESS_LOG ? null : to.access?.push;
    log.set({
      format: next.logFormat,
      level: next.debug,
      ...(to.log && { write: to.log.push }),
      ...(writeAccess !== undefined && { writeAccess }),
    });
    leave(before.log);
    leave(before.access);
  };
  const prepare = async (next: LogConfig): Promise<Ready> => {
    const opened = await openFiles(next, log);
    if ("problem" in opened) return opened;
    return {
      commit: () => change(next, opened),
      abandon() {
        opened.log?.close();
        opened.access?.close();
      },
    };
  };
  /** Also where the configuration is wrong: whoever has moved the files away waits for it. */
  const reopen = async () => {
    const held = current;
    const ready = await prepare(held);
    if ("problem" in ready) {
      log.error("the log goes on in the former file", { reason: ready.problem });
    } else if (current === held) ready.commit();
    else ready.abandon();
  };

  const first = await prepare(config);
  if ("problem" in first) return first;
  first.commit();
  return {
    prepare,
    sink: {
      ...sink,
      dropped: log.droppedLines,
      take(event) {
        sink.take(event);
        if (event.kind === "reload-refused") void reopen();
        if (files.log !== null) tellFatal(event, log);
      },
      async flushed() {
        const held = [files.log, files.access].map((file) => file?.flushed());
        await Promise.all([...held, ...leaving, log.flushed()]);
      },
      close() {
        sink.close?.();
        change({ ...current }, NO_FILES);
      },
    },
  };
}

function tellFatal(event: Event, log: OpenedLog): void {
  const line = FATAL.includes(event.kind) ? lineOf(event) : null;
  if (line !== null) log.tell(line.message, line.fields);
}

async function openFiles(
  { logFile, accessLog }: LogConfig,
  log: OpenedLog,
): Promise<Files | { readonly problem: string }> {
  const own = await openFile("log-file", logFile, log);
  if (own !== null && "problem" in own) return own;
  const access = await openFile(
    "access-log",
    accessLog === NO_ACCESS_LOG ? undefined : accessLog,
    log,
  );
  if (access === null || !("problem" in access)) return { log: own, access };
  own?.close();
  return access;
}

/** An outage of a file is told once in so long, on standard error. */
const TOLD_MS = 60_000;

async function openFile(
  key: string,
  path: string | undefined,
  log: OpenedLog,
): Promise<LineFile | { readonly problem: string } | null> {
  if (path === undefined) return null;
  const opened = await openToAppend(path);
  if ("problem" in opened) return { problem: `${key}: ${JSON.stringify(path)} ${opened.problem}` };
  const { file } = opened;
  let toldAt = -Infinity;
  const failed = (reason: string | null) => {
    const now = performance.now();
    if (now - toldAt >= TOLD_MS) {
      log.tell("the log can't be written, its lines are dropped", {
        file: path,
        reason: reason ?? TOO_FAST,
      });
    }
    toldAt = now;
  };
  return {
    ...createLineQueue(file, { dropped: log.dropped, failed, onDropped: log.onDropped }),
    close: () => file.close(),
  };
}

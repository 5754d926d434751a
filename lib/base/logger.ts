/**
 * The log: lines to standard error, as text or JSON. The one file that knows LogTape.
 *
 * @module
 */
import {
  configureSync,
  getLogger,
  type LogLevel as TapeLevel,
  type LogRecord,
} from "@logtape/logtape";
import { CONTROLS, escapeControls, escapeInJson, escapeOne } from "./escape.ts";
import { createLineQueue } from "./line_queue.ts";
import type { LogFormat } from "./log_level.ts";
import { shorten } from "./shorten.ts";

/** What a line carries besides its message: small, printable values, never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where the program says what happens. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** What somebody asked for just now: information at every level but 0. */
  answer(message: string, fields?: LogFields): void;
  /** Whether debug lines are written, so that costly ones need not be made. */
  readonly debugs: boolean;
  /** Whether lines of information are. */
  readonly informs: boolean;
}

/** How lines are written. */
export interface LogSetting {
  readonly format: LogFormat;
  /** lighttpd's scale: 0 none, 1 errors, 2 warnings, 3 information, 4 and above debug. */
  readonly level: number;
  /** Receives each finished line, its newline included. @default standard error */
  readonly write?: (line: string) => void;
  /** The same of the lines of clients; null: these are not written. @default `write` */
  readonly writeAccess?: ((line: string) => void) | null;
}

const TAPE_LEVELS: readonly (TapeLevel | null)[] = [null, "error", "warning", "info", "debug"];

/** A log that has lines on their way. */
export interface OpenedLog extends Logger {
  /** For the lines of clients. */
  readonly access: Logger;
  /** From now on all lines are written so. */
  set(setting: LogSetting): void;
  /** Writes an error to standard error, wherever lines go. */
  tell(message: string, fields?: LogFields): void;
  /** The line that tells how many others were dropped, and why. */
  dropped(count: number, reason: string | null): string;
  /** Counts lines that another place of the log has dropped. */
  onDropped(count: number): void;
  /** How many were dropped in all, wherever they were to go. */
  droppedLines(): number;
  /** Resolves when standard error has them; for ever pending when nobody reads them. */
  flushed(): Promise<void>;
}

/**
 * Configures the process's log anew and returns it. Who logs never waits for who reads the log. `isJournal`: standard error is the system's
 * journal.
 */
export function openLog(first: LogSetting, isJournal = false): OpenedLog {
  let setting = first;
  const format = (record: LogRecord) =>
    setting.format === "json" ? formatJson(record) : formatText(record);
  const formatError = (record: LogRecord) =>
    isJournal ? formatJournal(record, setting.format) : format(record);
  const droppedRecord = (count: number, reason: string | null) =>
    recordOf("warning", DROPPED, { count, reason: reason ?? TOO_FAST });
  const dropped = (count: number, reason: string | null) => format(droppedRecord(count, reason));
  let droppedLines = 0;
  const onDropped = (count: number) => void (droppedLines += count);
  const standardError = createLineQueue(Deno.stderr, {
    onDropped,
    dropped: (count, reason) => formatError(droppedRecord(count, reason)),
  });
  const write = (record: LogRecord) =>
    setting.write === undefined
      ? standardError.push(formatError(record))
      : setting.write(format(record));
  const writeAccess = (record: LogRecord) =>
    setting.writeAccess ? setting.writeAccess(format(record)) : write(record);
  const accessLevel = () => setting.writeAccess === null ? 0 : setting.level;
  const configure = () => {
    configureSync({
      reset: true,
      sinks: {
        lines: write,
        access: writeAccess,
      },
      loggers: [
        { category: OWN, sinks: ["lines"], lowestLevel: tapeLevel(setting.level) },
        {
          category: ACCESS,
          sinks: ["access"],
          parentSinks: "override",
          lowestLevel: tapeLevel(accessLevel()),
        },
        { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
      ],
    });
  };
  configure();
  return Object.assign(loggerOf(OWN, () => setting.level, write), {
    access: loggerOf(ACCESS, accessLevel, writeAccess),
    set(next: LogSetting) {
      setting = next;
      configure();
    },
    tell: (message: string, fields: LogFields = {}) =>
      standardError.push(formatError(recordOf("error", message, fields))),
    dropped,
    onDropped,
    droppedLines: () => droppedLines,
    flushed: standardError.flushed,
  });
}

type Category = [string, ...string[]];

const OWN: Category = ["wstunnel"];
const ACCESS: Category = [...OWN, "access"];

const [INFORMATION, DEBUG] = [3, 4];

function tapeLevel(level: number): TapeLevel | null {
  return TAPE_LEVELS[Math.min(level, DEBUG)] ?? null;
}

function loggerOf(
  category: Category,
  level: () => number,
  write: (record: LogRecord) => void,
): Logger {
  const tape = getLogger(category);
  // An empty message template and the text as a property: braces in a peer's words are not placeholders.
  const line = (message: string, fields: LogFields = {}) => ({ ...fields, [MESSAGE]: message });
  return {
    error: (message, fields) => tape.error("", line(message, fields)),
    warn: (message, fields) => tape.warn("", line(message, fields)),
    info: (message, fields) => tape.info("", line(message, fields)),
    debug: (message, fields) => tape.debug("", line(message, fields)),
    answer(message, fields = {}) {
      // Past LogTape's levels.
      if (level() > 0) write(recordOf("info", message, fields));
    },
    get debugs() {
      return level() >= DEBUG;
    },
    get informs() {
      return level() >= INFORMATION;
    },
  };
}

const DROPPED = "log lines dropped";
/** Why lines are dropped where no write has failed. */
export const TOO_FAST = "they come faster than they are taken";

function recordOf(level: TapeLevel, message: string, fields: LogFields): LogRecord {
  const properties = { ...fields, [MESSAGE]: message };
  const timestamp = Date.now();
  return { category: ["wstunnel"], level, message: [], rawMessage: "", timestamp, properties };
}

const MESSAGE = "message";

/**
 * Longest message and longest value of a field, in code units; the rest is cut off before anything looks through it. A line of a program's
 * output and a stack of ours fit. A peer's words are shorter where they come in.
 */
const MAX_CHARACTERS = 4096;

function fieldsOf(record: LogRecord): [string, unknown][] {
  return Object.entries(record.properties)
    .filter(([key, value]) => key !== MESSAGE && value !== undefined)
    .map(([key, value]) => [key, typeof value === "string" ? bounded(value) : value]);
}

function messageOf(record: LogRecord): string {
  return bounded(String(record.properties[MESSAGE]));
}

function bounded(text: string): string {
  return text.length > MAX_CHARACTERS ? shorten(text, MAX_CHARACTERS) : text;
}

function formatJson(record: LogRecord): string {
  const line = JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    message: messageOf(record),
    ...Object.fromEntries(fieldsOf(record)),
  });
  return line.replace(CONTROLS, escapeInJson) + "\n";
}

/** By level, as sd-daemon(3) numbers them. */
const PRIORITIES: Readonly<Partial<Record<TapeLevel, number>>> = { error: 3, warning: 4, debug: 7 };

/** The journal takes the number off, and has the time itself. */
function formatJournal(record: LogRecord, format: LogFormat): string {
  const line = format === "json" ? formatJson(record) : formatTimeless(record);
  return `<${PRIORITIES[record.level] ?? 6}>${line}`;
}

function formatText(record: LogRecord): string {
  return `${new Date(record.timestamp).toISOString()} ${formatTimeless(record)}`;
}

function formatTimeless(record: LogRecord): string {
  const fields = fieldsOf(record).map(([key, value]) => ` ${key}=${quote(value)}`).join("");
  const message = escapeControls(messageOf(record));
  return `${record.level.padEnd(7)} ${message}${fields}\n`;
}

function quote(value: unknown): string {
  const text = String(value);
  return /^[^\s"=\p{Cc}\p{Cf}]+$/u.test(text)
    ? text
    : JSON.stringify(text).replace(CONTROLS, escapeOne);
}

/**
 * A file that is looked at again and again, so that what is written into it holds without a reload.
 *
 * It counts as written once it has been the same for two looks, since whoever writes it in place has emptied it first; a reload says that it is. What
 * takes its place by a rename, or by another target of a symbolic link, is seen as well. One that can't be read, or is wrong, keeps what held before.
 *
 * @module
 */
import { stampAt, stampOf } from "../base/file_stamp.ts";
import { readSmallFile } from "../base/small_file.ts";
import type { Reader } from "../config/auth_files.ts";
import type { Emit } from "../events/events.ts";
import type { Holding, Keepable } from "./kept.ts";

/** Between two looks: what is written holds within twice that. */
const LOOK_MS = 500;

export interface WatchedFile<T> extends Keepable {
  /** What it held when it was last right; null: never yet. The same object while nothing has changed. */
  readonly value: T | null;
}

/** Reads a file now, and from now on whenever it changes. */
export function watchFile<T>(path: string, read: Reader<T>, emit: Emit): WatchedFile<T> {
  let value: T | null = null;
  /** Of the last look, before the file is read: what is written in between is seen by the next. */
  let seen = stampAt(path);
  /** Of what was read last, right or wrong. */
  let judged = seen;
  let closed = false;
  let timer: ReturnType<typeof setTimeout>;

  /** Whether it is right. */
  function judge(): boolean {
    judged = seen;
    const got = readSmallFile(path);
    const result = "problem" in got ? got : read(got.bytes);
    if ("value" in result) value = result.value;
    else emit({ kind: "file-failed", file: path, reason: result.problem });
    return "value" in result;
  }

  function see(now: string, isWritten: boolean): void {
    seen = now;
    if (now === judged || !isWritten) return;
    if (judge()) emit({ kind: "file-renewed", file: path });
  }

  async function look(): Promise<void> {
    const now = await stampSoon(path);
    if (closed) return;
    see(now, now === seen);
    schedule();
  }

  function schedule(): void {
    timer = setTimeout(look, LOOK_MS);
    // The program's end doesn't wait for it.
    Deno.unrefTimer(timer);
  }

  judge();
  schedule();
  return {
    get value() {
      return value;
    },
    look: () => see(stampAt(path), true),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** Watches files for one configuration. */
export type Watch = <T>(path: string, read: Reader<T>) => WatchedFile<T>;

/** A file that is read in the same way for several configurations is watched once. */
export function watchFor(holding: Holding, emit: Emit): Watch {
  return (path, read) =>
    holding.get(`file ${numberOf(read)} ${path}`, () => watchFile(path, read, emit));
}

const readers: unknown[] = [];

/** A reader's own; its name is lost in an executable. */
function numberOf(reader: unknown): number {
  if (!readers.includes(reader)) readers.push(reader);
  return readers.indexOf(reader);
}

function stampSoon(path: string): Promise<string> {
  return Deno.stat(path).then(stampOf, (error: Error) => error.name);
}

/**
 * Files that are looked at again and again, so that what is written into them holds without a reload.
 *
 * A file counts as written once it has been the same for two looks, since whoever writes it in place has emptied it first. What takes its place by
 * a rename, or by another target of a symbolic link, is seen as well. One that can't be read, or is wrong, keeps what held before.
 *
 * @module
 */
import { stampAt, stampOf } from "../base/file_stamp.ts";
import { readSmallFile } from "../base/small_file.ts";
import type { Read, Reader } from "../config/auth_files.ts";
import type { Emit } from "../events/events.ts";

/** Between two looks: what is written holds within twice that. */
const LOOK_MS = 500;

export interface WatchedFile<T> {
  /** What it held when it was last right; null: never yet. The same object while nothing has changed. */
  readonly value: T | null;
}

export interface WatchedFiles {
  /** Reads a file now, and from now on whenever it changes; the same one for all who ask for it. */
  watch<T>(path: string, read: Reader<T>): WatchedFile<T>;
  /** Looks no more. */
  close(): void;
}

/** A file and what was seen of it. */
interface Watched {
  readonly path: string;
  readonly read: Reader<unknown>;
  value: unknown;
  /** Of what was read last, right or wrong. */
  judged: string;
  /** Of the last look. */
  seen: string;
}

export function createWatchedFiles(emit: Emit): WatchedFiles {
  const files: Watched[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function judge(file: Watched): Read<unknown> {
    const { path, read } = file;
    const got = readSmallFile(path);
    const result = "problem" in got ? got : read(got.bytes);
    if ("value" in result) file.value = result.value;
    else emit({ kind: "file-failed", file: path, reason: result.problem });
    return result;
  }

  async function look(): Promise<void> {
    for (const file of files) {
      const now = await stampSoon(file.path);
      if (closed) return;
      const isSettled = now === file.seen;
      file.seen = now;
      if (now === file.judged || !isSettled) continue;
      file.judged = now;
      if ("value" in judge(file)) emit({ kind: "file-renewed", file: file.path });
    }
    schedule();
  }

  function schedule(): void {
    const next = setTimeout(look, LOOK_MS);
    // The program's end doesn't wait for it.
    Deno.unrefTimer(next);
    timer = next;
  }

  return {
    watch<T>(path: string, read: Reader<T>) {
      const known = files.find((file) => file.path === path && file.read === read);
      if (known !== undefined) return known as WatchedFile<T>;
      // Looked at before it is read: what is written in between is seen by the next look.
      const seen = stampAt(path);
      const file: Watched = { path, read, value: null, judged: seen, seen };
      judge(file);
      files.push(file);
      if (timer === undefined) schedule();
      return file as WatchedFile<T>;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function stampSoon(path: string): Promise<string> {
  return Deno.stat(path).then(stampOf, (error: Error) => error.name);
}

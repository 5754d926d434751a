/**
 * The terminal that `top` has to itself: keys as they are pressed, another screen, and all as it was whatever ends it.
 *
 * @module
 */
import { type Key, readKeys } from "./keys.ts";
import { ENTER, LEAVE } from "./paint.ts";
import type { Size } from "./state.ts";

export interface TerminalEvents {
  readonly onKey: (key: Key) => void;
  /** Another size, or nothing is known any more of what is on the screen. */
  readonly onChange: () => void;
  /** A signal asks for the end, or the terminal is gone. */
  readonly onEnd: () => void;
}

export interface Terminal {
  size(): Size;
  write(text: string): void;
  /** Stops the process, as Ctrl-Z does, with the terminal as it was; goes on where it goes on. */
  suspend(): void;
  /** Gives it back as it was. */
  close(): void;
}

const ENDS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Windows has no jobs and no signal of a window's size. */
function isThere(name: Deno.Signal): boolean {
  return Deno.build.os !== "windows" || name === "SIGINT";
}

/** A serial console knows of no size. */
const UNKNOWN_SIZE: Size = { columns: 80, rows: 24 };

export function terminalSize(): Size {
  const { columns, rows } = Deno.consoleSize();
  return columns === 0 || rows === 0 ? UNKNOWN_SIZE : { columns, rows };
}

/** How long an Escape may be the beginning of another key: over a slow line its rest comes later. */
const ESCAPE_MS = 50;

/** Takes the terminal of standard input and output, which must be one. `write` writes to it. */
export function openTerminal(write: (text: string) => void, events: TerminalEvents): Terminal {
  const { onKey, onChange, onEnd } = events;
  let isOpen = true;
  /** The shell that we were stopped by has had it. */
  const enter = () => {
    Deno.stdin.setRaw(true);
    write(ENTER);
  };
  const leave = () => {
    write(LEAVE);
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // It is gone, and nothing is left to be as it was.
    }
  };
  const suspend = () => {
    if (!isThere("SIGTSTP")) return;
    leave();
    Deno.kill(Deno.pid, "SIGSTOP");
  };
  const resume = () => {
    enter();
    onChange();
  };
  const signals: (readonly [Deno.Signal, () => void])[] = [
    ...ENDS.map((name) => [name, onEnd] as const),
    ["SIGTSTP", suspend],
    ["SIGCONT", resume],
    ["SIGWINCH", onChange],
  ];

  async function readAll(): Promise<void> {
    const buffer = new Uint8Array(1024);
    const decoder = new TextDecoder();
    let held = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const take = (text: string, isAll: boolean) => {
      clearTimeout(timer);
      const { keys, rest } = readKeys(text, isAll);
      held = rest;
      if (rest !== "") timer = setTimeout(() => take(held, true), ESCAPE_MS);
      for (const key of keys) if (isOpen) onKey(key);
    };
    while (isOpen) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) return;
      take(held + decoder.decode(buffer.subarray(0, count), { stream: true }), false);
    }
  }

  for (const [name, take] of signals) {
    if (isThere(name)) Deno.addSignalListener(name, take);
  }
  enter();
  readAll().then(onEnd, onEnd);
  return {
    size: terminalSize,
    write,
    suspend,
    close() {
      isOpen = false;
      for (const [name, take] of signals) {
        if (isThere(name)) Deno.removeSignalListener(name, take);
      }
      leave();
    },
  };
}

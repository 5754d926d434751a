/** A program in a terminal of its own, and what stands on its screen. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DEADLINE_MS, eventually, inTime } from "./eventually.ts";
import { installed } from "./installed.ts";
import { readLines } from "./lines.ts";
import { assertNoSecret } from "./secrets.ts";

const DRIVER = fileURLToPath(new URL("terminal.py", import.meta.url));

export const PYTHON = installed("python3");

/** A screen that does what its program writes: of a terminal's commands those that `top` has, and no others. */
class Screen {
  lines: string[][] = [];
  isOther = false;
  hasCursor = true;
  wraps = true;
  #at: [row: number, column: number] = [0, 0];
  #rest = "";

  constructor(public rows: number, public columns: number) {
    this.#clear();
  }

  resize(rows: number, columns: number): void {
    [this.rows, this.columns] = [rows, columns];
    this.lines = Array.from(
      { length: rows },
      (_, row) => Array.from({ length: columns }, (_, at) => this.lines[row]?.[at] ?? " "),
    );
  }

  #clear(): void {
    this.lines = Array.from({ length: this.rows }, () => Array<string>(this.columns).fill(" "));
  }

  get text(): string {
    return this.lines.map((line) => line.join("").trimEnd()).join("\n");
  }

  write(text: string): void {
    let rest = this.#rest + text;
    this.#rest = "";
    while (rest !== "") {
      // deno-lint-ignore no-control-regex
      const command = /^\x1b\[(\??)([\d;]*)([a-zA-Z])/.exec(rest);
      if (command !== null) {
        this.#obey(command[1]! + command[3]!, command[2]!);
        rest = rest.slice(command[0].length);
      } else if (rest.startsWith("\x1b")) {
        assert.ok(rest.length < 20, `not a command: ${JSON.stringify(rest.slice(0, 20))}`);
        this.#rest = rest;
        return;
      } else {
        const [character] = rest as Iterable<string>;
        this.#put(character!);
        rest = rest.slice(character!.length);
      }
    }
  }

  #put(character: string): void {
    if (character === "\r") this.#at[1] = 0;
    else if (character === "\n") this.#at[0]++;
    else {
      assert.ok(character >= " " && character !== "\x7f", `a control character ${character}`);
      const line = this.lines[this.#at[0]];
      if (line !== undefined && this.#at[1] < this.columns) line[this.#at[1]++] = character;
    }
  }

  #obey(command: string, numbers: string): void {
    // The runtime writes others before it runs a program from its source.
    if (!this.isOther && command !== "?h") return;
    const [first = 0, second = 1] = numbers === "" ? [] : numbers.split(";").map(Number);
    if (command === "H") this.#at = [Math.max(1, first) - 1, second - 1];
    else if (command === "J" && first === 2) this.#clear();
    else if (command === "K") this.lines[this.#at[0]]?.fill(" ", this.#at[1]);
    else if (command === "m") return;
    else if (command === "?h" || command === "?l") this.#mode(first, command === "?h");
    else assert.fail(`no command of ours: ${command} ${numbers}`);
  }

  #mode(mode: number, isOn: boolean): void {
    if (mode === 1049) this.isOther = isOn;
    else if (mode === 25) this.hasCursor = isOn;
    else if (mode === 7) this.wraps = isOn;
    else assert.equal(mode, 2026);
  }
}

export interface Terminal extends AsyncDisposable {
  /** What stands there, line by line, without the space at their ends. */
  readonly text: string;
  /** All that was ever written. */
  readonly output: string;
  /** Whether it looks as before: the first screen, a cursor, lines that wrap. */
  readonly isPlain: boolean;
  /** How often the program was stopped. */
  readonly stops: number;
  /** Waits for what must be seen. */
  sees(what: RegExp): Promise<void>;
  press(keys: string): void;
  resize(rows: number, columns: number): void;
  signal(signal: Deno.Signal): void;
  /** Ends the terminal, as closing a window or a lost line does. */
  hangUp(): void;
  /** The terminal's modes (termios) now. */
  modes(): Promise<string>;
  /** The modes before the program began. */
  readonly modesBefore: string;
  /** The exit code, and the modes then. */
  exit(): Promise<{ readonly code: number; readonly modes: string }>;
}

export interface TerminalOptions {
  readonly rows: number;
  readonly columns: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a program in a terminal. Disposing of it ends the program. */
export async function openTerminal(
  words: readonly string[],
  { rows, columns, env }: TerminalOptions,
): Promise<Terminal> {
  const child = new Deno.Command(PYTHON!, {
    args: [DRIVER, `${rows}`, `${columns}`, ...words],
    cwd: new URL("../../", import.meta.url),
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = readLines(child.stdout);
  const errors = readLines(child.stderr);
  const writer = child.stdin.getWriter();
  const order = (what: object) =>
    void writer.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`)).catch(() => {});
  const screen = new Screen(rows, columns);
  const modes: string[] = [];
  let [seen, output, stops, code] = [0, "", 0, null as number | null];
  const update = () => {
    for (; seen < lines.all.length; seen++) {
      const told = JSON.parse(lines.all[seen]!);
      if (told.output !== undefined) {
        output += told.output;
        screen.write(told.output);
      }
      if (told.modes !== undefined) modes.push(told.modes);
      if (told.stopped) stops++;
      if (told.exit !== undefined) code = told.exit;
    }
    assert.deepEqual(errors.all, []);
  };
  const until = (what: string, probe: () => boolean) =>
    eventually(what, () => {
      update();
      return probe();
    }).catch((error) => {
      throw new Error(`${error.message}; the screen:\n${screen.text}`);
    });
  await until("the terminal", () => modes.length > 0);
  return {
    get text() {
      update();
      return screen.text;
    },
    get output() {
      update();
      return output;
    },
    get isPlain() {
      update();
      return !screen.isOther && screen.hasCursor && screen.wraps;
    },
    get stops() {
      update();
      return stops;
    },
    modesBefore: modes[0]!,
    async sees(what) {
      await until(`${what}`, () => what.test(screen.text));
    },
    press: (keys) => order({ keys }),
    resize(rows, columns) {
      update();
      screen.resize(rows, columns);
      order({ size: [rows, columns] });
    },
    signal: (signal) => order({ signal }),
    hangUp: () => order({ hangUp: true }),
    async modes() {
      update();
      const count = modes.length;
      order({ modes: true });
      await until("modes", () => modes.length > count);
      return modes.at(-1)!;
    },
    async exit() {
      await until("its exit", () => code !== null);
      return { code: code!, modes: modes.at(-1)! };
    },
    async [Symbol.asyncDispose]() {
      await writer.close().catch(() => {});
      await inTime("the terminal's end", child.status, () => child.kill("SIGKILL"), DEADLINE_MS);
      await Promise.all([lines.ended, errors.ended]);
      update();
      assertNoSecret("the terminal", output);
    },
  };
}

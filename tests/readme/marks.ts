/**
 * What becomes of a code block in a newcomer's run of the README, by the comment right above it:
 *
 * | comment | the block is |
 * |---|---|
 * | `run` | pasted into the terminal of its section; must end with 0 |
 * | `stays: ADDRESS...` | pasted into a terminal of its own, and goes on there; what it starts can be connected to, or is a path |
 * | `file: PATH` | written there |
 * | `check: FLAGS...` | a configuration, which `wstunnel check` with these flags, or none, finds well |
 * | `opens` | addresses for a browser, each of which answers with 200 |
 * | `shown` | what was printed before in its section, each line of it, whatever the time says |
 * | `skip: REASON` | left out |
 *
 * Further lines of the comment, each as often as needed:
 *
 * | line | means |
 * |---|---|
 * | `given: SERVICE...` | what runs on the machine already, of services.ts |
 * | `beside: HEADING` | what stays, below that heading, runs as well |
 * | `types: TEXT` | is typed, in a terminal; in turn with |
 * | `says: TEXT` | is waited for in what it prints |
 * | `then: COMMAND` | is run behind it, and must end with 0; the page doesn't show it |
 * | `root: COMMAND` | the same, by root |
 */

const DOINGS = ["run", "stays", "file", "check", "opens", "shown", "skip"] as const;

export type Doing = typeof DOINGS[number];

/** Doings whose word is followed by something. */
const WITH_WORDS: readonly Doing[] = ["file", "skip"];

const LINES = ["given", "beside", "types", "says", "then", "root"] as const;

export interface Turn {
  readonly what: "types" | "says";
  readonly text: string;
}

export interface Proof {
  readonly asRoot: boolean;
  readonly command: string;
}

export interface Plan {
  readonly doing: Doing;
  /** What stands behind the word: addresses, a path, flags, a reason. */
  readonly words: string;
  readonly given: readonly string[];
  readonly beside: readonly string[];
  readonly turns: readonly Turn[];
  readonly proofs: readonly Proof[];
}

/** What a comment says, or why nobody can tell. */
export function readMark(mark: string | null): Plan | { readonly problem: string } {
  if (mark === null) {
    return { problem: `no comment above it says what to do with it (${DOINGS.join(", ")})` };
  }
  const [first, ...rest] = mark.split("\n").map(splitLine);
  const doing = DOINGS.find((known) => known === first!.name);
  if (doing === undefined) {
    return { problem: `"${first!.name}" is none of ${DOINGS.join(", ")}` };
  }
  if (WITH_WORDS.includes(doing) && first!.text === "") {
    return { problem: `"${doing}:" says nothing` };
  }
  for (const { name, text } of rest) {
    if (!LINES.some((known) => known === name)) {
      return { problem: `"${name}" is none of ${LINES.join(", ")}` };
    }
    if (text === "") return { problem: `"${name}:" says nothing` };
  }
  return {
    doing,
    words: first!.text,
    given: rest.flatMap(({ name, text }) => name === "given" ? text.split(" ") : []),
    beside: rest.flatMap(({ name, text }) => name === "beside" ? [text] : []),
    turns: rest.flatMap(({ name, text }) =>
      name === "types" || name === "says" ? [{ what: name, text }] : []
    ),
    proofs: rest.flatMap(({ name, text }) =>
      name === "then" || name === "root" ? [{ asRoot: name === "root", command: text }] : []
    ),
  };
}

function splitLine(line: string): { readonly name: string; readonly text: string } {
  const [, name, text] = /^([^:]*):?(.*)$/.exec(line.trim())!;
  return { name: name!, text: text!.trim() };
}

/**
 * What `wstunnel websockify` writes: its help, and the file that means the same.
 *
 * @module
 */
import { layOver, type Setting } from "../../config/load.ts";
import { writeToml } from "../../config/toml.ts";
import { OPTIONS, USAGE, type WebsockifyOption } from "./options.ts";
import type { Part } from "./part.ts";

const WIDTH = 80;
const INDENT = 27;

/** The settings as they are shown: nothing in them is a secret. */
export function shownSettings({ settings, secrets }: Required<Part>): Setting[] {
  const shown = secrets.map(({ flag, path, printed }) => ({ flag, path, value: printed }));
  return [...settings, ...shown];
}

/** The file, and above it what is to be known of it. */
export function printedFile(part: Required<Part>): string {
  const remarks = [...part.remarks, ...part.secrets.map(({ remark }) => remark)];
  const comments = remarks.map((remark) => `# ${remark}\n`);
  const tables = layOver({}, shownSettings(part)) as Record<string, unknown>;
  return [...comments, writeToml(tables).trimStart()].join("");
}

/** The help. */
export function helpText(): string {
  const usage = USAGE.map((line, at) => `${at === 0 ? "Usage: " : "       "}${line}\n`);
  return [
    ...usage,
    "\nTakes the command line of websockify, and runs what it means. `wstunnel websockify --print`\n" +
    "prints it as a configuration file. The executable does so under the name `websockify`, too.\n",
    "\nOptions:\n",
    ...OPTIONS.flatMap(optionLines),
  ].join("");
}

function optionLines({ name, short, value, summary, refused }: WebsockifyOption): string[] {
  const names = [...short === undefined ? [] : [short], name].join(", ");
  const term = `  ${names}${value === undefined ? "" : ` ${value}`}`;
  const text = refused === undefined ? summary : `refused: ${refused}`;
  const [first = "", ...rest] = wrap(text, WIDTH - INDENT);
  const start = term.length < INDENT - 1 ? term.padEnd(INDENT) : `${term}\n${" ".repeat(INDENT)}`;
  return [`${start}${first}\n`, ...rest.map((line) => `${" ".repeat(INDENT)}${line}\n`)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

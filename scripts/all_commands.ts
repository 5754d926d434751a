/**
 * Every command with all of its options: those of `websockify` stand in a table of their own, which is loaded with it.
 *
 * @module
 */
import { type Command, COMMANDS } from "../lib/cli/commands.ts";
import type { Flag, Switch } from "../lib/cli/flags.ts";
import { OPTIONS, type WebsockifyOption } from "../lib/cli/websockify/options.ts";

const KEPT = OPTIONS.filter((option: WebsockifyOption) => option.refused === undefined);

function flags(options: readonly WebsockifyOption[]): Flag[] {
  return options.flatMap(({ name, value, choices, summary }) =>
    value === undefined ? [] : [{ name, value, summary, ...(choices && { choices }) }]
  );
}

function switches(options: readonly WebsockifyOption[]): Switch[] {
  return options.flatMap(({ name, short, value, summary }) =>
    value !== undefined || name === "--help" ? [] : [{ name, summary, ...(short && { short }) }]
  );
}

/** By their names. */
export const ALL_COMMANDS: Readonly<Record<string, Command>> = {
  ...COMMANDS,
  websockify: { ...COMMANDS.websockify, flags: flags(KEPT), switches: switches(KEPT) },
};

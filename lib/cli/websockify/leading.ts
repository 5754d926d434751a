/**
 * Where websockify leads: a target, or those of a token plugin.
 *
 * @module
 */
import type { CommandLine } from "./parse.ts";
import { splitAddress, targetWords } from "./listening.ts";
import { isGiven, type Look, type Part, ROUTE, setting, valueOf } from "./part.ts";
import { tokensPart } from "./tokens.ts";
import { wrappingPart } from "./wrapping.ts";

const TARGET = "TARGET:PORT";

/** Where it leads. */
export function leadingPart(line: CommandLine, look: Look): Part {
  const words = targetWords(line);
  if (line.command !== null && line.command.length > 0) {
    return words.length > 0
      ? { problems: ["Too many arguments"] }
      : wrappingPart(line, line.command, look);
  }
  const config = valueOf(line, "--target-config");
  const plugin = config === undefined ? valueOf(line, "--token-plugin") : "TokenFile";
  const socket = valueOf(line, "--unix-target");
  if (plugin !== undefined || socket !== undefined) {
    if (words.length > 0) return { problems: ["Too many arguments"] };
    return plugin === undefined
      ? { settings: [setting("--unix-target", [...ROUTE, "socket"], socket)] }
      : tokensPart(line, plugin, config ?? valueOf(line, "--token-source"), look);
  }
  const [target, ...more] = words;
  if (target === undefined) return { problems: ["Too few arguments"] };
  const [host, port] = splitAddress(target);
  if (!target.includes(":")) {
    return { problems: [`Error parsing target: ${TARGET} is such as localhost:5900`] };
  }
  if (!/^\s*\d+\s*$/.test(port)) {
    return { problems: [`Error parsing target port: ${TARGET} is such as localhost:5900`] };
  }
  if (more.length > 0) return { problems: ["Too many arguments"] };
  return {
    settings: [
      setting(TARGET, [...ROUTE, "host"], host === "" ? "localhost" : host),
      setting(TARGET, [...ROUTE, "port"], Number(port)),
    ],
  };
}

/** TLS to wherever it leads. */
export function targetTlsPart(line: CommandLine): Part {
  if (!isGiven(line, "--ssl-target")) return {};
  return {
    settings: [setting("--ssl-target", [...ROUTE, "tls"], true)],
    remarks: [
      "the target's certificate is verified, as websockify's --ssl-target doesn't do: one of your " +
      "own is trusted by tls = { ca = FILE } of the route",
    ],
  };
}

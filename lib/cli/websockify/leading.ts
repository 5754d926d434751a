/**
 * Where websockify leads: a target, or those of a token plugin.
 *
 * @module
 */
import { quote } from "../../config/problem.ts";
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
    return words.length > 0 ? tooMany(words[0]!) : wrappingPart(line, line.command, look);
  }
  const config = valueOf(line, "--target-config");
  const plugin = config === undefined ? valueOf(line, "--token-plugin") : "TokenFile";
  const socket = valueOf(line, "--unix-target");
  if (plugin !== undefined || socket !== undefined) {
    if (words.length > 0) return tooMany(words[0]!);
    return plugin === undefined
      ? { settings: [setting("--unix-target", [...ROUTE, "socket"], look.absolute(socket!))] }
      : tokensPart(line, plugin, config ?? valueOf(line, "--token-source"), look);
  }
  const [target, ...more] = words;
  if (target === undefined) {
    return { problems: [`Too few arguments: ${TARGET} is missing, such as localhost:5900`] };
  }
  const [host, port] = splitAddress(target);
  const rule = `${TARGET} is such as localhost:5900: current value is ${quote(target)}`;
  if (!target.includes(":")) return { problems: [`Error parsing target: ${rule}`] };
  if (!/^\s*\d+\s*$/.test(port)) return { problems: [`Error parsing target port: ${rule}`] };
  if (more.length > 0) return tooMany(more[0]!);
  return {
    settings: [
      setting(TARGET, [...ROUTE, "host"], host === "" ? "localhost" : host),
      setting(TARGET, [...ROUTE, "port"], Number(port)),
    ],
  };
}

function tooMany(word: string): Part {
  return { problems: [`Too many arguments: ${quote(word)} has no place`] };
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

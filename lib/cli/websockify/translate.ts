/**
 * websockify's command line to a configuration that means the same.
 *
 * @module
 */
import type { Path } from "../../config/problem.ts";
import { askingPart } from "./asking.ts";
import { leadingPart, targetTlsPart } from "./leading.ts";
import { listeningPart } from "./listening.ts";
import { type OptionName, OPTIONS, type WebsockifyOption } from "./options.ts";
import { type CommandLine, toWhole } from "./parse.ts";
import { isGiven, join, type Look, type Part, setting, valueOf } from "./part.ts";

/** Gives what stands in the file, and what can't be; `look` knows the machine. */
export function translate(line: CommandLine, look: Look): Required<Part> {
  return join([
    refusedPart(line),
    pairsPart(line),
    listeningPart(line, look),
    { settings: [setting("websockify", ["wstunnel", "frame-type"], "binary")] },
    webPart(line),
    leadingPart(line, look),
    targetTlsPart(line),
    askingPart(line),
    loggingPart(line),
    endingPart(line),
    secondsPart(line, "--heartbeat", ["wstunnel", "ping-interval"]),
  ]);
}

function refusedPart({ given }: CommandLine): Part {
  const refused = OPTIONS.filter(({ name }) => given.has(name))
    .flatMap(({ name, refused }: WebsockifyOption) =>
      refused === undefined ? [] : [`${name}: ${refused}`]
    );
  return { problems: refused };
}

/** Which option needs which, in websockify's words. */
const NEEDS: readonly (readonly [option: OptionName, needed: OptionName])[] = [
  ["--token-source", "--token-plugin"],
  ["--host-token", "--token-plugin"],
  ["--auth-source", "--auth-plugin"],
  ["--web-auth", "--auth-plugin"],
  ["--web-auth", "--web"],
  ["--unix-listen-mode", "--unix-listen"],
];

function pairsPart(line: CommandLine): Part {
  const missing = NEEDS.filter(([option, needed]) =>
    isGiven(line, option) && !isGiven(line, needed) &&
    !(needed === "--token-plugin" && isGiven(line, "--target-config"))
  );
  return {
    problems: missing.map(([option, needed]) => `You must use ${needed} to use ${option}`),
  };
}

/** It shows what is in a folder, unless told otherwise. */
function webPart(line: CommandLine): Part {
  const root = valueOf(line, "--web");
  if (root === undefined) return {};
  return {
    settings: [
      setting("--web", ["web"], { root }),
      ...isGiven(line, "--file-only") ? [] : [setting("--web", ["web", "listing"], true)],
    ],
  };
}

function loggingPart(line: CommandLine): Part {
  const file = valueOf(line, "--log-file");
  return {
    settings: [
      ...file === undefined ? [] : [setting("--log-file", ["log-file"], file)],
      ...isGiven(line, "--traffic") ? [setting("--traffic", ["wstunnel", "debug"], "debug")] : [],
    ],
  };
}

/** It ends by itself. */
function endingPart(line: CommandLine): Part {
  return join([
    isGiven(line, "--run-once")
      ? { settings: [setting("--run-once", ["exit-after-tunnels"], 1)] }
      : {},
    secondsPart(line, "--timeout", ["exit-after-time"]),
    secondsPart(line, "--idle-timeout", ["exit-idle-time"]),
  ]);
}

/** 0 is none. */
function secondsPart(line: CommandLine, name: OptionName, path: Path): Part {
  const seconds = toWhole(valueOf(line, name) ?? "0");
  return seconds === 0 ? {} : { settings: [setting(name, path, seconds)] };
}

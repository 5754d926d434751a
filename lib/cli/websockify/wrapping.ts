/**
 * `-- COMMAND`: a program that is started, at a port of its own.
 *
 * @module
 */
import type { CommandLine } from "./parse.ts";
import { splitAddress } from "./listening.ts";
import { isGiven, type Look, type Part, ROUTE, setting, valueOf } from "./part.ts";

/** Where websockify's library is that moves what a program binds to another port (LD_PRELOAD). */
const LIBRARIES = ["/usr/lib/websockify/rebind.so", "/usr/local/lib/websockify/rebind.so"];

const FLAG = "-- COMMAND";

/** By which a program is told its port, in `bin-path`. */
const PLACE = "{port}";

/** What follows when the program ends, by what websockify calls it. */
const ON_EXIT: Readonly<Record<string, string>> = {
  exit: "exit",
  ignore: "ignore",
  respawn: "restart",
};

/** Until it must be up: one such as vncserver takes its time. */
const PATIENCE_SECONDS = 30;

/** The program as a backend. */
export function wrappingPart(line: CommandLine, command: readonly string[], look: Look): Part {
  if (isGiven(line, "--token-plugin", "--target-config", "--unix-target")) {
    return { problems: [`${FLAG}: must not stand beside what else says where it leads`] };
  }
  const port = look.freePort();
  const moved = command.some((word) => word.includes(PLACE)) ? {} : movedPart(line, port, look);
  const mode = valueOf(line, "--wrap-mode") ?? "exit";
  return {
    ...moved,
    settings: [
      setting(FLAG, [...ROUTE, "port"], port),
      setting(FLAG, [...ROUTE, "bin-path"], command),
      setting(FLAG, [...ROUTE, "max-procs"], 1),
      setting("--wrap-mode", [...ROUTE, "on-exit"], ON_EXIT[mode]),
      setting(FLAG, [...ROUTE, "connect-timeout"], PATIENCE_SECONDS),
      ...moved.settings ?? [],
    ],
  };
}

/** It binds to the port that we listen at, and gets another one. */
function movedPart(line: CommandLine, port: number, look: Look): Part {
  const told = `a program that can be told its port is told by ${PLACE} in COMMAND, as in ` +
    `-- Xvnc :1 -rfbport ${PLACE}`;
  const library = LIBRARIES.find(look.exists);
  if (library === undefined) {
    return {
      problems: [
        `${FLAG}: websockify's library that moves a program to another port is not there ` +
        `(${LIBRARIES[0]}, of Debian's package websockify); ${told}`,
      ],
    };
  }
  if (isGiven(line, "--inetd", "--unix-listen")) {
    return { problems: [`${FLAG}: there is no PORT that it could be moved from; ${told}`] };
  }
  const [, from] = splitAddress(line.words[0] ?? "");
  return {
    settings: [
      setting(FLAG, [...ROUTE, "bin-environment"], {
        LD_PRELOAD: library,
        REBIND_OLD_PORT: String(Number(from)),
        REBIND_NEW_PORT: String(port),
      }),
    ],
  };
}

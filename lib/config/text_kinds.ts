/**
 * The kinds of text that have a form of their own: hosts, sockets, commands, paths, origins.
 *
 * @module
 */
import {
  type Address,
  checkHostname,
  formatAddress,
  NO_HOST,
  parseListenAddress,
  parseUnixPath,
} from "../base/address.ts";
import { type Network, parseNetwork } from "../base/network.ts";
import { FILE_MODE_RULE, formatFileMode, parseFileMode } from "../base/file_mode.ts";
import { canonicalPath } from "../base/request_path.ts";
import { ACCOUNT_RULE, isAccount } from "../sys/accounts.ts";
import { splitCommandLine, wordsOf } from "./command_line.ts";
import { type Kind, listOf, plain, tableOf, text } from "./kinds.ts";
import { misplacedInCommand, misplacedInHost, misplacedInSocket } from "./misplaced.ts";
import { checkOriginEntry } from "./origin_entry.ts";

const HOST_RULE = "must be a host name, an IP address or the absolute path of a socket";

export const hostOrSocket: Kind<string> = text(HOST_RULE, (written) => {
  if (written.startsWith("/")) return socketProblem(written);
  const problem = misplacedInHost(written) ?? checkHostname(written);
  return problem === NO_HOST ? HOST_RULE : problem;
});

export const socketPath: Kind<string> = text(
  "must be the path of a socket",
  (written) => misplacedInSocket(written) ?? socketProblem(written),
);

function socketProblem(path: string): string | null {
  const parsed = parseUnixPath(path);
  return "problem" in parsed ? parsed.problem : null;
}

/** An address to listen at; taken apart inside. */
export const listenAddress: Kind<Address> = {
  ...text(
    'must be an address, such as "127.0.0.1:9090" or "unix:/run/wstunnel/admin.sock"',
    (written) => {
      const parsed = parseListenAddress(written);
      return "problem" in parsed ? parsed.problem : null;
    },
  ),
  decode(written) {
    const parsed = parseListenAddress(String(written));
    if ("problem" in parsed) {
      throw new TypeError(`The check let an address pass: ${parsed.problem}`);
    }
    return parsed.address;
  },
  encode: formatAddress,
};

const FILE_RULE = "must be the path of a file";

/** A file on this machine. */
export const filePath: Kind<string> = text(
  FILE_RULE,
  (path) => path === "" || path.includes("\0") ? FILE_RULE : null,
);

/** A file that lines are written to. */
function logPath(rule: string): Kind<string> {
  const isNone = (path: string) => path === "" || path.includes("\0");
  return text(rule, (path) => path === "-" ? DASH_RULE : isNone(path) ? rule : null);
}

const DASH_RULE = 'must be the path of a file, and "-" is none: without one the lines go to ' +
  "standard error";

export const logFile: Kind<string> = logPath(FILE_RULE);

export const accessLogFile: Kind<string> = logPath(`${FILE_RULE}, or "off"`);

const FILES_RULE = "must be the path of a file, or a list of them";

/** One file or several; a list inside. */
export const filePaths: Kind<readonly string[]> = {
  schema: { anyOf: [filePath.schema, { type: "array", minItems: 1, items: filePath.schema }] },
  check(value) {
    if (typeof value === "string") return filePath.check(value);
    return Array.isArray(value) && value.length > 0
      ? listOf(filePath, FILES_RULE).check(value)
      : [{ path: [], rule: FILES_RULE, value }];
  },
  decode: (value) => [value].flat() as string[],
  encode: (paths) => paths.length === 1 ? paths[0] : paths,
};

const NAME_RULE = "must be a host name or an IP address";

/** Whom a certificate is for. */
export const hostName: Kind<string> = text(NAME_RULE, (written) => {
  const problem = checkHostname(written);
  return problem === NO_HOST ? NAME_RULE : problem;
});

/** Permissions; a number inside. */
export const fileMode: Kind<number> = {
  ...text(FILE_MODE_RULE, (mode) => parseFileMode(mode) === null ? FILE_MODE_RULE : null),
  decode: (written) => parseFileMode(String(written))!,
  encode: formatFileMode,
};

export const account: Kind<string> = text(
  "must be a name or a number, as text",
  (name) => isAccount(name) ? null : ACCOUNT_RULE,
);

const COMMAND_RULE = "must be a command line, as text or as a list of words";

const words = listOf(text("must be text"), COMMAND_RULE);

/** A program and its arguments, as a line or as a list of words; words inside. */
export const command: Kind<readonly string[]> = {
  ...plain<readonly string[]>({ anyOf: [{ type: "string" }, words.schema] }, commandProblem),
  check(written) {
    const wrong = typeof written === "string" ? [] : words.check(written);
    if (wrong.length > 0) return wrong;
    const rule = commandProblem(written);
    return rule === null ? [] : [{ path: [], rule, value: written }];
  },
  decode: wordsOf,
};

function commandProblem(written: unknown): string | null {
  const split = typeof written === "string"
    ? splitCommandLine(written)
    : { words: wordsOf(written) };
  if ("problem" in split) return split.problem;
  const [program, ...args] = split.words;
  if (!program) return "must start with a program";
  const misplaced = misplacedInCommand(program);
  if (misplaced !== null) return misplaced;
  return [program, ...args].some(hasNul) ? NUL_RULE : null;
}

const NUL_RULE = "must not hold a NUL character";

function hasNul(value: string): boolean {
  return value.includes("\0");
}

function nameProblem(name: string): string | null {
  return name !== "" && !/[=\0]/.test(name)
    ? null
    : "a variable's name must have no = and not be empty";
}

/** Variables of an environment. */
export const variables: Kind<Readonly<Record<string, string>>> = tableOf(
  text("must be text", (value) => hasNul(value) ? NUL_RULE : null),
  nameProblem,
  "must be a table of variables",
);

export const variableNames: Kind<readonly string[]> = listOf(
  text("must be text", nameProblem),
  "must be a list of variable names",
);

export const origins: Kind<readonly string[]> = listOf(
  text("must be text", checkOriginEntry),
  "must be a list of origins",
);

/** A token, RFC 9110 section 5.6.2. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const subprotocols: Kind<readonly string[]> = listOf(
  text("must be text", subprotocolProblem),
  "must be a list of subprotocols",
);

function subprotocolProblem(value: string): string | null {
  if (!TOKEN.test(value)) return "must be a token (RFC 7230)";
  return /^bearer\./i.test(value)
    ? "must not begin with bearer., as what carries a token does"
    : null;
}

const HEALTH_RULE = "must be a path that starts with /, or empty for none";

/** A path without a query, or nothing; canonical inside. */
export const healthPath: Kind<string> = {
  ...text(HEALTH_RULE, healthPathProblem),
  decode(written) {
    const canonical = canonicalPath(String(written));
    return "path" in canonical ? canonical.path : "";
  },
};

function healthPathProblem(value: string): string | null {
  if (value === "") return null;
  if (!value.startsWith("/") || /[?#]/.test(value)) return HEALTH_RULE;
  const key = canonicalPath(value);
  return "problem" in key ? `${HEALTH_RULE}: ${key.problem}` : null;
}

/** From path suffixes to keys of `wstunnel.server`. */
export const suffixes: Kind<Readonly<Record<string, string>>> = tableOf(
  text("must be a key of wstunnel.server"),
  (suffix) => suffix === "" ? "a suffix must not be empty" : null,
  "must be a table",
);

const networkTexts = listOf(
  text("must be text", (written) => {
    const parsed = parseNetwork(written);
    return "problem" in parsed ? parsed.problem : null;
  }),
  'must be a list of networks, such as ["10.0.0.0/8"]',
);

/** Networks of clients. */
export const networks: Kind<readonly Network[]> = {
  ...networkTexts,
  decode: (written) => (written as readonly string[]).map(toNetwork),
  encode: (value) => value.map(({ text }) => text),
};

function toNetwork(text: string): Network {
  const parsed = parseNetwork(text);
  if ("problem" in parsed) throw new TypeError(`The check let a network pass: ${parsed.problem}`);
  return parsed.network;
}

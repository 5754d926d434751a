/**
 * websockify's token plugins as `targets`.
 *
 * @module
 */
import type { Setting } from "../../config/load.ts";
import type { CommandLine } from "./parse.ts";
import {
  isGiven,
  type Look,
  openFiles,
  type Part,
  ROUTE,
  type Secret,
  setting,
  valueOf,
} from "./part.ts";

const SOURCE = "--token-source";
const PLUGIN = "--token-plugin";
const CONFIG = "--target-config";

/** The plugins whose source is a path, and what takes it here. */
const PATHS: Readonly<Record<string, string>> = {
  TokenFile: "file",
  ReadOnlyTokenFile: "file",
  TokenFileName: "dir",
  UnixDomainSocketDirectory: "dir",
};

/** Those that are known. */
export const TOKEN_PLUGINS: readonly string[] = [
  ...Object.keys(PATHS),
  "BaseTokenAPI",
  "JSONTokenApi",
  "JWTTokenApi",
  "TokenRedis",
];

/** Where the tokens of a plugin lead. */
export function tokensPart(
  line: CommandLine,
  plugin: string,
  source: string | undefined,
  look: Look,
): Part {
  const name = plugin.replace(/^websockify\.token_plugins\./, "");
  if (!TOKEN_PLUGINS.includes(name)) {
    return {
      problems: [
        `${PLUGIN}: ${JSON.stringify(plugin)} would be a class of Python, and no Python runs ` +
        `here: there are ${TOKEN_PLUGINS.join(", ")}; JSONTokenApi asks a server of your own`,
      ],
    };
  }
  if (source === undefined) return { problems: [`${PLUGIN}: ${name} needs ${SOURCE}`] };
  const hosts = isGiven(line, "--host-token")
    ? [setting("--host-token", [...ROUTE, "targets", "from"], ["host"])]
    : [];
  const leads = leadsOf(line, name, source, look);
  return { ...leads, settings: [...leads.settings ?? [], ...hosts] };
}

function leadsOf(line: CommandLine, name: string, source: string, look: Look): Part {
  const key = PATHS[name];
  if (key !== undefined) {
    const flag = valueOf(line, CONFIG) === undefined ? SOURCE : CONFIG;
    return { settings: [setting(flag, [...ROUTE, "targets", key], source)] };
  }
  if (name === "TokenRedis") return redisPart(source);
  return name === "JWTTokenApi" ? jwtPart(line, source, look) : apiPart(source);
}

function target(key: string, value: unknown): Setting {
  return setting(SOURCE, [...ROUTE, "targets", key], value);
}

/** What a query says besides the token may be a secret. */
function apiPart(url: string): Part {
  const printed = url.replace(/([?&][^=&]*=)(?!%s)[^&]+/g, "$1HIDDEN");
  if (printed === url) return { settings: [target("api", url)] };
  return {
    secrets: [secretTarget("api", url, printed, "HIDDEN stands for what the query says there")],
  };
}

/** `host[:port[:db[:password[:namespace]]]]` */
function redisPart(source: string): Part {
  const [host = "", port, db, password = "", namespace = ""] = source.split(":");
  const url = (user: string) => `redis://${user}${host}:${port || 6379}/${db || 0}`;
  const prefix = namespace === "" ? [] : [target("prefix", `${namespace}:`)];
  if (password === "") return { settings: [target("redis", url("")), ...prefix] };
  const value = url(`:${encodeURIComponent(password)}@`);
  const remark = "HIDDEN stands for the password";
  return {
    settings: prefix,
    secrets: [secretTarget("redis", value, url(":HIDDEN@"), remark)],
  };
}

function secretTarget(key: string, value: string, printed: string, remark: string): Secret {
  return { flag: SOURCE, path: [...ROUTE, "targets", key], value, printed, remark };
}

const RAW_SECRET =
  "is no PEM: a secret that tokens are signed with is written in base64url there and as its " +
  'bytes here: auth = { jwt = { secret-file = FILE, require = [] }, from = ["query:token"] } and ' +
  "targets = { jwt = true } of the route";

/** The key that proves the tokens; nothing that a token need not say there is asked for here. */
function jwtPart(line: CommandLine, file: string, look: Look): Part {
  if (look.isPem(file) === false) {
    return { problems: [`${SOURCE}: ${JSON.stringify(file)} ${RAW_SECRET}`] };
  }
  const auth = [...ROUTE, "auth"];
  return {
    settings: [
      setting(SOURCE, [...auth, "jwt", "key"], file),
      setting(PLUGIN, [...auth, "jwt", "require"], []),
      setting(PLUGIN, [...auth, "from"], ["query:token"]),
      setting(PLUGIN, [...ROUTE, "targets", "jwt"], true),
      ...openFiles(line),
    ],
  };
}

/** Whether tokens are asked for that say who it is as well. */
export function provesTokens(line: CommandLine): boolean {
  return !isGiven(line, CONFIG) &&
    /(?:^|\.)JWTTokenApi$/.test(valueOf(line, PLUGIN) ?? "");
}

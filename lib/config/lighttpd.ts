/**
 * Recognises a lighttpd.conf in place of a TOML file, and says what it is here, as far as it tells of backends.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import { shellWord } from "../base/shell.ts";

/** Lists of its modules and of this one's options, conditions and includes: none of them is TOML. */
const MARKS =
  /^[ \t]*(?:(?:server\.modules|wstunnel\.[a-z-]+)\s*\+?=\s*\(|\$[A-Z_]+\s*\[|include(?:_shell)?\s+")/m;

/** Where nothing is told of backends. */
const EXAMPLE = ["--path", "/vnc", "--server", "127.0.0.1:5900"];

/** Options that are flags here, of the same values. */
const OPTIONS = ["frame-type", "balance", "ping-interval"];

/** Files of the log; a pipe to a program is none. */
const LOGS = [["server\\.errorlog", "--log-file"], [
  "accesslog\\.filename",
  "--access-log",
]] as const;

/** Says of a text that is no TOML what to write in its place, or null where it is no lighttpd.conf. */
export function hintForLighttpd(text: string): string | null {
  if (!MARKS.test(text)) return null;
  const plain = text.replace(/^[ \t]*#.*$/gm, "");
  const routes = readRoutes(plain);
  const words = ["wstunnel", ...readOptions(plain), ...(routes.length > 0 ? routes : EXAMPLE)];
  const programs = /"bin-path"/.test(plain) ? "; what bin-path starts is for the file" : "";
  return "is lighttpd's configuration, and must be TOML: in words of here it is: " +
    `${
      words.map(shellWord).join(" ")
    }; with check before the flags that prints it as TOML${programs}`;
}

/** Those that stand for all, and who may connect before everything else. */
function readOptions(text: string): string[] {
  const origins = /^[ \t]*wstunnel\.origins\s*\+?=\s*\(([^()]*)\)/m.exec(text)?.[1] ?? "";
  return [
    ...OPTIONS.flatMap((name) => {
      const value = new RegExp(`^[ \\t]*wstunnel\\.${name}\\s*=\\s*"?([\\w-]+)`, "m").exec(text)
        ?.[1];
      return value === undefined ? [] : [`--${name}`, value];
    }),
    ...LOGS.flatMap(([name, flag]) => {
      const path = new RegExp(`^[ \\t]*${name}\\s*=\\s*"(/[^"]+)"`, "m").exec(text)?.[1];
      return path === undefined ? [] : [flag, path];
    }),
    ...[...origins.matchAll(/"([^"]+)"/g)].flatMap(([, origin]) => ["--origin", origin!]),
  ];
}

/**
 * What is looked for: the start of a condition on the path, and the end of any; a key of a route and what it opens, or the innermost
 * parentheses, which may be a host.
 */
const PIECES =
  /\$HTTP\["url"\]\s*(?:=\^\s*"|=~\s*"\^)(\/[\w/-]*)|(\})|"([/.][^"]*)"\s*=>\s*(?=\()|\(([^()]*)\)/g;

/** The flags for `"/key" => ( ( "host" => "127.0.0.1", "port" => "5900" ), ... )`, whose key is mostly `""` within a condition. */
function readRoutes(text: string): string[] {
  const flags: string[] = [];
  let [key, last] = ["/", ""];
  for (const [, condition, end, opened, host] of text.matchAll(PIECES)) {
    key = condition ?? (end ? "/" : opened ?? key);
    const server = host === undefined ? null : readServer(host);
    if (server === null) continue;
    if (key !== last) flags.push("--path", key);
    flags.push("--server", server);
    last = key;
  }
  return flags;
}

function readServer(host: string): string | null {
  const valueOf = (name: string) =>
    new RegExp(`"${name}"\\s*=>\\s*"?([^",\\s]+[^",]*)`).exec(host)?.[1];
  const hostname = valueOf("host") ?? "127.0.0.1";
  const socket = valueOf("socket") ?? (hostname.startsWith("/") ? hostname : undefined);
  if (socket !== undefined) return `unix:${socket}`;
  const port = Number(valueOf("port"));
  return Number.isInteger(port) ? formatAddress({ transport: "tcp", hostname, port }) : null;
}

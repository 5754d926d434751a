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

/** Says of a text that is no TOML what to write in its place, or null where it is no lighttpd.conf. */
export function hintForLighttpd(text: string): string | null {
  if (!MARKS.test(text)) return null;
  const plain = text.replace(/^[ \t]*#.*$/gm, "");
  const frameType = /^[ \t]*wstunnel\.frame-type\s*=\s*"(\w+)"/m.exec(plain)?.[1];
  const flags = frameType === undefined ? [] : ["--frame-type", frameType];
  const routes = readRoutes(plain);
  const words = ["wstunnel", ...flags, ...(routes.length > 0 ? routes : EXAMPLE)];
  return "is lighttpd's configuration, and must be TOML: in words of here it is: " +
    `${words.map(shellWord).join(" ")}; with check before the flags that prints it as TOML`;
}

/** The flags for `"/key" => ( ( "host" => "127.0.0.1", "port" => "5900" ), ... )`. */
function readRoutes(text: string): string[] {
  const flags: string[] = [];
  let [key, last] = ["/", ""];
  // A key of a route and what it opens, or the innermost parentheses, which may be a host.
  for (const [, opened, host] of text.matchAll(/"([/.][^"]*)"\s*=>\s*(?=\()|\(([^()]*)\)/g)) {
    key = opened ?? key;
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

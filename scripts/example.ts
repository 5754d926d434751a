/**
 * The example file, made of the table of keys: each key with its text, and its default or an example.
 *
 * @module
 */
import { ANY_HOST, EXEC, HOST, PROGRAM } from "../lib/config/host_keys.ts";
import type { Key, Keys } from "../lib/config/key.ts";
import { ROUTE, ROUTE_ONLY, WSTUNNEL } from "../lib/config/keys.ts";
import { ANY_LISTENER, LISTENER, SOCKET_FILE } from "../lib/config/listener.ts";
import { TARGETS } from "../lib/config/target_keys.ts";
import { TOP } from "../lib/config/top_keys.ts";
import { WEB } from "../lib/config/web_keys.ts";

/** The text of `config.example.toml`. */
export function exampleFile(): string {
  const { host, port, socket, program, exec } = HOST;
  const { maxProcs, maxProcsPerClient } = EXEC;
  const { targets, web } = ROUTE_ONLY;
  return [
    "#:schema ./config.schema.json",
    "# Every key of the configuration with its default. Only a server is needed; leave out what you do not change.",
    "# Try it: wstunnel check --config config.example.toml",
    "",
    ...linesOfTop({ ...TOP, listen: { ...TOP.listen, more: [listenTable()] } }),
    "",
    "[wstunnel]",
    ...lines(WSTUNNEL),
    "",
    "# A key that starts with / is a path prefix, any other a path suffix; the first that matches is taken.",
    "# One table for each host behind the key; what stands under [wstunnel] holds for it.",
    '[[wstunnel.server."/vnc"]]',
    ...lines({ host, port, ...ANY_HOST }),
    "",
    "# A program that is started when nothing listens at the address.",
    '[[wstunnel.server."/redis"]]',
    ...lines({ socket, program, ...PROGRAM }, { "max-procs": 1 }),
    "",
    "# A program for each tunnel, spoken to over its standard input and output.",
    '[[wstunnel.server."/ssh"]]',
    ...lines({ exec, ...withoutMore({ maxProcs }), maxProcsPerClient }, {
      "max-procs": maxProcs.implied.exec,
    }),
    "",
    "# A route with settings of its own: what it leaves out is as under [wstunnel]. A lone host may also stand beside them, without a list.",
    '[wstunnel.server."/console"]',
    ...lines(withoutMore(ROUTE), CONSOLE),
    "",
    ...[7001, 7002].flatMap((
      port,
    ) => ['[[wstunnel.server."/console".hosts]]', `port = ${port}`, ""]),
    "# A route without hosts: each request brings a token, or an address, that says where it leads.",
    '[wstunnel.server."/websockify"]',
    ...lines({
      targets: {
        ...targets,
        more: [...targets.more, ...Object.values<Key>(TARGETS).map(toldOf)],
      },
    }),
    "",
    "# A route of files; a lone host may stand beside them.",
    '[wstunnel.server."/pages/"]',
    ...linesOf(
      { ...web, more: [...web.more, ...Object.values<Key>(WEB).map(toldOf)] },
      web.example,
      true,
    ),
    "port = 7003",
    "",
  ].slice(0, -1).join("\n") + "\n";
}

function toldOf({ name, about }: Key): string {
  return `${name}: ${about}`;
}

/** What the route with settings of its own has in place of what stands under `[wstunnel]`. */
const CONSOLE = {
  balance: "sticky",
  "frame-type": "binary",
  origins: ["https://admin.example.com"],
  subprotocols: ["console"],
  "ping-interval": 20,
};

/** What is told of the tables of `listen`: they have no place before other keys of the top. */
function listenTable(): string {
  const { name } = LISTENER.address;
  const listed = (keys: Keys) =>
    Object.values(keys).map((key) => `${key.name} = ${inline(shown(key))}`).join(", ");
  return `One or a list. Or tables, [[listen]] below all keys of the top: ${name}, ${
    listed(ANY_LISTENER)
  }, and of a unix-domain socket ${listed(SOCKET_FILE)}.`;
}

/** Those without a default are comments: files and sockets that there need not be. */
function linesOfTop(keys: Keys): string[] {
  return Object.values(keys).flatMap((key) => linesOf(key, shown(key), key.default === undefined));
}

/** Each key with what it is for; `values` are shown in place of its default. What holds only where it is not said is a comment. */
function lines(keys: Keys, values: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.values(keys).flatMap((key) => {
    const value = values[key.name];
    return linesOf(key, value ?? shown(key), key.unsaid === null && value === undefined);
  });
}

function linesOf({ name, about, more = [] }: Key, value: unknown, isComment: boolean): string[] {
  const told = [about, ...more].map((line) => `# ${line}`);
  return [...told, `${isComment ? "# " : ""}${name} = ${inline(value)}`];
}

function shown({ name, default: standard, implied, example }: Key): unknown {
  const value = example ?? standard ?? Object.values(implied ?? {})[0];
  if (value === undefined) throw new Error(`${name} has neither a default nor an example`);
  return value;
}

/** Keys that have been told of in full before. */
function withoutMore(keys: Keys): Keys {
  return Object.fromEntries(
    Object.entries(keys).map(([inner, { more: _, ...key }]) => [inner, key]),
  );
}

/** A value as TOML writes it within a line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, inner]) => `${name} = ${inline(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/**
 * The subcommands as a table.
 *
 * @module
 */
import type { Flag, Switch } from "./flags.ts";

/** A flag of `check` alone. */
export const URL_FLAG: Flag = {
  name: "--url",
  value: "URL",
  summary: "ask a server that runs, and no configuration: http://host:port/path or unix:/path " +
    "whether it answers, ws://host:port/path whether a tunnel to its backend opens; by TLS https:// and wss://",
};

/** Where a command finds the server that it asks. */
const ASKING: readonly Flag[] = [
  {
    name: "--admin",
    value: "ADDRESS",
    summary: "the server's admin listener: host:port or unix:/path (default: what --config " +
      "says, else unix:/run/wstunnel/admin.sock)",
  },
  {
    name: "--admin-token-file",
    value: "FILE",
    summary: "file with the token that it wants (default: what --config says, else the variable " +
      "WSTUNNEL_ADMIN_TOKEN)",
  },
  { name: "--config", value: "FILE", summary: "the server's TOML file, which says both" },
];

const ROUTE_FLAG: Flag = {
  name: "--route",
  value: "KEY",
  summary: "the backend of this route alone; without it of every route that has it",
};

const JSON_SWITCH: Switch = {
  name: "--json",
  summary: "print what the server answers, as JSON, in place of text",
};

const ONCE_SWITCH: Switch = {
  name: "--once",
  summary: "print it once as text and exit, as without a terminal",
};

/** Of `connect`. */
const CONNECTING: readonly Flag[] = [
  {
    name: "--listen",
    value: "ADDRESS",
    repeatable: true,
    summary:
      "in place of standard input and output listen at host:port, :port or unix:/path, each " +
      "connection being a tunnel",
  },
  {
    name: "--socks",
    value: "ADDRESS",
    repeatable: true,
    summary:
      "in place of --listen: there programs of this machine say by SOCKS5 where to, and the " +
      "server resolves names and decides (its targets.address)",
  },
  {
    name: "--header",
    value: "FIELD",
    repeatable: true,
    summary: "'Name: value' to send with the handshake; every user of this machine can read it",
  },
  {
    name: "--subprotocol",
    value: "NAME",
    repeatable: true,
    summary: "subprotocol to offer, the best first (default: binary); the server may choose none",
  },
  { name: "--origin", value: "ORIGIN", summary: "Origin to send, as a browser would" },
  {
    name: "--frame-type",
    value: "TYPE",
    choices: ["binary", "text"],
    summary: "binary or text (default: binary): the type of the frames sent; any is received",
  },
  { name: "--user", value: "NAME", summary: "user of Basic authentication" },
  {
    name: "--password-file",
    value: "FILE",
    summary: "file with the password of --user (default: the variable WSTUNNEL_PASSWORD)",
  },
  {
    name: "--token-file",
    value: "FILE",
    summary: "file with a bearer token to show (default: the variable WSTUNNEL_TOKEN)",
  },
  {
    name: "--ca",
    value: "FILE",
    repeatable: true,
    summary: "PEM file of CAs to trust with wss://, besides those of the runtime",
  },
  {
    name: "--server-name",
    value: "NAME",
    summary: "name that the certificate must be for (default: the URL's)",
  },
  {
    name: "--cert",
    value: "FILE",
    summary: "PEM file with the certificate to show with wss:// where the server asks for one",
  },
  {
    name: "--key",
    value: "FILE",
    summary: "PEM file with its private key (default: the file of --cert)",
  },
  {
    name: "--resolve",
    value: "NAME:PORT:ADDRESS",
    repeatable: true,
    summary:
      "connect ADDRESS, or the first of ADDRESS,ADDRESS that answers, for this name and port",
  },
  {
    name: "--proxy",
    value: "URL",
    summary: "proxy to go by, http://host:port, https:// or socks5://; an empty one: none " +
      "(default: what the variables http_proxy, https_proxy, all_proxy and no_proxy say)",
  },
  { name: "--proxy-user", value: "NAME", summary: "user that the proxy is told" },
  {
    name: "--proxy-password-file",
    value: "FILE",
    summary: "file with its password (default: the variable WSTUNNEL_PROXY_PASSWORD)",
  },
  {
    name: "--linger",
    value: "SECONDS",
    number: true,
    summary: "seconds that the server must have sent nothing, behind the end of what is here, " +
      "until it is told that by a Close (default: 0.5)",
  },
  {
    name: "--connect-timeout",
    value: "SECONDS",
    number: true,
    summary: "seconds until the tunnel must be open (default: 10)",
  },
  {
    name: "--ping-interval",
    value: "SECONDS",
    number: true,
    summary: "seconds between Pings; silent for two more, the server is given up; 0: none " +
      "(default: 20)",
  },
];

/** Of `connect`. */
const ONE_CONNECTION_SWITCH: Switch = {
  name: "--once",
  summary:
    "with --listen, LISTEN=URL or --socks: the first connection is the only one, and its end ours",
};

const INSECURE_SWITCH: Switch = {
  name: "--insecure",
  summary: "with wss:// take any certificate: whoever is on the way can read and change all",
};

/** A subcommand. */
export interface Command {
  readonly summary: string;
  /** What it is about; `...`: several may be. */
  readonly argument?: string;
  /** Of its own. */
  readonly flags: readonly Flag[];
  readonly switches: readonly Switch[];
  /** Whether it takes those of a server besides; else it asks one, but for `connect`. */
  readonly configures?: true;
}

/** The subcommands and what each does. */
export const COMMANDS = {
  connect: {
    summary:
      "open a tunnel to a WebSocket server, and join it to standard input and output, or with " +
      "--listen or pairs LISTEN=URL to each connection",
    argument: "URL...",
    flags: CONNECTING,
    switches: [ONE_CONNECTION_SWITCH, INSECURE_SWITCH],
  },
  websockify: {
    summary: "take the command line of websockify, and run what it means",
    argument: "ADDRESS...",
    // They are a table of their own, which is loaded with it.
    flags: [],
    switches: [],
  },
  check: {
    summary: "check the configuration, print the effective one as TOML and exit",
    flags: [URL_FLAG],
    switches: [],
    configures: true,
  },
  reload: {
    summary: "let the server read its configuration again, and print what has changed",
    flags: ASKING,
    switches: [JSON_SWITCH],
  },
  tunnels: {
    summary: "list the open tunnels of the server",
    flags: ASKING,
    switches: [JSON_SWITCH],
  },
  end: {
    summary: "end tunnels by their ids",
    argument: "ID...",
    flags: ASKING,
    switches: [],
  },
  backends: {
    summary: "list the backends of the server and their states",
    flags: ASKING,
    switches: [JSON_SWITCH],
  },
  drain: {
    summary: "send no new tunnel to a backend; those that are open go on",
    argument: "BACKEND",
    flags: [ROUTE_FLAG, ...ASKING],
    switches: [JSON_SWITCH],
  },
  enable: {
    summary: "send tunnels to a drained backend again",
    argument: "BACKEND",
    flags: [ROUTE_FLAG, ...ASKING],
    switches: [JSON_SWITCH],
  },
  top: {
    summary: "watch the server in the terminal: what goes on, its backends and tunnels",
    flags: ASKING,
    switches: [ONCE_SWITCH],
  },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof COMMANDS;

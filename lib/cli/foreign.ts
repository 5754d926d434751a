/**
 * What to write in place of words that another program of the kind understands: websockify, websocat, lighttpd, and the
 * `wstunnel` that tunnels from a client of its own.
 *
 * @module
 */
import { URL_FLAG } from "./commands.ts";
import { FLAGS } from "./flags.ts";
import { shellWord } from "../base/shell.ts";

/** What stands for an address that the words don't tell. */
const TARGET = "HOST:PORT";

const TLS_FLAGS = "--tls-cert FILE --tls-key FILE";
const TLS = `TLS is asked for by ${TLS_FLAGS}, of PEM, which may be the same file`;
const PKCS12 = `${TLS}: openssl pkcs12 -nodes makes it`;
const TLS_ONLY = `a port with ${TLS_FLAGS} speaks TLS alone`;
const TLS_CLIENTS = "clients show a certificate of --tls-client-ca FILE";
const TLS_TARGET = `TLS to a backend is --server tls:${TARGET}`;
const NO_PASSPHRASE = "a key has no passphrase here: openssl pkey takes that off";
const TLS_KINDS = "TLS 1.2 and 1.3 are spoken, with the ciphers that the runtime has for them";
const CLIENT = "the client's side is wstunnel connect, with --listen for a port of its own";
const CLIENT_IS = "the client's side is: ";
const NO_REVERSE = "nothing is opened at the server's side for a client";
const AUTH =
  "who may come in is said by --auth-basic FILE, as htpasswd -B writes it, or --auth-token FILE";
const TOKENS =
  "tokens of a file, or of a folder of such files, are: wstunnel --frame-type binary " +
  "--targets FILE; of an API, JWT or Redis: targets, a key of the file";
const HOST_TOKEN =
  'the name of the host is a token by from = ["host"], a key of targets in the file';
const STAYS = "it stays in the foreground, a supervisor such as systemd keeps it running";
const STDERR = "the log goes to standard error, from where systemd takes it, or to --log-file FILE";
const DEBUG = "what is logged is said by --debug debug";
const CONFIG = "a file is given by --config wstunnel.toml";
const LISTEN = "where it listens is said by --listen 127.0.0.1:8080";
const SERVER = `where it leads is said by --server ${TARGET}`;
const PING = "Pings are asked for by --ping-interval 30";
const BINARY = "binary frames are asked for by --frame-type binary";
const TEXT = "text frames are asked for by --frame-type text";
const ONE_EACH = "a program for each tunnel is --server 'exec:COMMAND'";
const INETD = `a socket that listens as standard input is taken by --listen fd:0; ${ONE_EACH}`;
const IDLE =
  "a tunnel without a byte is ended by --tunnel-idle-timeout 600, the program itself without a " +
  "connection by --exit-idle-time 600";
const ONCE = "it ends with its first tunnel by --exit-after-tunnels 1";
const NO_RECORD = "what goes through a tunnel is not recorded";
const WRAPPED =
  "a program that listens itself is started by bin-path, a key of a host in the file; one for each " +
  "tunnel is --server 'exec:COMMAND'";
const AT_ONCE = "how many there may be at once is said by --max-connections 100";

const AS_IT_IS = "wstunnel websockify takes that line as it is";

/** What a whole line says already. */
const SAID_BY_LINE: readonly string[] = [SERVER, LISTEN, BINARY, CLIENT];

/** What an option is here, and whether a value stands behind it. */
const OPTIONS: readonly (readonly [names: string, hasValue: boolean, says: string])[] = [
  ["--cert --key --tls-certificate --tls-private-key", true, TLS],
  ["--ssl --tls", false, TLS],
  ["--pkcs12-der", true, PKCS12],
  ["--ssl-only", false, TLS_ONLY],
  ["--cafile --tls-client-ca-certs", true, TLS_CLIENTS],
  ["--verify-client", false, TLS_CLIENTS],
  ["--ssl-target", false, TLS_TARGET],
  ["--key-password --pkcs12-passwd", true, NO_PASSPHRASE],
  ["--ssl-version --ssl-ciphers", true, TLS_KINDS],
  ["--web-auth", false, AUTH],
  ["--auth-plugin --auth-source --basic-auth --http-upgrade-credentials", true, AUTH],
  ["--token --token-plugin --token-source --target-config", true, TOKENS],
  ["--host-token", false, HOST_TOKEN],
  ["--restrict-http-upgrade-path-prefix --url-path --prefix", true, "a path is said by --path /a"],
  ["--unix-target", true, "a unix socket is --server unix:/path"],
  ["--unix-listen", true, "a unix socket is --listen unix:/path"],
  ["--heartbeat --websocket-ping-frequency-sec --websocket-ping-frequency", true, PING],
  ["--syslog", true, STDERR],
  ["--record", true, NO_RECORD],
  ["--wrap-mode", true, WRAPPED],
  ["--log-lvl --log-level --loglevel", true, DEBUG],
  ["--traffic", false, DEBUG],
  ["--verbose -v -vv", false, `${DEBUG}; the version is -V`],
  ["--quiet -q", false, "less is logged by --debug error"],
  ["--daemon -D", false, STAYS],
  ["--inetd", false, INETD],
  ["--run-once --oneshot -1", false, ONCE],
  ["--static-file -F", true, "files of a folder are served by --web DIR"],
  ["--idle-timeout --timeout", true, IDLE],
  ["--max-parallel-conns --max-clients", true, AT_ONCE],
  ["--local-to-remote -L", true, CLIENT],
  ["--remote-to-local -R", true, NO_REVERSE],
  ["--restrict-to --target --backend --upstream --remote --host --to", true, SERVER],
  ["--port --bind --address -p -l -s --server-mode", true, LISTEN],
  [
    "--protocol --websocket-protocol --subprotocols",
    true,
    "a subprotocol is said by --subprotocol",
  ],
  ["--binary -b", false, BINARY],
  ["--text -t", false, TEXT],
  ["-f -c --config-file --conf", true, CONFIG],
];

/** The same of a client's, behind `connect`. */
const CLIENT_OPTIONS: readonly (readonly [names: string, says: string])[] = [
  [
    "--token --bearer --bearer-token",
    "a token is said by --token-file FILE, or the variable WSTUNNEL_TOKEN",
  ],
  [
    "--password --pass --basic-auth --http-upgrade-credentials",
    "a password is said by --user NAME and --password-file FILE, or the variable WSTUNNEL_PASSWORD",
  ],
  ["-H --http-headers", "a header is said by --header 'Name: value'"],
  ["-k --no-verify", "any certificate is taken by --insecure"],
  ["--cacert --cafile", "an authority is trusted by --ca FILE"],
  ["--protocol --websocket-protocol -s", "a subprotocol is offered by --subprotocol NAME"],
  ["--socks5", "a proxy of SOCKS5 is said by --proxy socks5://host:port"],
  ["-p --http-proxy", "a proxy is said by --proxy http://host:port"],
  ["--tls-sni-override --sni", "the certificate's name is said by --server-name NAME"],
  ["--tls-certificate --client-cert", "a certificate is shown by --cert FILE and --key FILE"],
  ["--heartbeat --websocket-ping-frequency-sec --websocket-ping-frequency", PING],
  ["--binary -b", `${BINARY}, as unless given`],
  ["--text -t", TEXT],
  ["--local-to-remote -L -l --port", "a port of its own is said by --listen 127.0.0.1:1234"],
  ["--remote-to-local -R", NO_REVERSE],
];

/** Gives what an option of another client is with `connect`, or null where it is nobody's that is known here. */
export function hintForForeignClient(option: string): string | null {
  return CLIENT_OPTIONS.find(([names]) => names.split(" ").includes(option))?.[1] ?? null;
}

/** Whether another program has an option of this name. */
export function isForeign(name: string): boolean {
  return OPTIONS.some(([names]) => names.split(" ").includes(name));
}

/** Gives what to write in place of the arguments, or null where they are nobody's that is known here. */
export function hintForForeign(args: readonly string[]): string | null {
  if (isWrapping(args)) return `${AS_IT_IS}; ${WRAPPED}`;
  const { words, options, restrictedTo, local } = sort(args);
  const line = hintForWords(words, restrictedTo, local);
  const others = options.filter((option) => line === null || !SAID_BY_LINE.includes(option));
  const hints = [...line === null ? [] : [line], ...others];
  return hints.length === 0 ? null : [...new Set(hints)].join("; ");
}

/** `6080 -- PROGRAM`; what stands behind a flag is its value. */
function isWrapping(args: readonly string[]): boolean {
  const at = args.indexOf("--");
  return /^(?:\S*:)?\d+$/.test(args[at - 1] ?? "") && !(args[at - 2] ?? "").startsWith("-");
}

interface Sorted {
  /** What is neither an option nor its value. */
  readonly words: readonly string[];
  /** What the foreign options are here. */
  readonly options: readonly string[];
  /** The target that a server of the other wstunnel is bound to. */
  readonly restrictedTo: string | undefined;
  /** What a client of the other wstunnel forwards. */
  readonly local: string | undefined;
}

function sort(args: readonly string[]): Sorted {
  const words: string[] = [];
  const options: string[] = [];
  let restrictedTo: string | undefined;
  let local: string | undefined;
  const ours: readonly string[] = [...FLAGS, URL_FLAG].map(({ name }) => name);
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    const [name = "", value] = arg.startsWith("--") ? arg.split("=", 2) : [arg];
    const option = OPTIONS.find(([names]) => names.split(" ").includes(name));
    if (option === undefined && !name.startsWith("-")) words.push(arg);
    if (option !== undefined) options.push(option[2]);
    if (name === "--restrict-to") restrictedTo = value ?? args[at + 1];
    if (name === "-L" || name === "--local-to-remote") local = value ?? args[at + 1];
    const hasValue = option?.[1] ?? ours.includes(name);
    if (hasValue && value === undefined) at++;
  }
  return { words, options, restrictedTo, local };
}

function hintForWords(
  words: readonly string[],
  restrictedTo: string | undefined,
  local: string | undefined,
): string | null {
  const [first = "", second = ""] = words;
  if (first === "client") {
    const line = clientLine(second, localFlag(local));
    return `its servers aren't spoken with, others of WebSockets are: ${line}`;
  }
  if (first === "server") {
    const { listen, tls } = readUrl(second);
    const line = lineFor(listen, restrictedTo ?? TARGET);
    return `its clients can't say where it leads, --server does: ${line}${
      tls ? ` ${TLS_FLAGS}` : ""
    }`;
  }
  if (/^wss?:\/\//.test(first)) return CLIENT_IS + clientLine(first, localFlag(local));
  return hintForWebsocat(first, second) ?? hintForWebsockify(first, second);
}

/** `ws://0.0.0.0:8080`, where the other wstunnel listens. */
function readUrl(text: string): { readonly listen: string; readonly tls: boolean } {
  const match = /^(wss?):\/\/([^/]+)/.exec(text);
  const [, scheme, authority = "127.0.0.1:8080"] = match ?? [];
  const port = scheme === "wss" ? 443 : 80;
  return {
    listen: /:\d+$/.test(authority) ? authority : `${authority}:${port}`,
    tls: scheme === "wss",
  };
}

/** `ws-l:127.0.0.1:1234 tcp:127.0.0.1:22` */
function hintForWebsocat(from: string, to: string): string | null {
  const listener = /^(?:ws-l|ws-listen|listen-ws|l-ws):(.+)$/.exec(from)?.[1];
  if (listener !== undefined) {
    return `in words of here: ${lineFor(hostPort(listener), websocatTarget(to))}`;
  }
  if (!/^wss?:\/\//.test(to)) return null;
  if (from === "-" || from === "stdio:") return CLIENT_IS + clientLine(to, "");
  const [, kind, place = ""] = /^(?:(tcp|l-tcp)|unix)(?:-l|-listen|-l-fork)?:(.+)$/.exec(from) ??
    [];
  if (place === "") return null;
  const listen = shellWord(kind ? hostPort(place) : `unix:${place}`);
  return CLIENT_IS + clientLine(to, `--listen ${listen}`);
}

/** `tcp://1234:db:5432`, `socks5://127.0.0.1:1080`, `stdio://db:5432` */
function localFlag(text: string | undefined): string {
  const [, kind, host = "127.0.0.1", port] =
    /^(tcp|socks5):\/\/(?:(\[[^\]]+\]|[^:/]+):)??(\d+)(?![^:?])/.exec(text ?? "") ?? [];
  if (kind === undefined) return "";
  return `${kind === "tcp" ? "--listen" : "--socks"} ${shellWord(`${host}:${port}`)}`;
}

/** A URL that may hold a secret is not repeated. */
function clientLine(url: string, flag: string): string {
  const shown = /^wss?:\/\/[\w.:[\]/-]+$/.test(url) ? url : "ws://HOST:8080/";
  return `wstunnel connect ${shellWord(shown)} ${flag}`.trimEnd();
}

function websocatTarget(text: string): string {
  const [, kind = "", rest = ""] = /^([a-z-]+):(.*)$/.exec(text) ?? [];
  if (/^(?:tcp|tcp-connect|connect-tcp)$/.test(kind)) return rest;
  if (/^(?:unix|unix-connect|unix-c)$/.test(kind)) return `unix:${rest}`;
  return /^(?:cmd|sh-c|exec)$/.test(kind) ? "exec:COMMAND" : TARGET;
}

/** `6080 localhost:5900`: with a port alone it listens on all interfaces. */
function hintForWebsockify(from: string, to: string): string | null {
  if (!/^(?:\S*:)?\d+$/.test(from)) return null;
  if (to !== "" && !/^(?:\S*:)?\d+$/.test(to)) return null;
  // A lone address with a host is more likely a server without its flag, which is told anyway.
  if (to === "" && !/^:?\d+$/.test(from)) return null;
  const listen = /^\d+$/.test(from) ? `:${from}` : from;
  const line = lineFor(listen, to === "" ? TARGET : hostPort(to));
  return `${AS_IT_IS}; in words of here: ${line}`;
}

function hostPort(text: string): string {
  return /^:?\d+$/.test(text) ? `127.0.0.1:${text.replace(":", "")}` : text;
}

function lineFor(listen: string, server: string): string {
  return `wstunnel --listen ${shellWord(listen)} --server ${shellWord(server)} --frame-type binary`;
}

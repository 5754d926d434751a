/**
 * What the flags of `connect` ask for. Values of headers, passwords and tokens are in no problem.
 *
 * @module
 */
import { type Address, parseAddress } from "../../base/address.ts";
import { secondsToMs } from "../../base/duration.ts";
import { readTextFile } from "../../base/read_file.ts";
import { quote } from "../../config/problem.ts";
import { isToken } from "../../http/token.ts";
import type { GivenFlag } from "../arguments.ts";
import { CONNECT_PASSWORD_VARIABLE, CONNECT_TOKEN_VARIABLE } from "../environment.ts";

export interface ConnectSettings {
  readonly address: Address;
  /** For Host. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** Null: without TLS. */
  readonly tls: {
    readonly serverName: string;
    readonly ca: readonly string[];
    /** Whether anybody's certificate will do. */
    readonly isInsecure: boolean;
  } | null;
  readonly subprotocols: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly frameType: "binary" | "text";
  readonly connectTimeoutMs: number;
  /** 0: no Pings. */
  readonly pingIntervalMs: number;
  /** How long the server must have sent nothing until it is told the end of what is here. */
  readonly lingerMs: number;
}

/** What the URL says. */
interface Place extends Pick<ConnectSettings, "address" | "authority" | "target"> {
  readonly isSecure: boolean;
  readonly serverName: string;
}

type Problem = { readonly problem: string };

const DEFAULT_CONNECT_TIMEOUT_S = 10;
const DEFAULT_PING_INTERVAL_S = 20;
const DEFAULT_LINGER_S = 0.5;

/** A day, in seconds. */
const MOST_SECONDS = 86_400;

/** A password or a token is a line. */
const MAX_SECRET_BYTES = 4096;

/** Fields that the handshake has of its own. */
const OURS = /^(?:host|upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** Reads them, for each URL in turn; a problem is the whole line for a person. */
export async function readSettings(
  urls: readonly string[],
  given: readonly GivenFlag[],
  switches: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly ConnectSettings[] | Problem> {
  const all = (name: string) => given.filter((one) => one.name === name).map((one) => one.value);
  const last = (name: string) => all(name).at(-1);
  const places: Place[] = [];
  for (const url of urls) {
    const place = parseUrl(url);
    if ("problem" in place) return place;
    places.push(place);
  }
  const stray = ["--ca", "--server-name"].find((name) => last(name) !== undefined);
  const isInsecure = switches.includes("--insecure");
  if (!places.some(({ isSecure }) => isSecure) && (stray !== undefined || isInsecure)) {
    return { problem: `${stray ?? "--insecure"} is for wss:// alone` };
  }
  if (isInsecure && last("--ca") !== undefined) {
    return { problem: "--ca has no effect beside --insecure" };
  }
  const frameType = last("--frame-type") ?? "binary";
  if (frameType !== "binary" && frameType !== "text") {
    return wrong("--frame-type", "must be binary or text", frameType);
  }
  const subprotocols = all("--subprotocol");
  const noToken = subprotocols.find((name) => !isToken(name));
  if (noToken !== undefined) return wrong("--subprotocol", "must be one word", noToken);
  const connectTimeout = seconds(last("--connect-timeout"), DEFAULT_CONNECT_TIMEOUT_S, 0.001);
  if (connectTimeout === null) {
    return { problem: `--connect-timeout: must be a number of seconds up to ${MOST_SECONDS}` };
  }
  const pingInterval = seconds(last("--ping-interval"), DEFAULT_PING_INTERVAL_S, 0);
  if (pingInterval === null) {
    return { problem: `--ping-interval: must be 0 or a number of seconds up to ${MOST_SECONDS}` };
  }
  const linger = seconds(last("--linger"), DEFAULT_LINGER_S, 0);
  if (linger === null) {
    return { problem: `--linger: must be 0 or a number of seconds up to ${MOST_SECONDS}` };
  }
  const headers = readHeaders(all("--header"), last("--origin"));
  if ("problem" in headers) return headers;
  const credentials = await readCredentials(last, environment);
  if (credentials !== null && typeof credentials === "object") return credentials;
  const isDouble = headers.some(([name]) => name.toLowerCase() === "authorization");
  if (credentials !== null && isDouble) {
    return { problem: "--header Authorization has no place beside --user or a token" };
  }
  return places.map(({ isSecure, serverName, ...rest }) => ({
    ...rest,
    tls: isSecure
      ? { serverName: last("--server-name") ?? serverName, ca: all("--ca"), isInsecure }
      : null,
    subprotocols: subprotocols.length === 0 ? ["binary"] : subprotocols,
    headers: credentials === null ? headers : [...headers, ["Authorization", credentials]],
    frameType,
    connectTimeoutMs: secondsToMs(connectTimeout),
    pingIntervalMs: secondsToMs(pingInterval),
    lingerMs: secondsToMs(linger),
  }));
}

function wrong(name: string, rule: string, value: string): Problem {
  return { problem: `${name}: ${rule}: current value is ${quote(value)}` };
}

/** The URL itself is not repeated: its query may hold a token. */
function parseUrl(text: string): Place | Problem {
  const url = URL.parse(text);
  if (url === null || !["ws:", "wss:"].includes(url.protocol)) {
    return { problem: "the URL must be ws://host:port/path or wss://host:port/path" };
  }
  if (url.username !== "" || url.password !== "") {
    return {
      problem: "the URL must be without user and password, which everybody on this machine can " +
        "read there: --user NAME with --password-file FILE say them",
    };
  }
  const isSecure = url.protocol === "wss:";
  const parsed = parseAddress(`${url.hostname}:${url.port || (isSecure ? 443 : 80)}`);
  if ("problem" in parsed) return { problem: `the URL's address ${parsed.problem}` };
  return {
    address: parsed.address,
    authority: url.host,
    target: url.pathname + url.search,
    isSecure,
    serverName: url.hostname.replace(/^\[|\]$/g, ""),
  };
}

function seconds(text: string | undefined, otherwise: number, least: number): number | null {
  if (text === undefined) return otherwise;
  if (!/^\d{1,6}(?:\.\d{1,3})?$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= MOST_SECONDS ? value : null;
}

function readHeaders(
  lines: readonly string[],
  origin: string | undefined,
): (readonly [string, string])[] | Problem {
  const headers: (readonly [string, string])[] = [];
  const all = origin === undefined ? lines : [...lines, `Origin: ${origin}`];
  for (const line of all) {
    const [, name = "", value = ""] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    if (!isToken(name) || /\p{Cc}/u.test(value.replaceAll("\t", " "))) {
      return { problem: "--header: must be 'Name: value' in one line" };
    }
    if (OURS.test(name)) return { problem: `--header: ${name} is part of the handshake itself` };
    const isTwice = name.toLowerCase() === "origin" &&
      headers.some(([other]) => other.toLowerCase() === "origin");
    if (isTwice) return { problem: "--origin has no place beside --header Origin" };
    headers.push([name, value]);
  }
  return headers;
}

/** The value of Authorization (RFC 7617, RFC 6750), null where there is none. */
async function readCredentials(
  last: (name: string) => string | undefined,
  environment: Readonly<Record<string, string>>,
): Promise<string | null | Problem> {
  const user = last("--user");
  const passwordFile = last("--password-file");
  const tokenFile = last("--token-file");
  if (user === undefined) {
    if (passwordFile !== undefined) return { problem: "--password-file is for --user alone" };
    const token = await readSecret(tokenFile, environment[CONNECT_TOKEN_VARIABLE]);
    if (token === null || typeof token === "object") return token;
    if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
    return { problem: "the token must be one word in ASCII" };
  }
  if (tokenFile !== undefined) return { problem: "--token-file has no place beside --user" };
  if (user.includes(":")) return wrong("--user", "must be without a colon", user);
  const password = await readSecret(passwordFile, environment[CONNECT_PASSWORD_VARIABLE]);
  if (password === null) {
    return {
      problem:
        `--user: its password is said by --password-file FILE or the variable ${CONNECT_PASSWORD_VARIABLE}`,
    };
  }
  if (typeof password === "object") return password;
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** The first line of the file, or what the variable holds. */
async function readSecret(
  file: string | undefined,
  variable: string | undefined,
): Promise<string | null | Problem> {
  if (file === undefined) return variable || null;
  const read = await readTextFile(file, MAX_SECRET_BYTES);
  if ("problem" in read) return { problem: `${file}: ${read.problem}` };
  const [line] = read.text.split(/\r?\n/);
  return line !== "" ? line! : { problem: `${file}: its first line is empty` };
}

/**
 * What the flags of `connect` ask for. Values of headers, passwords and tokens are in no problem.
 *
 * @module
 */
import { checkHostname, type TcpAddress } from "../../base/address.ts";
import { secondsToMs } from "../../base/duration.ts";
import { isToken } from "../../http/token.ts";
import type { GivenFlag } from "../arguments.ts";
import { readCredentials } from "./credentials.ts";
import { type All, beginning, type Environment, type Last, type Problem, wrong } from "./given.ts";
import { type Proxy, readProxy } from "./proxy_settings.ts";
import { readResolved, type ResolvedName } from "./resolved.ts";
import { readTls, type TlsSettings } from "./tls_settings.ts";

export interface ConnectSettings {
  readonly address: TcpAddress;
  /** For Host. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** Null: without TLS. */
  readonly tls: TlsSettings | null;
  /** By which it is connected; null: by none. */
  readonly proxy: Proxy | null;
  /** Names whose addresses are said. */
  readonly resolved: readonly ResolvedName[];
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
}

const DEFAULT_CONNECT_TIMEOUT_S = 10;
const DEFAULT_PING_INTERVAL_S = 20;
const DEFAULT_LINGER_S = 0.5;

/** A day, in seconds. */
const MOST_SECONDS = 86_400;

/** Fields that the handshake has of its own. */
const OURS = /^(?:host|upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** Reads them, for each URL in turn; a problem is the whole line for a person. */
export async function readSettings(
  urls: readonly string[],
  given: readonly GivenFlag[],
  switches: readonly string[],
  environment: Environment,
): Promise<readonly ConnectSettings[] | Problem> {
  const all: All = (name) => given.filter((one) => one.name === name).map((one) => one.value);
  const last: Last = (name) => all(name).at(-1);
  const places: (Place & Pick<ConnectSettings, "proxy">)[] = [];
  for (const url of urls) {
    const place = parseUrl(url);
    if ("problem" in place) return place;
    const proxy = await readProxy(place, all, environment);
    if (proxy !== null && "problem" in proxy) return proxy;
    places.push({ ...place, proxy });
  }
  const tls = readTls({
    isWithServer: places.some(({ isSecure }) => isSecure),
    isWithProxy: places.some(({ proxy }) => proxy !== null && proxy.tls !== null),
    isInsecure: switches.includes("--insecure"),
  }, all);
  if ("problem" in tls) return tls;
  const resolved = readResolved(all("--resolve"));
  if ("problem" in resolved) return resolved;
  const frameType = last("--frame-type") ?? "binary";
  if (frameType !== "binary" && frameType !== "text") {
    return wrong("--frame-type", "must be binary or text", frameType);
  }
  const subprotocols = all("--subprotocol");
  const noToken = subprotocols.find((name) => !isToken(name));
  if (noToken !== undefined) return wrong("--subprotocol", "must be one word", noToken);
  const twice = subprotocols.find((name, at) => subprotocols.indexOf(name) !== at);
  if (twice !== undefined) return wrong("--subprotocol", "must be given once for each", twice);
  const connectTimeout = seconds(last("--connect-timeout"), DEFAULT_CONNECT_TIMEOUT_S, 0.001);
  const rule = `a number of seconds up to ${MOST_SECONDS}`;
  if (connectTimeout === null) {
    return wrong("--connect-timeout", `must be ${rule}`, last("--connect-timeout")!);
  }
  const pingInterval = seconds(last("--ping-interval"), DEFAULT_PING_INTERVAL_S, 0);
  if (pingInterval === null) {
    return wrong("--ping-interval", `must be 0 or ${rule}`, last("--ping-interval")!);
  }
  const linger = seconds(last("--linger"), DEFAULT_LINGER_S, 0);
  if (linger === null) return wrong("--linger", `must be 0 or ${rule}`, last("--linger")!);
  const headers = readHeaders(all("--header"), last("--origin"));
  if ("problem" in headers) return headers;
  const credentials = await readCredentials(last, environment);
  if (credentials !== null && typeof credentials === "object") return credentials;
  const isDouble = headers.some(([name]) => name.toLowerCase() === "authorization");
  if (credentials !== null && isDouble) {
    return { problem: "--header Authorization has no place beside --user or a token" };
  }
  return places.map(({ isSecure, ...rest }) => ({
    ...rest,
    tls: isSecure ? { serverName: rest.address.hostname, ...tls } : null,
    resolved,
    subprotocols: subprotocols.length === 0 ? ["binary"] : subprotocols,
    headers: credentials === null ? headers : [...headers, ["Authorization", credentials]],
    frameType,
    connectTimeoutMs: secondsToMs(connectTimeout),
    pingIntervalMs: secondsToMs(pingInterval),
    lingerMs: secondsToMs(linger),
  }));
}

/** The URL itself is not repeated but for how it begins: its query may hold a token. */
function parseUrl(text: string): Place | Problem {
  const url = URL.parse(text);
  if (url === null || !["ws:", "wss:"].includes(url.protocol)) {
    const rule = "the URL must be ws://host:port/path or wss://host:port/path";
    return { problem: `${rule}: ${beginning(text)}` };
  }
  if (url.hash !== "" || text.endsWith("#")) {
    return { problem: "the URL must be without a #, which is no part of a request: %23 is one" };
  }
  if (url.username !== "" || url.password !== "") {
    return {
      problem: "the URL must be without user and password, which everybody on this machine can " +
        "read there: --user NAME with --password-file FILE say them",
    };
  }
  const isSecure = url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const problem = port === 0 ? "the port must be 1 to 65535" : checkHostname(hostname);
  if (problem !== null) return { problem: `the URL's address: ${problem}` };
  return {
    address: { transport: "tcp", hostname, port },
    authority: url.host,
    target: url.pathname + url.search,
    isSecure,
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

/**
 * By which proxy `connect` reaches its server: a flag's, or the environment's by curl's rules. Nothing of a URL is in a problem, as it may hold a
 * password.
 *
 * @module
 */
import { checkHostname, type TcpAddress } from "../../base/address.ts";
import type { TrustFiles } from "../../backend/tls_files.ts";
import { CONNECT_PROXY_PASSWORD_VARIABLE } from "../environment.ts";
import { basicCredentials, readSecret } from "./credentials.ts";
import type { All, Environment, Last, Problem } from "./given.ts";
import { isExempt } from "./no_proxy.ts";

export interface Proxy {
  readonly address: TcpAddress;
  /** What TLS is spoken with it by; null: none is. */
  readonly tls: (TrustFiles & { readonly serverName: string }) | null;
  /** For Proxy-Authorization; null: none. */
  readonly credentials: string | null;
}

/** Where the tunnel leads. */
export interface Destination {
  readonly address: TcpAddress;
  readonly isSecure: boolean;
}

const VARIABLES = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/** Null: it is connected itself. */
export async function readProxy(
  destination: Destination,
  all: All,
  environment: Environment,
): Promise<Proxy | null | Problem> {
  const last: Last = (name) => all(name).at(-1);
  const flag = last("--proxy");
  const found = flag === undefined
    ? variableFor(destination, environment)
    : { name: "--proxy", text: flag };
  const parsed = found.text === "" ? null : parseProxy(found, all("--ca"));
  if (parsed !== null && "problem" in parsed) return parsed;
  const shown = await readCredentials(last, environment);
  if (shown !== null && typeof shown === "object") return shown;
  if (shown !== null && flag === undefined && VARIABLES.every((name) => !environment[name])) {
    return { problem: "--proxy-user is for a proxy: neither --proxy nor a variable names one" };
  }
  const noProxy = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  if (parsed === null || isExempt(destination.address, noProxy)) return null;
  return shown === null ? parsed : { ...parsed, credentials: shown };
}

/** The first that is there says it, also where it is empty. In capitals `HTTP_PROXY` is what a header `Proxy` becomes in a CGI program, so that anybody could set it. */
function variableFor({ isSecure }: Destination, environment: Environment) {
  const names = isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"];
  const name = [...names, "all_proxy", "ALL_PROXY"].find((one) => environment[one] !== undefined);
  return name === undefined ? { name: "", text: "" } : { name, text: environment[name]! };
}

function parseProxy(
  { name, text }: { readonly name: string; readonly text: string },
  ca: readonly string[],
): Proxy | Problem {
  const rule = (words: string): Problem => ({ problem: `${name}: must be ${words}` });
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url !== null && /^socks/.test(url.protocol)) {
    return rule(`a proxy of HTTP, http://host:port: SOCKS is not spoken with proxies`);
  }
  // A slash in a password ends the host: what looks like one would be a part of it.
  const isWhole = url !== null && url.pathname === "/" && url.search === "" && url.hash === "";
  if (!isWhole || !["http:", "https:"].includes(url.protocol)) {
    return rule("http://host:port or https://host:port");
  }
  const isSecure = url.protocol === "https:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const problem = checkHostname(hostname);
  if (problem !== null) return { problem: `${name}: ${problem}` };
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  if (port === 0) return { problem: `${name}: the port must be 1 to 65535` };
  const address: TcpAddress = { transport: "tcp", hostname, port };
  const tls = isSecure ? { serverName: hostname, ca, identity: null } : null;
  if (url.username === "" && url.password === "") return { address, tls, credentials: null };
  if (name === "--proxy") {
    return rule(
      "without user and password, which everybody on this machine can read there: --proxy-user " +
        "NAME with --proxy-password-file FILE say them",
    );
  }
  const [user, password] = [url.username, url.password].map(decoded);
  if (user === null || password === null || user!.includes(":")) {
    return rule("with user and password percent-encoded, the user without a colon");
  }
  return { address, tls, credentials: basicCredentials(user!, password!) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What the flags say of who we are; null: nothing. */
async function readCredentials(
  last: Last,
  environment: Environment,
): Promise<string | null | Problem> {
  const user = last("--proxy-user");
  const file = last("--proxy-password-file");
  if (user === undefined) {
    if (file === undefined) return null;
    return { problem: "--proxy-password-file is for --proxy-user alone" };
  }
  if (user.includes(":")) return { problem: "--proxy-user: must be without a colon" };
  const password = await readSecret(file, environment[CONNECT_PROXY_PASSWORD_VARIABLE]);
  if (password === null) {
    return {
      problem: "--proxy-user: its password is said by --proxy-password-file FILE or the variable " +
        CONNECT_PROXY_PASSWORD_VARIABLE,
    };
  }
  return typeof password === "object" ? password : basicCredentials(user, password);
}

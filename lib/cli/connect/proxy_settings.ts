/**
 * By which proxy `connect` reaches its server: a flag's, or the environment's by curl's rules. Nothing of a URL is in a problem, as it may hold a
 * password.
 *
 * @module
 */
import { checkHostname, type TcpAddress } from "../../base/address.ts";
import { decodePercent } from "../../base/percent.ts";
import type { TrustFiles } from "../../backend/tls_files.ts";
import { CONNECT_PROXY_PASSWORD_VARIABLE } from "../environment.ts";
import { readSecret } from "./credentials.ts";
import { type All, beginning, type Environment, type Last, type Problem } from "./given.ts";
import { isExempt } from "./no_proxy.ts";

/** What a proxy is told of who we are. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Proxy {
  readonly kind: "http" | "socks5";
  readonly address: TcpAddress;
  /** What TLS is spoken with it by; null: none is. */
  readonly tls: (TrustFiles & { readonly serverName: string }) | null;
  /** Null: nothing. */
  readonly login: Login | null;
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
  const login = await readLogin(last, environment);
  if (login !== null && "problem" in login) return login;
  if (login !== null && flag === undefined && VARIABLES.every((name) => !environment[name])) {
    return { problem: "--proxy-user is for a proxy: neither --proxy nor a variable names one" };
  }
  const noProxy = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  if (parsed === null || isExempt(destination.address, noProxy)) return null;
  const proxy = login === null ? parsed : { ...parsed, login };
  const problem = loginProblem(proxy);
  return problem === null ? proxy : { problem };
}

/** The first that is there says it, also where it is empty. In capitals `HTTP_PROXY` is what a header `Proxy` becomes in a CGI program, so that anybody could set it. */
function variableFor({ isSecure }: Destination, environment: Environment) {
  const names = isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"];
  const name = [...names, "all_proxy", "ALL_PROXY"].find((one) => environment[one] !== undefined);
  return name === undefined ? { name: "", text: "" } : { name, text: environment[name]! };
}

/** With `socks5h` others say that the proxy looks names up, which it does here in any case. */
const SCHEMES: Readonly<Record<string, { readonly kind: Proxy["kind"]; readonly port: number }>> = {
  "http:": { kind: "http", port: 80 },
  "https:": { kind: "http", port: 443 },
  "socks5:": { kind: "socks5", port: 1080 },
  "socks5h:": { kind: "socks5", port: 1080 },
};

function parseProxy(
  { name, text }: { readonly name: string; readonly text: string },
  ca: readonly string[],
): Proxy | Problem {
  const rule = (words: string): Problem => ({ problem: `${name}: must be ${words}` });
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  // A slash in a password ends the host: what looks like one would be a part of it.
  const isWhole = url !== null && /^\/?$/.test(url.pathname) && url.search === "" &&
    url.hash === "" && url.hostname !== "";
  const scheme = isWhole ? SCHEMES[url.protocol] : undefined;
  if (!isWhole || scheme === undefined) {
    const known = "http://host:port, https://host:port or socks5://host:port";
    return rule(isWhole ? `${known}: ${beginning(text)}` : known);
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const problem = checkHostname(hostname);
  if (problem !== null) return { problem: `${name}: ${problem}` };
  const port = url.port === "" ? scheme.port : Number(url.port);
  if (port === 0) return { problem: `${name}: the port must be 1 to 65535` };
  const address: TcpAddress = { transport: "tcp", hostname, port };
  const tls = url.protocol === "https:" ? { serverName: hostname, ca, identity: null } : null;
  const { kind } = scheme;
  if (url.username === "" && url.password === "") return { kind, address, tls, login: null };
  if (name === "--proxy") {
    return rule(
      "without user and password, which everybody on this machine can read there: --proxy-user " +
        "NAME with --proxy-password-file FILE say them",
    );
  }
  const [user, password] = [decodePercent(url.username), decodePercent(url.password)];
  if (user === null || password === null) return rule("with user and password percent-encoded");
  return { kind, address, tls, login: { user, password } };
}

/** Basic has no user with a colon (RFC 7617), and SOCKS counts by a byte (RFC 1929). */
function loginProblem({ kind, login }: Proxy): string | null {
  if (login === null) return null;
  if (kind === "http") {
    return login.user.includes(":") ? "the proxy's user must be without a colon" : null;
  }
  const isShort = [login.user, login.password].every((text) =>
    text !== "" && new TextEncoder().encode(text).length <= 255
  );
  return isShort ? null : "the proxy's user and password must be of 1 to 255 bytes";
}

/** What the flags say of who we are; null: nothing. */
async function readLogin(last: Last, environment: Environment): Promise<Login | null | Problem> {
  const user = last("--proxy-user");
  const file = last("--proxy-password-file");
  if (user === undefined) {
    if (file === undefined) return null;
    return { problem: "--proxy-password-file is for --proxy-user alone" };
  }
  const password = await readSecret(file, environment[CONNECT_PROXY_PASSWORD_VARIABLE]);
  if (password === null) {
    return {
      problem: "--proxy-user: its password is said by --proxy-password-file FILE or the variable " +
        CONNECT_PROXY_PASSWORD_VARIABLE,
    };
  }
  return typeof password === "object" ? password : { user, password };
}

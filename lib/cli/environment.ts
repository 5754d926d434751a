/**
 * Variables of the environment that say something where neither the file nor a flag does: the defaults of an image.
 *
 * @module
 */
import type { Setting } from "../config/load.ts";
import type { Path } from "../config/problem.ts";

interface Variable {
  readonly summary: string;
  /** What it sets of a server; absent: it is for a command. */
  readonly path?: Path;
}

/** The token of the admin listener itself, where no file holds it. */
export const TOKEN_VARIABLE = "WSTUNNEL_ADMIN_TOKEN";

/** What `connect` shows to its server where no file holds it. */
export const CONNECT_PASSWORD_VARIABLE = "WSTUNNEL_PASSWORD";
export const CONNECT_TOKEN_VARIABLE = "WSTUNNEL_TOKEN";

/** What it shows to its proxy. */
export const CONNECT_PROXY_PASSWORD_VARIABLE = "WSTUNNEL_PROXY_PASSWORD";

/** Every variable that is looked at. */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  WSTUNNEL_LISTEN: {
    path: ["listen"],
    summary: "address to listen at when neither --listen nor the file names one",
  },
  [TOKEN_VARIABLE]: {
    summary: "token that commands show to the admin listener when neither --admin-token-file nor " +
      "the file names one",
  },
  [CONNECT_PASSWORD_VARIABLE]: {
    summary: "password of connect's --user when --password-file names none",
  },
  [CONNECT_TOKEN_VARIABLE]: {
    summary: "bearer token that connect shows to its server when neither --token-file nor --user " +
      "is given",
  },
  [CONNECT_PROXY_PASSWORD_VARIABLE]: {
    summary: "password of connect's --proxy-user when --proxy-password-file names none",
  },
  http_proxy: {
    summary: "proxy of connect for ws:// when --proxy names none, else all_proxy: " +
      "http://[user:password@]host:port, or https://, socks5://",
  },
  https_proxy: { summary: "the same for wss://" },
  no_proxy: {
    summary: "hosts that connect reaches by no proxy, with commas between them: names for all " +
      "below them, too, addresses, networks, * for all, each with :port or without",
  },
};

/** What the environment sets; an empty variable sets nothing. */
export function fromEnvironment(environment: Readonly<Record<string, string>>): Setting[] {
  return Object.entries(VARIABLES).flatMap(([name, { path }]): Setting[] => {
    const value = environment[name];
    return path === undefined || value === undefined || value === ""
      ? []
      : [{ flag: name, path, value }];
  });
}

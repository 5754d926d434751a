/** Rules that requests are judged by, and requests that change the one that opens a tunnel. */
import assert from "node:assert/strict";
import { type Network, parseNetwork } from "../../lib/base/network.ts";
import { compileOrigins } from "../../lib/http/origin.ts";
import type { RequestHead } from "../../lib/http/request.ts";
import { compileRoutes } from "../../lib/http/route.ts";
import type { RouteRules, VerdictRules } from "../../lib/http/verdict.ts";

export const CLIENT = "192.0.2.1";

export const EVERYBODY = { allowClients: [], denyClients: [] };

/** Of a route that leads to a backend, and has no files of its own. */
export const TUNNELS = { files: null, filesAlone: false };

/** A key of either kind. */
export const ROUTES = ["/vnc", ".sock"].map((key): RouteRules => ({
  key,
  origins: compileOrigins(["example.com"]),
  subprotocols: ["mqtt"],
  auth: null,
  frameType: "text",
  pingIntervalMs: 0,
  ...TUNNELS,
  ...EVERYBODY,
}));

export const RULES: VerdictRules = {
  table: compileRoutes(ROUTES, { ".console": ".sock" }),
  healthPath: "/healthz",
  web: null,
};

const HEADERS: Readonly<Record<string, string>> = {
  "host": "tunnel.example.com:8080",
  "upgrade": "websocket",
  "connection": "keep-alive, Upgrade",
  "origin": "https://example.com",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A change of the head that opens a tunnel; a header of null is left out. */
export interface Change extends Partial<Omit<RequestHead, "headers">> {
  readonly headers?: Readonly<Record<string, string | null>>;
}

/** The head that opens a tunnel, changed. */
export function head({ headers, ...rest }: Change = {}): RequestHead {
  const fields = Object.entries({ ...HEADERS, ...headers }).filter(([, value]) => value !== null);
  return {
    method: "GET",
    target: "/vnc?token=1",
    version: "1.1",
    headers: new Headers(fields as [string, string][]),
    ...rest,
  };
}

export function networks(...texts: string[]): Network[] {
  return texts.map((text) => {
    const parsed = parseNetwork(text);
    if ("problem" in parsed) assert.fail(parsed.problem);
    return parsed.network;
  });
}

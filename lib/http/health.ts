/**
 * Whether we are well, for balancers, container engines and monitors: a plain answer that touches no backend.
 *
 * @module
 */
import { type Answer, answer } from "./answer.ts";
import { listHasToken, type RequestHead } from "./request.ts";
import type { RouteTable } from "./route.ts";

/** What HAProxy's check asks unless it is told otherwise: `OPTIONS / HTTP/1.0`. */
const OPTIONS_PATH = "/";

const METHODS = ["GET", "HEAD", "OPTIONS"];

/** The health path, or null where none is wished for, or where a key is that very path: then it is the route's. */
export function healthPathBeside<Route>(
  healthPath: string,
  { keys }: RouteTable<Route>,
): string | null {
  return healthPath === "" || keys.some(({ match }) => match === healthPath) ? null : healthPath;
}

/**
 * Answers a question after our health; null: it is something else. What asks for a WebSocket is for the routes, which may have
 * the path among theirs; a plain request they would refuse.
 */
export function answerHealth(
  { method, headers }: RequestHead,
  path: string,
  healthPath: string | null,
): Answer | null {
  if (healthPath === null || !METHODS.includes(method)) return null;
  const isAsked = path === healthPath || (method === "OPTIONS" && path === OPTIONS_PATH);
  if (!isAsked || listHasToken(headers.get("upgrade"), "websocket")) return null;
  const allow = method === "OPTIONS" ? { "allow": METHODS.join(", ") } : {};
  return answer(200, "ok", { "cache-control": "no-store", ...allow });
}

/**
 * The way by a proxy: a connection to it, which it joins with another to the server.
 *
 * @module
 */
import { formatAddress, type TcpAddress } from "../../base/address.ts";
import type { BackendConnection } from "../../backend/connection.ts";
import { writeAll } from "../../backend/write_all.ts";
import { formatTunnelRequest } from "../../http/connect_request.ts";
import { listElements } from "../../http/request.ts";
import { readRetryAfter } from "../../http/retry_after.ts";
import { type Answer, readAnswer, statusWords } from "../read_answer.ts";
import { behind } from "./behind.ts";
import { basicCredentials } from "./credentials.ts";
import type { OpenProblem } from "./open_problem.ts";
import type { Proxy } from "./proxy_settings.ts";
import { askSocksProxy } from "./socks_proxy.ts";

export function proxyName({ address }: Proxy): string {
  return `the proxy ${formatAddress(address)}`;
}

/** Asks for a way to the server over a connection to the proxy, and gives that. Rejects where it is lost. */
export async function askProxy(
  connection: BackendConnection,
  proxy: Proxy,
  server: TcpAddress,
): Promise<BackendConnection | OpenProblem> {
  const name = proxyName(proxy);
  const { kind, login } = proxy;
  if (kind === "socks5") {
    return await askSocksProxy(connection, name, login, server) ?? connection;
  }
  const credentials = login && basicCredentials(login.user, login.password);
  const request = { authority: formatAddress(server), credentials };
  await writeAll(connection, formatTunnelRequest(request));
  const answer = await readAnswer(connection);
  if ("problem" in answer) {
    return { kind: "failed", reason: `the answer of ${name} ${answer.problem}` };
  }
  const { status, headers } = answer.head;
  if (status < 200 || status > 299) {
    const retryAfterMs = readRetryAfter(headers.get("retry-after"), Date.now());
    const reason = `${name} refuses: ${explain(answer, proxy)}`;
    return { kind: "refused", reason, answer: { from: "proxy", status, retryAfterMs } };
  }
  return answer.rest.length === 0 ? connection : behind(answer.rest, connection);
}

const UNAUTHORIZED = 407;

/** Not the body, which is a page. */
function explain({ head }: Answer, { login }: Proxy): string {
  const words = statusWords(head);
  if (head.status !== UNAUTHORIZED) return words;
  const schemes = listElements(head.headers.get("proxy-authenticate"))
    .flatMap((one) => /^([a-z]+)(?: +[a-z]+ *=.*)?$/i.exec(one.trim())?.[1] ?? []);
  if (schemes.length > 0 && !schemes.some((one) => /^basic$/i.test(one))) {
    return `${words}; it wants ${schemes.join(" or ")}, and we have Basic alone`;
  }
  return login === null ? `${words}; --proxy-user and --proxy-password-file say who we are` : words;
}

/**
 * The admin listener while it is open: who may ask, and what is answered. Loaded where `admin` is configured alone.
 *
 * @module
 */
import { type Address, formatAddress } from "../../base/address.ts";
import { canonicalPath } from "../../base/request_path.ts";
import { type WatchedFile, watchFile } from "../../access/watched_file.ts";
import { readAdminToken } from "../../config/admin_files.ts";
import { isBeyondLoopback } from "../../config/reach_warnings.ts";
import { listenAll } from "../../engine/listen.ts";
import { splitAbsolute } from "../../http/request_line.ts";
import type { AdminContext } from "./admin.ts";
import { failure } from "./answers.ts";
import { openListener } from "./listener.ts";
import { createRoutes, find } from "./routes.ts";
import { createStreams } from "./stream.ts";
import { isToken, shownToken } from "./token.ts";
import { distrust, distrustOrigin } from "./trust.ts";
import { createWatch, type Watch } from "./watch.ts";

export { createWatch };

/** Requests that are being answered at once. */
const MOST = 64;

export interface OpenAdmin {
  /** With the real ports; several of a name, or of all interfaces. */
  readonly addresses: readonly Address[];
  /** Takes the token from a file from now on; undefined: there is none. */
  setTokenFile(path: string | undefined): void;
  /** Ends its streams, and resolves when its answers are out or have had their time. */
  close(): Promise<void>;
}

/** Opens it, or says in `problem` why it can't be had. */
export async function openAdmin(
  asked: Address,
  context: AdminContext,
  watch: Watch,
): Promise<OpenAdmin | { readonly problem: string }> {
  const { emit } = context.events;
  const streams = createStreams(watch.monitor);
  const routes = createRoutes({ ...context, ...watch, streams });
  const isReached = isBeyondLoopback(formatAddress(asked));
  const name = asked.transport === "tcp" ? asked.hostname : null;
  let token: WatchedFile<string> | null = null;
  let answering = 0;

  /** Why it may not be answered; null: it may. */
  function refuse({ headers, method }: Request): Refusal | null {
    const said = {
      host: headers.get("host"),
      origin: headers.get("origin"),
      site: headers.get("sec-fetch-site"),
    };
    // Who must show the token for everything may call us what he likes: a page that came by another name has none.
    const distrusted = isReached ? distrustOrigin(said) : distrust(said, name);
    if (distrusted !== null) return distrusted;
    const changes = method !== "GET" && method !== "HEAD";
    return name !== null && (changes || isReached) ? refuseToken(headers, changes) : null;
  }

  /** A browser may ask for the token as a password, and then sends it with whatever a page asks for: that changes nothing. */
  function refuseToken(headers: Headers, changes: boolean): Refusal | null {
    if (token === null) return { status: 403, error: WITHOUT_TOKEN };
    const held = token.value;
    if (held === null) return { status: 503, error: "the file of the token can't be read" };
    const shown = shownToken(headers.get("authorization"), !changes);
    if (shown !== null && isToken(shown, held)) return null;
    // Chromium takes a line for one challenge, the first (156).
    const challenge = changes ? BEARER : `Basic realm="wstunnel", ${BEARER}`;
    return { status: 401, error: WRONG_TOKEN, headers: { "www-authenticate": challenge } };
  }

  async function respond(request: Request, sender: Deno.Addr): Promise<Response> {
    if (answering >= MOST) {
      return failure(503, "too much is asked for at once", { connection: "close" });
    }
    answering++;
    try {
      return await attend(request, sender);
    } finally {
      answering--;
    }
  }

  async function attend(request: Request, sender: Deno.Addr): Promise<Response> {
    const by = nameOf(sender);
    const refused = refuse(request);
    if (refused !== null) {
      const { status, error, headers } = refused;
      emit({ kind: "admin-refused", by, status, reason: error });
      return failure(status, error, headers);
    }
    const target = targetOf(request);
    if (target === null) return failure(421, "the target must be of the Host");
    const canonical = canonicalPath(target);
    if ("problem" in canonical) return failure(400, canonical.problem);
    const found = find(routes, request.method, canonical.path);
    if (found instanceof Response) return found;
    const answered = await found.handle({ request, rest: found.rest, by });
    if (request.method === "HEAD") void answered.body?.cancel();
    return request.method === "HEAD" ? new Response(null, answered) : answered;
  }

  const place = { address: asked, ...(asked.transport === "unix" && { file: FILE }) };
  const listening = await listenAll([place], (at) => openListener(at, respond, emit));
  if ("problem" in listening) return { problem: `admin: ${listening.problem}` };
  const listeners = listening.held.map(({ listener }) => listener);
  return {
    addresses: listeners.map(({ address }) => address),
    setTokenFile(path) {
      token?.close();
      token = path === undefined ? null : watchFile(path, readAdminToken, emit);
    },
    async close() {
      streams.close();
      token?.close();
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

/** For our user, and for root, who may open everything. */
const FILE = { mode: 0o600 };

/** What is answered in place of what was asked for. */
interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const BEARER = 'Bearer realm="wstunnel"';

const WRONG_TOKEN = "needs the token of admin-token-file: Authorization: Bearer TOKEN";

const WITHOUT_TOKEN = "nothing can be changed at an address without admin-token-file: name a " +
  "file with a token in the configuration, or use a unix-domain socket";

/** As it was sent, behind the authority that the runtime puts in front; null where that is another one's. */
function targetOf({ url, headers }: Request): string | null {
  const host = headers.get("host");
  const uri = url.replace(/^http\+unix:/, "http:");
  if (!host) return splitAbsolute(uri)?.target ?? null;
  const start = `http://${host}`;
  return uri.startsWith(`${start}/`) ? uri.slice(start.length) : null;
}

/** Who asks, for the log. */
function nameOf(sender: Deno.Addr): string {
  return sender.transport === "tcp" || sender.transport === "udp"
    ? `admin ${formatAddress({ ...sender, transport: "tcp" })}`
    : "admin unix";
}

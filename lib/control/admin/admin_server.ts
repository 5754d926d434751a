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
import type { HeaderFields } from "../../http/request.ts";
import { ownDescriptorLimit } from "../../sys/descriptor_limit.ts";
import type { AdminContext } from "./admin.ts";
import { failure } from "./answers.ts";
import type { Asked } from "./exchange.ts";
import { createRoom, openListener } from "./listener.ts";
import { createRoutes, find } from "./routes.ts";
import { createStreams } from "./stream.ts";
import { isToken, shownToken } from "./token.ts";
import { distrust, distrustOrigin } from "./trust.ts";
import { createWatch, type Watch } from "./watch.ts";

export { createWatch };

/** Requests at once, streams among them, and as many connections whose request has yet to come. */
const MOST = 32;

/** Of the descriptors, at most so much for each of both: together half of what is kept for other things than connections of clients. */
const SHARE = 1 / 32;

export interface OpenAdmin {
  /** With the real ports; several of a name, or of all interfaces. */
  readonly addresses: readonly Address[];
  /** Whether all of it is where it was opened. */
  isThere(): boolean;
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

  /** Why it may not be answered; null: it may. */
  function refuse({ headers, method }: Asked): Refusal | null {
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
  function refuseToken(headers: HeaderFields, changes: boolean): Refusal | null {
    if (token === null) return { status: 403, error: WITHOUT_TOKEN };
    const held = token.value;
    if (held === null) return { status: 503, error: "the file of the token can't be read" };
    const shown = shownToken(headers.get("authorization"), !changes);
    if (shown !== null && isToken(shown, held)) return null;
    // Chromium takes a line for one challenge, the first (156).
    const challenge = changes ? BEARER : `Basic realm="wstunnel", ${BEARER}`;
    const error = shown === null ? NO_TOKEN : WRONG_TOKEN;
    return { status: 401, error, headers: { "www-authenticate": challenge } };
  }

  async function respond(request: Asked, sender: Deno.Addr): Promise<Response> {
    const by = nameOf(sender);
    const refused = refuse(request);
    if (refused !== null) {
      const { status, error, headers } = refused;
      emit({ kind: "admin-refused", by, status, reason: error });
      return failure(status, error, headers);
    }
    const canonical = canonicalPath(request.target);
    if ("problem" in canonical) return failure(400, canonical.problem);
    const found = find(routes, request.method, canonical.path);
    if (found instanceof Response) return found;
    return await found.handle({ body: request.body, rest: found.rest, by });
  }

  const room = createRoom(Math.min(MOST, Math.ceil((ownDescriptorLimit() ?? Infinity) * SHARE)));
  const place = { address: asked, ...(asked.transport === "unix" && { file: FILE }) };
  const listening = await listenAll([place], (at) => openListener(at, { respond, emit, room }));
  if ("problem" in listening) return { problem: `admin: ${listening.problem}` };
  const listeners = listening.held.map(({ listener }) => listener);
  return {
    addresses: listeners.map(({ address }) => address),
    isThere: () => listeners.every((listener) => listener.isThere()),
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

const NO_TOKEN = "needs the token of admin-token-file: Authorization: Bearer TOKEN";
const WRONG_TOKEN = "the token that was shown is not that of admin-token-file";

const WITHOUT_TOKEN = "nothing can be changed at an address without admin-token-file: name a " +
  "file with a token in the configuration, or use a unix-domain socket";

/** Who asks, for the log. */
function nameOf(sender: Deno.Addr): string {
  return sender.transport === "tcp" || sender.transport === "udp"
    ? `admin ${formatAddress({ ...sender, transport: "tcp" })}`
    : "admin unix";
}

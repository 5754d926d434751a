/**
 * Redis, where the key of a token holds its target, as websockify's TokenRedis has it: `host:port`, or `{"host": "host:port"}`.
 *
 * @module
 */
import type { PeerCertificate } from "node:tls";
import { nodeCrypto } from "../../base/node_crypto.ts";
import { within } from "../../base/within.ts";
import { type Found, NO_SUCH_TOKEN, NO_TARGET, type TargetSource, withoutToken } from "./source.ts";
import { certificatesIn } from "../../config/certificates.ts";
import { hasOldVersion } from "./shown_certificates.ts";
import { parseTargetAnswer } from "../../config/target_text.ts";

export interface RedisOptions {
  /** `redis://user:password@host:port/db`, or `rediss:` by TLS. */
  readonly url: string;
  /** What stands before a token in its key. */
  readonly prefix: string;
  /** Certificates of the authorities to believe, as PEM; null: the usual ones alone. */
  readonly ca: () => Promise<readonly string[] | null>;
  /** How long it may take to connect, and to answer. */
  readonly timeoutMs: number;
}

/** A target has 260 and, in JSON, some more. */
const MOST_CHARACTERS = 1024;

/** Waiting for an answer at once. */
const MOST_AT_ONCE = 1_000;

/** A connection, which may be on its way. */
interface Redis {
  /** How the value of a key begins, once it is connected; empty where there is none. */
  start(key: string): Promise<string>;
  /** Drops it, connected or not. */
  drop(): void;
}

export function createRedis(options: RedisOptions): TargetSource {
  const { prefix, timeoutMs } = options;
  let current: Redis | null = null;
  let asking = 0;
  let closed = false;

  function open(): Redis {
    const opened: Redis = connect(options, () => drop(opened));
    return opened;
  }

  /** The next request connects anew. */
  function drop(opened: Redis | null): void {
    opened?.drop();
    if (current === opened) current = null;
  }

  async function ask(token: string, redis: Redis): Promise<Found> {
    const value = await redis.start(prefix + token);
    if (value === "") return NO_SUCH_TOKEN;
    const address = parseTargetAnswer(value);
    return address === null ? NO_TARGET : { address };
  }

  return {
    async find(token) {
      if (asking >= MOST_AT_ONCE) return { busy: `${asking} requests wait for Redis already` };
      asking++;
      const opened = current ??= open();
      try {
        const asked = ask(token, opened);
        if (await within(asked, timeoutMs)) return await asked;
        // Its answer would be the next one's.
        asked.catch(() => {});
        drop(opened);
        return { failed: `Redis has not answered within ${timeoutMs / 1000} s` };
      } catch (error) {
        // What has the wrong kind of value leads nowhere.
        if (isWrongKind(error)) return NO_TARGET;
        drop(opened);
        return { failed: `Redis cannot be asked: ${withoutToken(reasonOf(error), token)}` };
      } finally {
        asking--;
        if (closed && asking === 0) drop(current);
      }
    },
    close() {
      closed = true;
      if (asking === 0) drop(current);
    },
  };
}

/** A reply that says no word of ours. */
function isWrongKind(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("WRONGTYPE");
}

/** Redis's own words, such as that a password is wrong; a connection's error may have a list of them in place of words. */
function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error && first.message !== "" ? first.message : "it cannot be connected";
}

function isTls(url: string): boolean {
  return /^rediss:/i.test(url);
}

/** The client gives them to `node:tls`. */
async function tlsOptions(authorities: readonly string[] | null) {
  const { checkServerIdentity } = await import("node:tls");
  const { X509Certificate } = nodeCrypto();
  const own = (authorities ?? []).flatMap(certificatesIn).map((pem) =>
    new X509Certificate(pem).raw
  );
  return {
    tls: true as const,
    ...(authorities !== null && { ca: [...authorities] }),
    checkServerIdentity: (name: string, shown: PeerCertificate) =>
      hasOldVersion(shown, own)
        ? new Error("its certificate, or its issuer's, is not of version 3 of X.509")
        : checkServerIdentity(name, shown),
  };
}

type Client = ReturnType<typeof import("./redis_client.ts").createClient>;

/** Loads the client only now: few configurations need it. It doesn't reconnect by itself: the next request does. */
function connect({ url, ca, timeoutMs }: RedisOptions, onLost: () => void): Redis {
  let client: Client | null = null;
  let dropped = false;

  function drop(): void {
    dropped = true;
    if (client?.isOpen) client.destroy();
  }

  async function open(): Promise<Client> {
    const { createClient } = await import("./redis_client.ts");
    const authorities = await ca();
    if (dropped) throw new Error("it took too long to begin");
    client = createClient({
      url,
      disableOfflineQueue: true,
      socket: {
        connectTimeout: timeoutMs,
        reconnectStrategy: false,
        ...(isTls(url) && await tlsOptions(authorities)),
      },
    }) as Client;
    // Who asks learns of it; without a listener it would end us.
    client.on("error", onLost);
    try {
      return await client.connect();
    } catch (error) {
      drop();
      throw error;
    }
  }

  const opened = open();
  return {
    // The client chooses the key, and what stands there may be as large as Redis lets it be.
    start: async (key) => await (await opened).getRange(key, 0, MOST_CHARACTERS - 1) ?? "",
    drop,
  };
}

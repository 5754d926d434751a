/**
 * Tokens of a file, by their digests (`token`).
 *
 * @module
 */
import { nodeCrypto } from "../base/node_crypto.ts";
import type { TokenPlace } from "../config/auth_kinds.ts";
import { findToken } from "../http/credentials.ts";
import type { WatchedFile } from "./watched_file.ts";
import { unable, type Way } from "./way.ts";

/**
 * The way by a file of tokens. A random token needs no slow hash, for nobody tries all there are; and what is compared are digests, so that the
 * time that takes tells nothing of a token.
 */
export function createTokenWay(
  file: WatchedFile<ReadonlyMap<string, string>>,
  places: readonly TokenPlace[],
): Way {
  return {
    asksFor: "token",
    prove({ head }) {
      const found = findToken(head, places);
      if (found === null) return null;
      if ("problem" in found) return Promise.resolve({ wrong: found.problem });
      if (file.value === null) return Promise.resolve(unable("the file of tokens can't be read"));
      const digest = nodeCrypto().createHash("sha256").update(found.token).digest("hex");
      const user = file.value.get(digest);
      return Promise.resolve(user === undefined ? { wrong: "no such token" } : { user });
    },
  };
}

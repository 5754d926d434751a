/**
 * Asks a request who sends it, by all the ways that a route knows: the first that is proved lets in.
 *
 * @module
 */
import { answer } from "../http/answer.ts";
import type { Access, Entry, Visit } from "./access.ts";
import { unlessLeft } from "./left.ts";
import type { Unable, Way } from "./way.ts";

type Enter = Access["enter"];

/** Asks by the ways, in their order. */
export function createAsking(ways: readonly Way[], realm: string): Enter {
  const kinds = [...new Set(ways.map(({ asksFor }) => asksFor))];

  /** RFC 7617 section 2, RFC 6750 section 3. For a certificate there is none: it was asked for in the handshake of TLS. */
  function challenge(isWrong: boolean): string {
    const challenges = kinds.filter((kind) => kind !== "certificate").map((kind) =>
      kind === "password"
        ? `Basic realm="${realm}", charset="UTF-8"`
        : `Bearer realm="${realm}"${isWrong ? ', error="invalid_token"' : ""}`
    );
    // A browser that reads no further than the first one is to ask for a password.
    return challenges.sort().join(", ");
  }

  function refuse(wrong: readonly string[]): Entry {
    const isWrong = wrong.length > 0;
    const things = kinds.toSorted().join(" or a ");
    const reason = isWrong
      ? `the ${kinds.toSorted().join(" or ")} is not valid`
      : `a ${things} is needed`;
    const challenges = challenge(isWrong);
    return {
      // RFC 9110 section 15.5.2: without a challenge it is no 401.
      answer: challenges === ""
        ? answer(403, reason)
        : answer(401, reason, { "www-authenticate": challenges }),
      cause: "auth",
      why: isWrong ? wrong.join("; ") : "nothing was shown",
    };
  }

  async function ask(visit: Visit): Promise<Entry> {
    const wrong: string[] = [];
    let hindered: Unable | null = null;
    for (const way of ways) {
      const proof = await way.prove(visit);
      if (proof === null) continue;
      if ("user" in proof) return proof;
      if ("wrong" in proof) wrong.push(proof.wrong);
      else hindered = proof.unable;
    }
    if (hindered === null) return refuse(wrong);
    const { status, reason, why } = hindered;
    return { answer: answer(status, reason, { "retry-after": "1" }), cause: "auth", why };
  }

  return (visit) => unlessLeft(ask(visit), visit.signal);
}

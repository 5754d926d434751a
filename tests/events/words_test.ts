import assert from "node:assert/strict";
import { type PeerWords, peerWords, peerWordsOf } from "../../lib/events/words.ts";

Deno.test("`peerWords()` leaves 200 characters of what a peer said", () => {
  assert.equal(peerWords("é".repeat(200)), "é".repeat(200));
  assert.equal(peerWords("é".repeat(201)), "é".repeat(200) + "…");
  assert.equal(peerWords("x".repeat(60 * 1024 * 1024)).length, 201);
});

Deno.test("`peerWordsOf()` of a field that isn't there is undefined", () => {
  assert.equal(peerWordsOf(null), undefined);
  assert.equal(peerWordsOf(""), "");
});

Deno.test("no other text passes for a peer's words: the compiler refuses it", () => {
  const said: string = "of any length";
  // @ts-expect-error It has not been through `peerWords()`.
  const words: PeerWords = said;
  assert.equal(words, said);
});

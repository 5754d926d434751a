import assert from "node:assert/strict";
import { chooseCoding, type Coding } from "../../../lib/http/static/coding.ts";

const BOTH: readonly Coding[] = ["br", "gzip"];

const CASES: [accepted: string | null, available: readonly Coding[], coding: Coding][] = [
  [null, BOTH, ""],
  ["", BOTH, ""],
  ["gzip, deflate, br, zstd", BOTH, "br"],
  ["gzip, deflate, br, zstd", ["gzip"], "gzip"],
  ["gzip, deflate, br, zstd", [], ""],
  ["gzip", BOTH, "gzip"],
  ["gzip", ["br"], ""],
  ["deflate", BOTH, ""],
  ["GZip", BOTH, "gzip"],
  ["x-gzip", BOTH, "gzip"],
  // Those of RFC 9110 section 12.5.3.
  ["compress, gzip", BOTH, "gzip"],
  ["*", BOTH, "br"],
  ["compress;q=0.5, gzip;q=1.0", BOTH, "gzip"],
  ["gzip;q=1.0, identity; q=0.5, *;q=0", BOTH, "gzip"],
  ["gzip;q=1.0, identity; q=0.5, *;q=0", ["br"], ""],
  // Weights.
  ["br;q=0.8, gzip", BOTH, "gzip"],
  ["br;q=0.8, gzip;q=0.8", BOTH, "br"],
  ["br;q=0.001, gzip;q=0", BOTH, "br"],
  ["br;q=0, gzip", BOTH, "gzip"],
  ["br;q=0, *", BOTH, "gzip"],
  ["br;q=0.0, gzip;q=0.000", BOTH, ""],
  ["*;q=0", BOTH, ""],
  ["identity, br;q=0.5", BOTH, ""],
  ["identity;q=0.5, br;q=0.5", BOTH, "br"],
  ["identity;q=0.5, gzip;q=0.7", BOTH, "gzip"],
  ["identity;q=0", BOTH, ""],
  ["identity;q=0, gzip", BOTH, "gzip"],
  ["gzip \t;\tQ=0.5", BOTH, "gzip"],
  // What can't be read is passed over.
  ["br;q=2, gzip;q=0.5", BOTH, "gzip"],
  ["br;q=0.1234, gzip", BOTH, "gzip"],
  ["br;q=, gzip;q=0.1", BOTH, "gzip"],
  ["br;q=-1", BOTH, ""],
  [",, ;q=1, gzip", BOTH, "gzip"],
  ["br gzip", BOTH, ""],
];

Deno.test("`chooseCoding()` weighs Accept-Encoding against what is there, RFC 9110 section 12.5.3", () => {
  for (const [accepted, available, coding] of CASES) {
    assert.equal(chooseCoding(accepted, available), coding, `${accepted} of ${available}`);
  }
});

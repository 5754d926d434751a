import assert from "node:assert/strict";
import { allowsRange, judge, type Outcome } from "../../../lib/http/static/conditions.ts";

const TAG = '"now"';
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const MODIFIED_MS = Date.UTC(1994, 10, 6, 8, 49, 37);
const NOW_MS = Date.UTC(2026, 10, 28);

const FIELDS = {
  match: "if-match",
  none: "if-none-match",
  modified: "if-modified-since",
  unmodified: "if-unmodified-since",
} as const;

type Conditions = Partial<Record<keyof typeof FIELDS, string>>;

function outcome(conditions: Conditions): Outcome {
  const headers = new Headers();
  for (const [name, value] of Object.entries(conditions)) {
    headers.set(FIELDS[name as keyof typeof FIELDS], value);
  }
  return judge(headers, { tag: TAG, modifiedMs: MODIFIED_MS }, NOW_MS);
}

/** By the steps of RFC 9110 section 13.2.2. */
const CASES: [Conditions, Outcome][] = [
  [{}, "send"],
  // 1. If-Match
  [{ match: TAG }, "send"],
  [{ match: "*" }, "send"],
  [{ match: `"old", ${TAG}` }, "send"],
  [{ match: '"old"' }, "failed"],
  [{ match: `W/${TAG}` }, "failed"],
  [{ match: "now" }, "failed"],
  [{ match: "" }, "failed"],
  [{ match: TAG, unmodified: BEFORE }, "send"],
  [{ match: '"old"', unmodified: AFTER }, "failed"],
  // 2. If-Unmodified-Since
  [{ unmodified: MODIFIED }, "send"],
  [{ unmodified: AFTER }, "send"],
  [{ unmodified: BEFORE }, "failed"],
  [{ unmodified: "Sunday, 06-Nov-94 08:49:36 GMT" }, "failed"],
  [{ unmodified: "yesterday" }, "send"],
  [{ unmodified: `${BEFORE}, ${BEFORE}` }, "send"],
  // 3. If-None-Match
  [{ none: TAG }, "not-modified"],
  [{ none: `W/${TAG}` }, "not-modified"],
  [{ none: "*" }, "not-modified"],
  [{ none: `"old",${TAG}` }, "not-modified"],
  [{ none: '"old"' }, "send"],
  [{ none: "now" }, "send"],
  [{ none: '"old"', modified: AFTER }, "send"],
  [{ none: TAG, modified: BEFORE }, "not-modified"],
  // 4. If-Modified-Since
  [{ modified: MODIFIED }, "not-modified"],
  [{ modified: AFTER }, "not-modified"],
  [{ modified: "Sun Nov  6 08:49:37 1994" }, "not-modified"],
  [{ modified: BEFORE }, "send"],
  [{ modified: "yesterday" }, "send"],
  [{ modified: `${AFTER}, ${AFTER}` }, "send"],
  // The first two come before the others.
  [{ match: '"old"', none: TAG }, "failed"],
  [{ match: TAG, none: TAG }, "not-modified"],
  [{ match: TAG, modified: AFTER }, "not-modified"],
  [{ unmodified: BEFORE, none: TAG }, "failed"],
  [{ unmodified: MODIFIED, modified: MODIFIED }, "not-modified"],
];

Deno.test("`judge()` decides by RFC 9110 section 13.2.2", () => {
  for (const [conditions, expected] of CASES) {
    assert.equal(outcome(conditions), expected, JSON.stringify(conditions));
  }
});

Deno.test("`allowsRange()` wants the very same file, and is sure of it (RFC 9110 section 13.1.5)", () => {
  const cases: [ifRange: string | null, sinceMs: number, allowed: boolean][] = [
    [null, 0, true],
    [TAG, 0, true],
    ['"old"', 60_000, false],
    [`W/${TAG}`, 60_000, false],
    [`${TAG}, "old"`, 60_000, false],
    ["*", 60_000, false],
    [MODIFIED, 1_000, true],
    ["Sun Nov  6 08:49:37 1994", 60_000, true],
    // A date is a weak validator as long as the file may change within its second.
    [MODIFIED, 999, false],
    [BEFORE, 60_000, false],
    [AFTER, 60_000, false],
    ["yesterday", 60_000, false],
    ["", 60_000, false],
  ];
  for (const [ifRange, sinceMs, allowed] of cases) {
    const headers = new Headers(ifRange === null ? {} : { "if-range": ifRange });
    const validators = { tag: TAG, modifiedMs: MODIFIED_MS };
    assert.equal(allowsRange(headers, validators, MODIFIED_MS + sinceMs), allowed, `${ifRange}`);
  }
});

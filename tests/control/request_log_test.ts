import assert from "node:assert/strict";
import { createRequestLog } from "../../lib/control/request_log.ts";
import { keptLog } from "../backend/setting.ts";

const NOTHING_HERE = { status: 404, reason: "nothing is served at this path" };

Deno.test("`createRequestLog()` sums up what repeats, by status and reason", () => {
  const { log, lines } = keptLog();
  const requests = createRequestLog({ ...log, debugs: false });
  for (let i = 0; i < 1_000; i++) {
    requests.info("request refused", { client: `${i}` }, NOTHING_HERE);
  }
  requests.info("request refused", { client: "x" }, { status: 403, reason: "this origin" });
  const written = lines.length;
  assert(written >= 101 && written < 110, `${written} lines`);
  assert.deepEqual(lines[0]!.fields, { client: "0", ...NOTHING_HERE });
  assert.equal(lines.at(-1)!.fields["status"], 403);
  requests.close();
  const [summary, ...none] = lines.slice(written);
  assert.equal(summary!.message, "more requests refused");
  assert.deepEqual(summary!.fields, { ...NOTHING_HERE, count: 1_001 - written, seconds: 0 });
  assert.deepEqual(none, []);
});

Deno.test("`createRequestLog()` keeps what happened to clients apart, and is bounded whatever they say", () => {
  const { log, lines } = keptLog();
  const requests = createRequestLog({ ...log, debugs: false });
  for (let i = 0; i < 20_000; i++) {
    requests.info("request refused", {}, { status: 426, reason: `opens with GET, not M${i}` });
  }
  for (let i = 0; i < 200; i++) requests.info("client went away before the upgrade", {});
  requests.close();
  assert(lines.length < 300, `${lines.length} lines`);
  const counted = lines.reduce((sum, { fields }) => sum + Number(fields["count"] ?? 1), 0);
  assert.equal(counted, 20_200, "every one is told of");
});

Deno.test("`createRequestLog()` writes all of them at debug level", () => {
  const { log, lines } = keptLog();
  const requests = createRequestLog(log);
  for (let i = 0; i < 1_000; i++) requests.info("request refused", {}, NOTHING_HERE);
  requests.close();
  assert.equal(lines.length, 1_000);
});

import assert from "node:assert/strict";
import { answer, REASON_PHRASES } from "../../lib/http/answer.ts";

Deno.test("`answer()` is plain text with the reason as its line, and the headers given", () => {
  assert.deepEqual(answer(503, "no backend can be reached", { "retry-after": "1" }), {
    status: 503,
    headers: { "content-type": "text/plain; charset=utf-8", "retry-after": "1" },
    body: "no backend can be reached\n",
  });
});

Deno.test("`REASON_PHRASES` has one for each status that is answered", () => {
  for (const status of [200, 206, 301, 304, 400, 403, 404, 408, 412, 416, 426, 431, 500, 503]) {
    assert.match(REASON_PHRASES[status] ?? "", /^[A-Z][A-Za-z ]+$/, String(status));
  }
});

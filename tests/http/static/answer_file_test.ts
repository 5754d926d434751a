import assert from "node:assert/strict";
import {
  answerFile,
  type FileFacts,
  type KnownFile,
  refuseRequest,
} from "../../../lib/http/static/answer_file.ts";

const MODIFIED_MS = Date.UTC(1994, 10, 6, 8, 49, 37) + 250;
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const NOW_MS = Date.UTC(2026, 10, 28);

const PAGE: KnownFile = facts("vnc.html", 1_000);

function facts(name: string, sizeBytes: number, beside: Partial<KnownFile> = {}): KnownFile {
  return { name, sizeBytes, modifiedMs: MODIFIED_MS, br: null, gzip: null, ...beside };
}

function compressed(sizeBytes: number, afterMs = 0): FileFacts {
  return { sizeBytes, modifiedMs: MODIFIED_MS + afterMs };
}

function ask(file: KnownFile, fields: Record<string, string> = {}, method = "GET", nowMs = NOW_MS) {
  const head = { method, headers: new Headers(fields) };
  const { status, headers, ...rest } = refuseRequest(head) ?? answerFile(head, file, nowMs);
  return { status, headers, slice: "slice" in rest ? rest.slice : null };
}

function tagOf(file: KnownFile, fields: Record<string, string> = {}): string {
  return ask(file, fields).headers.etag!;
}

Deno.test("`answerFile()` sends a file whole, with all that a client needs to know it again", () => {
  assert.deepEqual(ask(PAGE), {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": "1000",
      "accept-ranges": "bytes",
      "last-modified": MODIFIED,
      "etag": tagOf(PAGE),
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    },
    slice: { coding: "", from: 0, to: 1_000 },
  });
  assert.match(tagOf(PAGE), /^"[0-9a-f]+-3e8"$/);
  const empty = ask(facts("a.txt", 0));
  assert.deepEqual([empty.status, empty.headers["content-length"]], [200, "0"]);
});

Deno.test("`answerFile()` answers HEAD as it does GET, without the content, and without ranges", () => {
  const head = ask(PAGE, { "range": "bytes=0-9" }, "HEAD");
  assert.deepEqual(head, { ...ask(PAGE), slice: null });
  assert.equal(ask(PAGE, { "if-none-match": tagOf(PAGE) }, "HEAD").status, 304);
  assert.equal(ask(PAGE, { "if-match": '"x"' }, "HEAD").status, 412);
});

Deno.test("`refuseRequest()` refuses other methods, and names its own", () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"]) {
    const { status, headers } = ask(PAGE, {}, method);
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"], method);
  }
});

Deno.test("`refuseRequest()` refuses what brings a body", () => {
  const cases: [fields: Record<string, string>, status: number][] = [
    [{ "content-length": "0" }, 200],
    [{ "content-length": "000" }, 200],
    [{ "content-length": "1" }, 400],
    [{ "transfer-encoding": "chunked" }, 400],
    [{ "transfer-encoding": "identity" }, 400],
  ];
  for (const [fields, status] of cases) {
    for (const method of ["GET", "HEAD"]) {
      assert.equal(ask(PAGE, fields, method).status, status, JSON.stringify(fields));
    }
  }
});

Deno.test("`answerFile()` answers 304 with what a cache needs and nothing of the content", () => {
  const both = facts("a.js", 900, { gzip: compressed(300) });
  for (const fields of [{ "if-none-match": tagOf(both) }, { "if-modified-since": MODIFIED }]) {
    const { status, headers, slice } = ask(both, fields);
    assert.deepEqual([status, slice], [304, null]);
    assert.deepEqual(Object.keys(headers).sort(), ["cache-control", "etag", "vary"]);
  }
});

Deno.test("`answerFile()` sends a part as 206, and 416 with the size where there is none", () => {
  const cases: [
    fields: Record<string, string>,
    status: number,
    range: string | undefined,
    length: number,
  ][] = [
    [{ range: "bytes=0-9" }, 206, "bytes 0-9/1000", 10],
    [{ range: "bytes=-1" }, 206, "bytes 999-999/1000", 1],
    [{ range: "bytes=990-" }, 206, "bytes 990-999/1000", 10],
    [{ range: "bytes=0-" }, 206, "bytes 0-999/1000", 1_000],
    [{ range: "bytes=0-1,5-6" }, 200, undefined, 1_000],
    [{ range: "lines=0-1" }, 200, undefined, 1_000],
    [{ range: "bytes=0-9", "if-range": tagOf(PAGE) }, 206, "bytes 0-9/1000", 10],
    [{ range: "bytes=0-9", "if-range": MODIFIED }, 206, "bytes 0-9/1000", 10],
    [{ range: "bytes=0-9", "if-range": '"old"' }, 200, undefined, 1_000],
    // The whole is there even where the part of the old one is not.
    [{ range: "bytes=5000-", "if-range": '"old"' }, 200, undefined, 1_000],
    [{ "if-range": '"old"' }, 200, undefined, 1_000],
  ];
  for (const [fields, status, range, length] of cases) {
    const { headers, slice, ...answer } = ask(PAGE, fields);
    const name = JSON.stringify(fields);
    assert.deepEqual([answer.status, headers["content-range"]], [status, range], name);
    assert.equal(headers["content-length"], String(length), name);
    assert.equal(slice!.to - slice!.from, length, name);
    assert.equal(headers.etag, tagOf(PAGE), name);
  }
  const refused = ask(PAGE, { range: "bytes=1000-" });
  assert.deepEqual([refused.status, refused.headers["content-range"]], [416, "bytes */1000"]);
  assert.equal(refused.headers.etag, undefined);
});

Deno.test("`answerFile()` judges the conditions before the range", () => {
  const range = "bytes=5000-";
  assert.equal(ask(PAGE, { range, "if-none-match": tagOf(PAGE) }).status, 304);
  assert.equal(ask(PAGE, { range, "if-match": '"old"' }).status, 412);
  assert.equal(ask(PAGE, { range, "if-match": tagOf(PAGE) }).status, 416);
});

Deno.test("`answerFile()` sends what is compressed beside a file as a representation of its own", () => {
  const file = facts("rfb.js", 900, { br: compressed(200, 500), gzip: compressed(300) });
  const cases: [accepted: string | null, coding: string | undefined, length: string][] = [
    [null, undefined, "900"],
    ["gzip", "gzip", "300"],
    ["gzip, br", "br", "200"],
    ["br;q=0.5, gzip", "gzip", "300"],
    ["zstd", undefined, "900"],
  ];
  const tags = new Set<string>();
  for (const [accepted, coding, length] of cases) {
    const fields: Record<string, string> = accepted === null ? {} : { "accept-encoding": accepted };
    const { headers, slice } = ask(file, fields);
    const seen = [headers["content-encoding"], headers["content-length"], slice!.coding];
    assert.deepEqual(seen, [coding, length, coding ?? ""], `${accepted}`);
    assert.equal(headers["content-type"], "text/javascript; charset=utf-8");
    assert.equal(headers.vary, "accept-encoding");
    tags.add(headers.etag!);
    // Neither is told to a client that has the other.
    const other = { ...fields, "if-none-match": tagOf(file, { "accept-encoding": "br" }) };
    assert.equal(ask(file, other).status, coding === "br" ? 304 : 200, `${accepted}`);
  }
  assert.equal(tags.size, 3);
  const part = ask(file, { "accept-encoding": "br", "range": "bytes=-50" });
  assert.equal(part.headers["content-range"], "bytes 150-199/200");
  assert.deepEqual(part.slice, { coding: "br", from: 150, to: 200 });
});

Deno.test("`answerFile()` passes over what was compressed before the file was written", () => {
  const cases: [afterMs: number, coding: string | undefined][] = [
    [0, "gzip"],
    [60_000, "gzip"],
    // Some tools keep the second of the file's time, and no more.
    [-250, "gzip"],
    [-251, undefined],
    [-60_000, undefined],
  ];
  for (const [afterMs, coding] of cases) {
    const { headers } = ask(facts("a.js", 900, { gzip: compressed(300, afterMs) }), {
      "accept-encoding": "gzip",
    });
    assert.equal(headers["content-encoding"], coding, String(afterMs));
    assert.equal(headers.vary, coding && "accept-encoding", String(afterMs));
  }
});

Deno.test("`answerFile()` never says that a file was written after the answer", () => {
  const nowMs = MODIFIED_MS - 3_600_000;
  const { headers } = ask(PAGE, {}, "GET", nowMs);
  assert.equal(headers["last-modified"], "Sun, 06 Nov 1994 07:49:37 GMT");
  assert.equal(headers.etag, tagOf(PAGE));
});

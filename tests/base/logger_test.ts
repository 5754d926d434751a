import assert from "node:assert/strict";
import type { LogFormat } from "../../lib/base/log_level.ts";
import { type Logger, openLog } from "../../lib/base/logger.ts";

function logged(format: LogFormat, level: number, say: (log: Logger) => void): string[] {
  const lines: string[] = [];
  say(openLog({ format, level, write: (line) => lines.push(line) }));
  return lines;
}

function sayAll(log: Logger): void {
  log.error("e");
  log.warn("w");
  log.info("i");
  log.debug("d");
}

const withoutTime = (line: string) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, "");

Deno.test("`openLog()` writes what its level admits", () => {
  const cases: [number, string][] = [
    [0, ""],
    [1, "e"],
    [2, "ew"],
    [3, "ewi"],
    [4, "ewid"],
    [65535, "ewid"],
  ];
  for (const [level, messages] of cases) {
    const lines = logged("json", level, sayAll);
    assert.equal(lines.map((line) => JSON.parse(line).message).join(""), messages, `${level}`);
  }
});

Deno.test("`openLog()` writes what was asked for at every level but 0", () => {
  for (const level of [0, 1, 2, 3, 4]) {
    const lines = logged("text", level, (log) => log.answer("report", { backends: 2 }));
    const expected = level === 0 ? [] : ["info    report backends=2\n"];
    assert.deepEqual(lines.map(withoutTime), expected, `${level}`);
  }
});

Deno.test("`openLog()` says whether debug lines are written", () => {
  assert.equal(openLog({ format: "text", level: 3 }).debugs, false);
  assert.equal(openLog({ format: "text", level: 4 }).debugs, true);
  assert.equal(openLog({ format: "text", level: 2 }).informs, false);
  assert.equal(openLog({ format: "text", level: 3 }).informs, true);
});

Deno.test("`openLog()` writes text lines with a time, a level and the fields that are set", () => {
  const lines = logged("text", 3, (log) => {
    log.info("tunnel closed", {
      code: 1000,
      cause: "end of stream",
      skipped: undefined,
      pid: null,
    });
  });
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z /);
  assert.deepEqual(lines.map(withoutTime), [
    'info    tunnel closed code=1000 cause="end of stream" pid=null\n',
  ]);
});

Deno.test("`openLog()` writes one JSON object a line", () => {
  const [line] = logged("json", 3, (log) => log.warn("a\nb", { bytes: 5, up: true }));
  assert(line!.endsWith("}\n"));
  const { time, ...rest } = JSON.parse(line!);
  assert(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(rest, { level: "warning", message: "a\nb", bytes: 5, up: true });
});

Deno.test("`openLog()` lets no peer write lines, terminal commands or placeholders", () => {
  const lines = logged("text", 3, (log) => {
    log.info("say {x}\r\n\x1b[2J", { x: "1 {y}\n", origin: 'a"b', empty: "", c1: "\x9b2J" });
  });
  assert.deepEqual(lines.map(withoutTime), [
    'info    say {x}\\x0d\\x0a\\x1b[2J x="1 {y}\\n" origin="a\\"b" empty="" c1="\\x9b2J"\n',
  ]);
});

/** C1, the direction of text, ends of lines, a space of no width, an astral tag; DEL and C0 besides. */
const UNSEEN = ["\x9b", "\u202e", "\u2028", "\u2029", "\u200b", "\u{e0041}", "\x7f", "\x1b", "\0"];

Deno.test("`openLog()` writes no character in JSON that does something instead of being seen", () => {
  const said = `a${UNSEEN.join("b")} \ud800 "c" \\u202e é😀`;
  const [line] = logged("json", 3, (log) => log.info(said, { [said]: said }));
  assert.doesNotMatch(line!.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.match(line!, /\\u009bb\\u202eb\\u2028b\\u2029b\\u200bb\\udb40\\udc41b\\u007fb/);
  assert.match(line!, /é😀/);
  const parsed = JSON.parse(line!);
  assert.equal(parsed.message, said);
  assert.equal(parsed[said], said);
});

Deno.test("`openLog()` writes no such character in text either", () => {
  for (const character of UNSEEN) {
    const [line] = logged(
      "text",
      3,
      (log) => log.info(`m${character}`, { field: `f${character}` }),
    );
    assert.doesNotMatch(
      line!.slice(0, -1),
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u,
      JSON.stringify(character),
    );
  }
  const lines = logged("text", 3, (log) => log.info("a\u2028b", { field: "\u2029 \u{e0041}" }));
  assert.deepEqual(lines.map(withoutTime), [
    'info    a\\u{2028}b field="\\u{2029} \\u{e0041}"\n',
  ]);
});

Deno.test("`openLog()` replaces the log opened before", () => {
  const first = logged("text", 3, (log) => {
    const second = logged("text", 3, (other) => other.info("second"));
    assert.equal(second.length, 1);
    log.info("goes where the log now goes");
  });
  assert.equal(first.length, 0);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`\`openLog()\` cuts what is long, at once, in a line of ${format}`, () => {
    const long = "\x1b".repeat(60 * 1024 * 1024);
    const began = performance.now();
    const [line] = logged(format, 3, (log) => log.info(long, { reason: long, code: 1000 }));
    assert(
      performance.now() - began < 10_000,
      "60 MiB must not be searched for control characters",
    );
    // Twice 4,096 characters, each written as six at most.
    assert(line!.length < 50_000, `${line!.length}`);
    assert.equal(line!.match(/…/g)?.length, 2, "a mark shows where something was cut off");
    if (format === "json") assert.equal(JSON.parse(line!).code, 1000);
  });
}

Deno.test("`openLog()` leaves a program's longest line as it is", () => {
  const line = "é".repeat(4096);
  const [json] = logged("json", 3, (log) => log.info(line, { output: line }));
  const { message, output } = JSON.parse(json!);
  assert.deepEqual([message, output], [line, line]);
});

Deno.test("`openLog()` takes another level, form and place over while it is open", () => {
  const [first, second, access]: [string[], string[], string[]] = [[], [], []];
  const log = openLog({ format: "text", level: 3, write: (line) => first.push(line) });
  log.debug("unseen");
  log.access.info("a client");
  log.set({
    format: "json",
    level: 4,
    write: (line) => second.push(line),
    writeAccess: (line) => access.push(line),
  });
  log.debug("seen");
  log.access.debug("another");
  assert.deepEqual([log.debugs, log.access.debugs], [true, true]);
  log.set({ format: "text", level: 3, write: (line) => second.push(line), writeAccess: null });
  log.access.error("a third");
  assert.deepEqual([log.informs, log.access.informs], [true, false]);
  assert.deepEqual(first.map(withoutTime), ["info    a client\n"]);
  assert.deepEqual(second.map((line) => JSON.parse(line).message), ["seen"]);
  assert.deepEqual(access.map((line) => JSON.parse(line).message), ["another"]);
});

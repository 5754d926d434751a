import assert from "node:assert/strict";
import { BACKEND_COLUMNS, TUNNEL_COLUMNS } from "../../lib/cli/columns.ts";
import { formatTable, placeColumns, placedLine } from "../../lib/cli/table.ts";
import { fitted, textWidth } from "../../lib/cli/text_width.ts";
import { shortBytes, shortRate, shortTime } from "../../lib/cli/units.ts";
import { tunnelRow } from "./top_state.ts";

Deno.test("sizes, rates and times are short", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [102_298, "99.9 KiB"],
    [102_400, "100 KiB"],
    [1023.6 * 1024, "1.0 MiB"],
    [5 * 1024 ** 3, "5.0 GiB"],
    [2 ** 70, "1048576 PiB"],
  ];
  for (const [bytes, text] of sizes) assert.equal(shortBytes(bytes), text);
  assert.deepEqual([shortRate(0), shortRate(1), shortRate(2048)], ["0", "1 B/s", "2.0 KiB/s"]);
  const times: [number, string][] = [
    [-1, "0 s"],
    [59.9, "59 s"],
    [60, "1 m 00 s"],
    [3599, "59 m 59 s"],
    [3600, "1 h 00 m"],
    [86_399, "23 h 59 m"],
    [90_000, "1 d 01 h"],
    [1e8, "1157 d 09 h"],
  ];
  for (const [seconds, text] of times) assert.equal(shortTime(seconds), text);
});

Deno.test("`fitted()` fills and cuts to cells, of which wide characters take two and marks none", () => {
  const cases: [string, number, boolean, string][] = [
    ["abc", 5, false, "abc  "],
    ["abc", 5, true, "  abc"],
    ["abcdef", 4, false, "abc…"],
    ["abc", 0, false, ""],
    ["日本語", 6, false, "日本語"],
    ["日本語", 5, false, "日本…"],
    ["日本語", 4, false, "日… "],
    ["e\u0301e\u0301", 3, false, "e\u0301e\u0301 "],
    ["😀x", 3, false, "😀x"],
    ["▁▂█", 3, false, "▁▂█"],
  ];
  for (const [text, width, isRight, expected] of cases) {
    assert.equal(fitted(text, width, isRight), expected);
    assert.equal(textWidth(expected), width, expected);
  }
});

Deno.test("`formatTable()` aligns, leaves out empty columns, and lets nobody's words do anything", () => {
  const rows = [
    tunnelRow(7, { client: "10.0.0.1:5", user: "a\x1b[2J\u202eb", up: 1536, waits: "client" }),
    tunnelRow(123, { client: "[::1]:65535", user: "日本", upRate: 3_000_000 }),
  ];
  assert.deepEqual(formatTable(TUNNEL_COLUMNS, rows), [
    " ID  CLIENT       USER               ROUTE  BACKEND      AGE       UP  DOWN       UP/S  DOWN/S  WAITS",
    "  7  10.0.0.1:5   a\\x1b[2J\\u{202e}b  /      127.0.0.1:1  5 s  1.5 KiB   0 B          0       0  client",
    "123  [::1]:65535  日本               /      127.0.0.1:1  5 s      0 B   0 B  2.9 MiB/s       0",
  ]);
  assert.deepEqual(formatTable(BACKEND_COLUMNS, []), [
    "BACKEND  ROUTE  STATE  LOAD  SERVED  FAILURES  PID",
  ]);
});

Deno.test("`placeColumns()` fits any width: some columns go, others are cut", () => {
  const rows = [
    tunnelRow(1, { client: "[2001:db8::1234:5678]:65535", user: "somebody@example.com" }),
  ];
  const titleOf = ({ title }: { title: string }) => title;
  for (let width = 10; width <= 160; width++) {
    const placed = placeColumns(TUNNEL_COLUMNS, rows, width, titleOf);
    const line = placedLine(placed, (column) => column.text(rows[0]!), "…");
    assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    assert.equal(placed[0]?.column.title, "ID");
  }
  const narrow = placeColumns(TUNNEL_COLUMNS, rows, 40, titleOf).map(({ column }) => column.title);
  assert.deepEqual(narrow, ["ID", "CLIENT", "DOWN/S"]);
  const wide = placeColumns(TUNNEL_COLUMNS, rows, 160, titleOf).map(({ column }) => column.title);
  assert.deepEqual(
    wide,
    TUNNEL_COLUMNS.map(({ title }) => title).filter((title) => title !== "WAITS"),
  );
});

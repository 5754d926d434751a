import assert from "node:assert/strict";
import { formatFileMode, parseFileMode } from "../../lib/base/file_mode.ts";

Deno.test("`parseFileMode()` reads three octal digits", () => {
  const cases: [string, number | null][] = [
    ["660", 0o660],
    ["0660", 0o660],
    ["000", 0],
    ["777", 0o777],
    ["1777", null],
    ["0o660", null],
    ["66", null],
    ["668", null],
    [" 660", null],
    ["", null],
  ];
  for (const [text, mode] of cases) assert.equal(parseFileMode(text), mode, text);
});

Deno.test("`formatFileMode()` writes four digits", () => {
  for (const mode of ["0000", "0060", "0660", "0777"]) {
    assert.equal(formatFileMode(parseFileMode(mode)!), mode);
  }
});

import assert from "node:assert/strict";
import { createLineSplitter, MAX_LINE_BYTES, readLines } from "../../lib/process/lines.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function split(bytes: Uint8Array, pieceBytes: number): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    splitter.push(bytes.subarray(at, at + pieceBytes));
  }
  splitter.end();
  return lines;
}

const long = "x".repeat(MAX_LINE_BYTES);

for (
  const { name, input, expected } of [
    { name: "nothing", input: "", expected: [] },
    { name: "an empty line", input: "\n", expected: [""] },
    { name: "lines of both ends", input: "a\r\nb\n", expected: ["a", "b"] },
    { name: "a last line without an end", input: "a\nb", expected: ["a", "b"] },
    { name: "characters of several bytes", input: "grüße €\n😀\n", expected: ["grüße €", "😀"] },
    {
      name: "a line one short of the limit",
      input: `${long.slice(1)}\nb`,
      expected: [long.slice(1), "b"],
    },
    { name: "a line over the limit", input: `${long}yz\nb`, expected: [long, "yz", "b"] },
    { name: "an endless line", input: long + long + "z", expected: [long, long, "z"] },
  ]
) {
  Deno.test(`\`createLineSplitter()\` cuts ${name} alike, whatever the pieces`, () => {
    for (const pieceBytes of [1, 2, 3, 7, 4095, 4096, 4097, 100_000]) {
      assert.deepEqual(split(bytesOf(input), pieceBytes), expected);
    }
  });
}

Deno.test("`createLineSplitter()` replaces bytes that are not UTF-8, in their line alone", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82, 0x0a, 0x63, 0x0a);
  assert.deepEqual(split(bytes, 1), ["a\ufffdb", "\ufffd", "c"]);
});

Deno.test("`readLines()` reads a program's output to its end, a megabyte of it too", async () => {
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", "yes 0123456789 | head -n 100000"],
    stdout: "piped",
  }).spawn();
  let count = 0;
  const reader = readLines(process.stdout, (line) => {
    assert.equal(line, "0123456789");
    count++;
  });
  await reader.done;
  assert.equal(count, 100_000);
  await process.status;
});

Deno.test("`readLines()` lets go of a stream that stays open", async () => {
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", "echo ready; exec sleep 300"],
    stdout: "piped",
  }).spawn();
  const first = Promise.withResolvers<string>();
  const reader = readLines(process.stdout, first.resolve);
  assert.equal(await first.promise, "ready");
  await reader.cancel();
  await reader.done;
  process.kill("SIGKILL");
  await process.status;
});

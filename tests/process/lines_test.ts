import assert from "node:assert/strict";
import {
  createLineSplitter,
  type LineSink,
  MAX_LINE_BYTES,
  readLines,
} from "../../lib/process/lines.ts";

/** One that wants every line. */
const every = (line: (text: string) => void): LineSink => ({
  line,
  wantsAll: () => true,
  skipped: () => assert.fail("nothing is to be skipped"),
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

function split(bytes: Uint8Array, pieceBytes: number): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter(every((line) => lines.push(line)));
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

Deno.test("`createLineSplitter()` gives or counts each line, and gives the last ones of a piece", () => {
  const given: string[] = [];
  let skipped = 0;
  const splitter = createLineSplitter({
    line: (text) => given.push(text),
    wantsAll: () => given.length < 3,
    skipped: (count) => skipped += count,
  });
  const lines = Array.from({ length: 50_000 }, (_, at) => `line ${at}`);
  const bytes = bytesOf(lines.map((line) => `${line}\n`).join(""));
  for (let at = 0; at < bytes.length; at += 65536) splitter.push(bytes.subarray(at, at + 65536));
  splitter.end();
  assert.equal(given.length + skipped, lines.length);
  assert.deepEqual(given.slice(0, 3), lines.slice(0, 3));
  assert.deepEqual(given.slice(-5), lines.slice(-5));
  assert.ok(given.length < 2000, `${given.length} given`);
});

Deno.test("`createLineSplitter()` splits an endless line that is not wanted, too", () => {
  let given = 0;
  const splitter = createLineSplitter({
    line: (text) => given += text.length,
    wantsAll: () => false,
    skipped: () => assert.fail("there is no line to skip"),
  });
  splitter.push(new Uint8Array(65536).fill(0x78));
  splitter.end();
  assert.equal(given, 65536);
});

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
  const reader = readLines(
    process.stdout,
    every((line) => {
      assert.equal(line, "0123456789");
      count++;
    }),
  );
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
  const reader = readLines(process.stdout, every(first.resolve));
  assert.equal(await first.promise, "ready");
  await reader.cancel();
  await reader.done;
  process.kill("SIGKILL");
  await process.status;
});

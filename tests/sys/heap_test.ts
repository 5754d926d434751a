import assert from "node:assert/strict";
import { createTrimHeap } from "../../lib/sys/heap.ts";
import { residentBytes } from "../support/program.ts";

const CHUNK_BYTES = 64 * 1024;
const CHUNKS = 1024;

Deno.test({
  name: "`createTrimHeap()` gives back what lies free below a piece that is in use",
  ignore: Deno.build.os !== "linux",
  fn() {
    const libc = Deno.dlopen("libc.so.6", {
      malloc: { parameters: ["usize"], result: "pointer" },
      free: { parameters: ["pointer"], result: "void" },
      memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
    });
    const { malloc, free, memset } = libc.symbols;
    const chunks = Array.from({ length: CHUNKS }, () => {
      const chunk = malloc(BigInt(CHUNK_BYTES));
      memset(chunk, 1, BigInt(CHUNK_BYTES));
      return chunk;
    });
    const inUse = chunks.pop()!;
    for (const chunk of chunks) free(chunk);
    const before = residentBytes(Deno.pid);
    createTrimHeap()!();
    const givenBack = before - residentBytes(Deno.pid);
    free(inUse);
    libc.close();
    assert.ok(givenBack > CHUNKS * CHUNK_BYTES / 2, `${givenBack} bytes`);
  },
});

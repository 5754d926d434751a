import assert from "node:assert/strict";
import { formatProblem } from "../../lib/config/problem.ts";
import { MAX_FILE_BYTES, readConfig } from "../../lib/config/read.ts";

async function said(path: string): Promise<string[]> {
  const loaded = await readConfig(path, []);
  return "problems" in loaded ? loaded.problems.map(formatProblem) : [];
}

Deno.test("`readConfig()` says why a file can't be read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/x.toml`;
    assert.deepEqual(await said(path), [`${path}: cannot be read: there is no such file`]);
    assert.deepEqual(await said(folder), [`${folder}: cannot be read: it is a directory`]);
    await Deno.writeFile(path, Uint8Array.of(0x61, 0xff));
    assert.deepEqual(await said(path), [`${path}: cannot be read: it is not UTF-8 text`]);
    assert.deepEqual(await said("/dev/zero"), [
      `/dev/zero: must be at most ${MAX_FILE_BYTES} bytes`,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`readConfig()` reads a file, with or without a byte order mark", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const mark of ["", "\ufeff"]) {
      await Deno.writeTextFile(path, `${mark}[wstunnel.server."/"]\nport = 1\n`);
      assert("config" in await readConfig(path, []), mark);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("`readConfig()` needs no file", async () => {
  const value = { "/": { port: 1 } };
  const flags = [{ flag: "--server", path: ["wstunnel", "server"], value }];
  assert("config" in await readConfig(undefined, flags));
});

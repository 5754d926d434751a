/** `scripts/check_layers.ts`, over this tree and over one that breaks its rules. */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url).pathname;

async function checkLayers(folder: string) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "--allow-read=.", `${ROOT}scripts/check_layers.ts`],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, problems: new TextDecoder().decode(stderr).trimEnd().split("\n") };
}

/** A file that breaks a rule, and what is said of it. */
const BROKEN: readonly (readonly [file: string, code: string, problem: string])[] = [
  [
    "lib/backend/a.ts",
    'import type { Logger } from "../base/logger.ts";',
    "lib/backend/a.ts: is to emit an event, and imports lib/base/logger.ts",
  ],
  [
    "lib/cli/b.ts",
    'import { openLog } from "../base/logger.ts";',
    "lib/cli/b.ts: is to emit an event, and imports lib/base/logger.ts",
  ],
  [
    "lib/engine/c.ts",
    'console.error("no");',
    "lib/engine/c.ts: is to emit an event, and has console.error(",
  ],
  [
    "lib/sys/d.ts",
    "Deno.stderr.writeSync(bytes);",
    "lib/sys/d.ts: is to emit an event, and has Deno.stderr",
  ],
  [
    "lib/events/e.ts",
    'import "../process/reap.ts";',
    "lib/events/e.ts: lib/events must not import lib/process/reap.ts",
  ],
  ["lib/tunnel/f.ts", "await 0;", "lib/tunnel/f.ts: is to be pure, and has await"],
];

const KEPT: readonly (readonly [file: string, code: string])[] = [
  ["main.ts", "run(Deno.stderr);"],
  ["lib/base/logger.ts", "write(Deno.stderr);"],
  ["lib/events/log/open.ts", 'import { openLog } from "../../base/logger.ts";'],
  ["lib/events/log/sink.ts", 'import type { Logger } from "../../base/logger.ts";'],
  ["lib/control/g.ts", '// console.error("no")'],
];

Deno.test("this tree keeps the layers, and nothing but the log's sink logs", async () => {
  assert.deepEqual(await checkLayers(ROOT), { code: 0, problems: [""] });
});

Deno.test("`check_layers.ts` names each file that breaks a rule, and no other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const [file, code] of [...BROKEN, ...KEPT]) {
      const path = `${folder}/${file}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, code);
    }
    const { code, problems } = await checkLayers(folder);
    assert.equal(code, 1);
    assert.deepEqual(problems.sort(), BROKEN.map(([, , problem]) => problem).sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { thisMachine } from "../../lib/config/machine.ts";

Deno.test("`thisMachine()` tells programs, files, folders and nothing apart", async () => {
  const { kindOf, hasAccount } = thisMachine();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "", { mode: 0o644 });
    await Deno.writeTextFile(`${folder}/program`, "", { mode: 0o700 });
    await Deno.symlink("program", `${folder}/link`);
    await Deno.symlink("nothing", `${folder}/broken`);
    assert.deepEqual(
      ["", "/file", "/program", "/link", "/broken", "/none", "/file/none"]
        .map((name) => kindOf(folder + name)),
      ["folder", "file", "program", "program", null, null, null],
    );
    assert.equal(hasAccount("group", "no such group"), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

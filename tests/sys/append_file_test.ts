import assert from "node:assert/strict";
import { appendProblem, openToAppend } from "../../lib/sys/append_file.ts";
import { inFolder } from "../support/folder.ts";

Deno.test("`openToAppend()` makes a file for its owner and group, and writes behind what it holds", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/a.log`;
    for (const text of ["one\n", "two\n"]) {
      assert.equal(appendProblem(path), null);
      const opened = await openToAppend(path);
      assert.ok("file" in opened);
      using file = opened.file;
      await file.write(new TextEncoder().encode(text));
    }
    assert.equal(Deno.readTextFileSync(path), "one\ntwo\n");
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o640 & ~Deno.umask());
  });
});

Deno.test("`openToAppend()` says why a path is no file to write to, as `appendProblem()` does, and makes nothing", async () => {
  await inFolder(async (folder) => {
    const at = (name: string) => `${folder}/${name}`;
    const absent = "cannot be made: the folder that it is to be in";
    await Deno.mkdir(at("folder"));
    await Deno.writeTextFile(at("file"), "");
    await Deno.symlink(at("nothing"), at("link"));
    assert.ok((await new Deno.Command("mkfifo", { args: [at("pipe")] }).output()).success);
    const cases: readonly (readonly [path: string, problem: string])[] = [
      [at("folder"), "is a directory"],
      [`${at("folder")}/`, "is a directory"],
      [at("pipe"), "is no regular file"],
      [at("link"), "is a link to something that isn't there"],
      [at("no/a.log"), `${absent} isn't there`],
      [at("file/a.log"), `${absent} is no folder`],
    ];
    const before = [...Deno.readDirSync(folder)].length;
    for (const [path, problem] of cases) {
      assert.equal(appendProblem(path), problem, path);
      assert.deepEqual(await openToAppend(path), { problem }, path);
    }
    assert.equal([...Deno.readDirSync(folder)].length, before);
  });
});

Deno.test("`appendProblem()` takes a device, a link to a file and a file that isn't there", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink(`${folder}/file`, `${folder}/link`);
    for (const path of ["/dev/null", `${folder}/link`, `${folder}/new`]) {
      assert.equal(appendProblem(path), null, path);
    }
  });
});

import assert from "node:assert/strict";
import { promises } from "node:fs";
import { type Found, openBelow } from "../../../lib/engine/files/open_file.ts";
import { inTime } from "../../support/eventually.ts";

const PAGE = "<p>here";
const OUTSIDE = "not for anybody";

/** A root with a neighbour whose name begins alike, and links of each kind. */
async function layOut(base: string): Promise<string> {
  const root = `${base}/root`;
  await Deno.mkdir(`${root}/app/.hidden`, { recursive: true });
  await Deno.mkdir(`${base}/rooted`);
  await Deno.writeTextFile(`${base}/outside.txt`, OUTSIDE);
  await Deno.writeTextFile(`${base}/rooted/outside.txt`, OUTSIDE);
  await Deno.writeTextFile(`${root}/index.html`, PAGE);
  await Deno.writeTextFile(`${root}/app/index.html`, PAGE);
  await Deno.writeTextFile(`${root}/app/.hidden/page`, PAGE);
  const links = {
    "inside": "app/index.html",
    "app/up": "../index.html",
    "folder": "app",
    "there": `${root}/index.html`,
    "data": "app/.hidden/page",
    "out": "../outside.txt",
    "out-there": `${base}/outside.txt`,
    "away": "..",
    "beside": "../rooted",
    "chain": "away",
    "loop": "loop",
    "dangling": "nowhere",
    "null": "/dev/null",
    "proc": "/proc/self/environ",
  };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, `${root}/${name}`);
  return root;
}

async function withRoot(run: (root: string, base: string) => Promise<void>) {
  const base = await Deno.realPath(await Deno.makeTempDir());
  try {
    await run(await layOut(base), base);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

/** What a client would get to read, or what else was found. */
async function read(found: Found): Promise<string> {
  if (typeof found === "string") return found;
  if ("problem" in found) return found.problem;
  try {
    return await found.file.readFile("utf8");
  } finally {
    await found.file.close();
  }
}

Deno.test("`openBelow()` opens files, by links too as long as they stay below the root", async () => {
  await withRoot(async (root) => {
    const names = ["index.html", "app/index.html", "inside", "app/up", "folder/index.html"];
    for (const name of [...names, "there", "data"]) {
      assert.equal(await read(await openBelow(root, name)), PAGE, name);
    }
    for (const name of ["app", "folder"]) assert.equal(await openBelow(root, name), "folder", name);
  });
});

Deno.test("`openBelow()` finds nothing where a link leads out, and nothing where nothing is", async () => {
  await withRoot(async (root) => {
    const out = ["out", "out-there", "away/outside.txt", "chain/outside.txt", "beside/outside.txt"];
    const folders = ["away", "chain", "beside", "away/rooted"];
    const others = [
      "null",
      "proc",
      "../outside.txt",
      "app/../../outside.txt",
      "../rooted/outside.txt",
    ];
    const absent = ["nope", "index.html/x", "index.html/", "loop", "dangling", "a".repeat(300)];
    for (const name of [...out, ...folders, ...others, ...absent]) {
      assert.equal(await read(await openBelow(root, name)), "nothing", name);
    }
  });
});

Deno.test("`openBelow()` tells size and time of what is open", async () => {
  await withRoot(async (root) => {
    const writtenMs = Date.UTC(1994, 10, 6, 8, 49, 37) + 250;
    await Deno.utime(`${root}/index.html`, new Date(writtenMs), new Date(writtenMs));
    const found = await openBelow(root, "index.html");
    if (typeof found === "string" || "problem" in found) return assert.fail(JSON.stringify(found));
    assert.deepEqual(found.facts, { sizeBytes: PAGE.length, modifiedMs: writtenMs });
    await found.file.close();
  });
});

Deno.test("`openBelow()` doesn't wait at a pipe that nobody writes to", async () => {
  await withRoot(async (root) => {
    const made = await new Deno.Command("mkfifo", { args: [`${root}/pipe`] }).output();
    assert(made.success);
    assert.equal(await openBelow(root, "pipe"), "nothing");
  });
});

/** Runs with a real opening before and after which something else happens. */
async function openAmid(
  root: string,
  { before, after }: { before: () => Promise<void>; after: () => Promise<void> },
): Promise<string> {
  const { open } = promises;
  let opened = "";
  promises.open = async (...args) => {
    await before();
    const file = await open(...args);
    opened = await Deno.readTextFile(String(args[0]));
    await after();
    return file;
  };
  try {
    const found = await read(await openBelow(root, "app/index.html"));
    assert.equal(opened, OUTSIDE);
    return found;
  } finally {
    promises.open = open;
  }
}

/** Opens a file in whose place something else is put before. */
async function openSwapped(
  root: string,
  put: (path: string) => Disposable | void,
): Promise<string> {
  const { open } = promises;
  using placed = new DisposableStack();
  promises.open = (...args) => {
    Deno.removeSync(`${root}/index.html`);
    placed.use(put(`${root}/index.html`) ?? null);
    return open(...args);
  };
  try {
    const found = openBelow(root, "index.html");
    return await inTime("what is there instead", found.then(read), () => {
      // Whoever waits for a writer has one.
      Deno.openSync(`${root}/index.html`, { read: true, write: true }).close();
    });
  } finally {
    promises.open = open;
  }
}

Deno.test("`openBelow()` shows no pipe, socket or link that has taken a file's place while it opened, and waits for none", async () => {
  const pipe = (path: string) => void new Deno.Command("mkfifo", { args: [path] }).outputSync();
  const socket = (path: string) => Deno.listen({ transport: "unix", path });
  const link = (path: string) => Deno.symlinkSync("../outside.txt", path);
  for (const put of [pipe, socket, link]) {
    await withRoot(async (root) => assert.equal(await openSwapped(root, put), "nothing"));
  }
});

Deno.test("`openBelow()` shows nothing of a folder that a link out has taken the place of while it opened", async () => {
  await withRoot(async (root, base) => {
    await Deno.mkdir(`${base}/evil`);
    await Deno.writeTextFile(`${base}/evil/index.html`, OUTSIDE);
    const swap = async () => {
      await Deno.rename(`${root}/app`, `${base}/kept`);
      await Deno.symlink(`${base}/evil`, `${root}/app`);
    };
    const swapBack = async () => {
      await Deno.remove(`${root}/app`);
      await Deno.rename(`${base}/kept`, `${root}/app`);
    };
    const stays = async () => {};
    assert.equal(await openAmid(root, { before: swap, after: stays }), "nothing");
    await swapBack();
    assert.equal(await openAmid(root, { before: swap, after: swapBack }), "nothing");
    assert.equal(await read(await openBelow(root, "app/index.html")), PAGE);
  });
});

import assert from "node:assert/strict";
import {
  changeSocketFile,
  openSocketFile,
  removeStaleSocket,
} from "../../lib/engine/unix_socket.ts";

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/x.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Leaves the file of a listener that is gone: hard-linked, since the runtime takes its own name away. */
function leaveStale(path: string): void {
  const listener = Deno.listen({ transport: "unix", path: path + ".once" });
  Deno.linkSync(path + ".once", path);
  listener.close();
}

Deno.test("`removeStaleSocket()` removes the file of a listener that is gone", async () => {
  await inFolder(async (path) => {
    leaveStale(path);
    assert(exists(path));
    await removeStaleSocket(path);
    assert.equal(exists(path), false);
    Deno.listen({ transport: "unix", path }).close();
  });
});

Deno.test("`removeStaleSocket()` leaves a socket that answers, and its listener works on", async () => {
  await inFolder(async (path) => {
    const listener = Deno.listen({ transport: "unix", path });
    await removeStaleSocket(path);
    assert(exists(path));
    (await listener.accept()).close();
    const [client, accepted] = await Promise.all([
      Deno.connect({ transport: "unix", path }),
      listener.accept(),
    ]);
    client.close();
    accepted.close();
    listener.close();
  });
});

Deno.test("`removeStaleSocket()` lets somebody else remove it meanwhile", async () => {
  await inFolder(async (path) => {
    leaveStale(path);
    await Promise.all([removeStaleSocket(path), removeStaleSocket(path)]);
    assert.equal(exists(path), false);
  });
});

Deno.test("`removeStaleSocket()` leaves a file and a folder alone", async () => {
  await inFolder(async (path) => {
    await Deno.writeTextFile(path, "precious");
    await removeStaleSocket(path);
    assert.equal(await Deno.readTextFile(path), "precious");
    await Deno.remove(path);
    await Deno.mkdir(path);
    await removeStaleSocket(path);
    assert(exists(path));
  });
});

Deno.test("`removeStaleSocket()` does nothing where there is no file, or for an abstract name", async () => {
  await inFolder(async (path) => {
    await removeStaleSocket(path);
    await removeStaleSocket("\0wstunnel-test");
    assert.equal(exists(path), false);
  });
});

Deno.test("`removeStaleSocket()` removes a link to a socket that is gone, not the socket", async () => {
  await inFolder(async (path) => {
    leaveStale(path);
    await Deno.symlink(path, path + ".link");
    await removeStaleSocket(path + ".link");
    assert.deepEqual([exists(path), exists(path + ".link")], [true, false]);
  });
});

Deno.test("`openSocketFile()` lets nobody connect who may not, at no time", async () => {
  await inFolder((path) => {
    const files = [{ mode: 0o660 }, { mode: 0o606 }, { mode: 0o660, group: String(Deno.gid()) }];
    for (const file of files) {
      const before = Deno.umask(0);
      try {
        const open = () => Deno.listen({ transport: "unix", path });
        let first = 0;
        const listener = openSocketFile(path, file, () => {
          const opened = open();
          first = modeOf(path);
          return opened;
        }, (opened) => opened.close());
        assert.equal(first & ~file.mode, 0, first.toString(8));
        assert.equal(modeOf(path), file.mode);
        assert.equal(Deno.umask(), 0);
        listener.close();
      } finally {
        Deno.umask(before);
      }
    }
    return Promise.resolve();
  });
});

Deno.test("`openSocketFile()` gives the umask back where it can't listen", () => {
  const before = Deno.umask();
  const file = { mode: 0o600 };
  const fail = () => {
    throw new Deno.errors.AddrInUse("taken");
  };
  assert.throws(() => openSocketFile("/x", file, fail, () => {}), Deno.errors.AddrInUse);
  assert.equal(Deno.umask(), before);
});

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

Deno.test(
  "`changeSocketFile()` changes mode, group and owner, and back, and leaves the file as it was where it can't",
  {
    ignore: Deno.uid() !== 0,
  },
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/s`;
    const listener = Deno.listen({ transport: "unix", path });
    const now = () => {
      const { mode, uid, gid } = Deno.statSync(path);
      return [(mode! & 0o777).toString(8), uid, gid];
    };
    try {
      const ours = { mode: 0o660 };
      Deno.chmodSync(path, ours.mode);
      const undo = changeSocketFile(path, ours, { mode: 0o620, owner: "7", group: "8" });
      assert.deepEqual(now(), ["620", 7, 8]);
      undo();
      assert.deepEqual(now(), ["660", 0, 0]);

      const theirs = { mode: 0o600, owner: "7", group: "8" };
      changeSocketFile(path, ours, theirs);
      changeSocketFile(path, theirs, ours);
      assert.deepEqual(now(), ["660", Deno.uid(), Deno.gid()]);

      const missing = { mode: 0o666, group: "no-such-group" };
      assert.throws(() => changeSocketFile(path, ours, missing), /no-such-group is no group in/);
      assert.deepEqual(now(), ["660", 0, 0]);
    } finally {
      listener.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

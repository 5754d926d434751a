/** Who may connect to a unix-domain socket that the program listens at. */
import assert from "node:assert/strict";
import { testUnless } from "../ship/executable.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { runProgram, startProgram, startWords } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { ENGINES, testEngines } from "./engine_limits.ts";
import { hostLines, startWithFile } from "./whole.ts";

type Words = readonly [string, ...string[]];

const NOT_ROOT = Deno.uid() === 0 ? null : "it needs root";

/** The group of /etc/group that has no members and no files. */
const GROUP = "nogroup";

const NO_GROUP = ((): string | null => {
  const isThere = Deno.readTextFileSync("/etc/group").includes(`\n${GROUP}:`);
  return isThere ? null : `there is no group ${GROUP}`;
})();

function withUmask(umask: string): Words {
  return ["sh", "-c", `umask ${umask}; exec "$@"`, "sh", ...startWords()];
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o755);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function look(path: string) {
  const { mode, uid, gid } = Deno.statSync(path);
  return { mode: (mode! & 0o7777).toString(8), uid, gid };
}

function groupId(name: string): number {
  const line = Deno.readTextFileSync("/etc/group").split("\n")
    .find((entry) => entry.startsWith(`${name}:`))!;
  return Number(line.split(":")[2]);
}

const OURS = { uid: Deno.uid(), gid: Deno.gid() };

testEngines(
  "a socket of another program at our path is left alone at the end",
  (engine) =>
    inFolder(async (folder) => {
      const path = `${folder}/a.sock`;
      await using program = await startProgram(
        ["--engine", engine, "--server", "127.0.0.1:9"],
        { listen: [`unix:${path}`] },
      );
      await Deno.remove(path);
      using _other = Deno.listen({ transport: "unix", path });
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      assert(Deno.lstatSync(path).isSocket);
    }),
);

testEngines(
  "who takes our place while tunnels end keeps the socket's file",
  (engine) =>
    inFolder(async (folder) => {
      await using backend = serveBackend(echo);
      const path = `${folder}/a.sock`;
      const config = `${folder}/wstunnel.toml`;
      await Deno.writeTextFile(
        config,
        `drain-time = 20\n[[wstunnel.server."/"]]\n${hostLines(backend.address)}\n`,
      );
      await using program = await startProgram(
        ["--engine", engine, "--frame-type", "binary", "--config", config],
        { listen: [`unix:${path}`] },
      );
      const client = await openTunnel(program.address);
      program.signal("SIGTERM");
      await eventually("nobody listens", () => {
        try {
          return !Deno.lstatSync(path);
        } catch {
          return true;
        }
      });
      using _next = Deno.listen({ transport: "unix", path });
      client[Symbol.dispose]();
      assert.equal(await program.exit(), 0);
      assert(Deno.lstatSync(path).isSocket);
    }),
);

testEngines(
  "a socket's file is our user's and group's alone, whatever the umask",
  (engine) =>
    inFolder(async (folder) => {
      for (const umask of ["000", "022", "077"]) {
        const path = `${folder}/${umask}.sock`;
        await using _program = await startProgram(
          ["--engine", engine, "--server", "127.0.0.1:9"],
          { listen: [`unix:${path}`], words: withUmask(umask) },
        );
        assert.deepEqual(look(path), { mode: "660", ...OURS }, umask);
      }
    }),
);

testEngines(
  "a socket's file has the mode of its table in the file",
  (engine) =>
    inFolder(async (folder) => {
      await using _program = await startWithFile(
        `engine = "${engine}"
      [[listen]]
      address = "unix:${folder}/all.sock"
      mode = "0666"
      [[listen]]
      address = "unix:${folder}/ours.sock"
      mode = "600"
      owner = "${OURS.uid}"
      group = "${OURS.gid}"
      [[listen]]
      address = "127.0.0.1:0"
      [wstunnel.server."/"]
      port = 9`,
        { listen: [], listeners: 3 },
      );
      assert.deepEqual(look(`${folder}/all.sock`), { mode: "666", ...OURS });
      assert.deepEqual(look(`${folder}/ours.sock`), { mode: "600", ...OURS });
    }),
);

testEngines("the program's umask is what it was", (engine) =>
  inFolder(async (folder) => {
    await using program = await startProgram(
      ["--engine", engine, "--server", "127.0.0.1:9"],
      { listen: [`unix:${folder}/a.sock`], words: withUmask("027") },
    );
    const status = Deno.readTextFileSync(`/proc/${program.pid}/status`);
    assert.equal(/^Umask:\s+(\d+)$/m.exec(status)?.[1], "0027");
  }));

const PYTHON = installed("python3");

/** Exits 0 when it has connected, 3 when it may not. */
const CONNECT = `import socket, sys
try: socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except PermissionError: sys.exit(3)`;

/** Tries to connect as a user without rights. */
async function connects(path: string, group: string): Promise<boolean> {
  const user = ["--reuid=64321", `--regid=${group}`, "--clear-groups"];
  const { code } = await new Deno.Command("setpriv", {
    args: [...user, PYTHON!, "-c", CONNECT, path],
  }).output();
  assert([0, 3].includes(code), `exit code ${code}`);
  return code === 0;
}

for (const engine of ENGINES) {
  testUnless(
    NOT_ROOT ?? NO_GROUP ?? (PYTHON === null ? "python3 isn't installed" : null),
    `${engine}: the group that a flag names may connect, and nobody else`,
    () =>
      inFolder(async (folder) => {
        const path = `${folder}/a.sock`;
        const flags = ["--listen-mode", "0620", "--listen-group", GROUP];
        await using _program = await startProgram(
          ["--engine", engine, "--server", "127.0.0.1:9", ...flags],
          { listen: [`unix:${path}`, "127.0.0.1:0"] },
        );
        assert.deepEqual(look(path), { mode: "620", uid: 0, gid: groupId(GROUP) });
        assert.deepEqual([await connects(path, GROUP), await connects(path, "64321")], [
          true,
          false,
        ]);
      }),
  );
}

/** What can't be had, and what is said of it. */
const UNOBTAINABLE: readonly [table: string, problem: RegExp][] = [
  ['group = "no-such"', /no-such is no group in \/etc\/group: give its number$/],
  ['owner = "no-such"', /no-such is no user in \/etc\/passwd: give its number$/],
  ['group = "64321"', /it can't be given to group 64321: Operation not permitted \(os error 1\)$/],
  ['owner = "64321"', /it can't be given to user 64321: Operation not permitted \(os error 1\)$/],
];

/** Without the right to give files away, which root has. */
const UNPRIVILEGED: Words = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-chown", ...startWords()]
  : startWords();

testEngines(
  "an owner or a group that can't be had is exit code 1, and no file is left",
  (engine) =>
    inFolder(async (folder) => {
      const path = `${folder}/a.sock`;
      for (const [table, problem] of UNOBTAINABLE) {
        await Deno.writeTextFile(
          `${folder}/x.toml`,
          `engine = "${engine}"
        listen = { address = "unix:${path}", ${table} }
        [wstunnel.server."/"]
        port = 9`,
        );
        const { code, stderr } = await runProgram(["--config", `${folder}/x.toml`], UNPRIVILEGED);
        assert.equal(code, 1, stderr);
        assert.match(stderr, new RegExp(`error +cannot listen on unix:${path}: `));
        assert.match(stderr.trimEnd(), problem);
        assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
      }
    }),
);

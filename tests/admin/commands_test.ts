/** The commands that ask a server that runs: by its socket, and at an address with a token. */
import assert from "node:assert/strict";
import { DEFAULT_SOCKET } from "../../lib/cli/admin_place.ts";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { installed } from "../support/installed.ts";
import { type Program, runProgram, startProgram, startWords } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";

interface World {
  readonly program: Program;
  readonly folder: string;
  /** Where its configuration stands. */
  readonly file: string;
  readonly admin: string;
  readonly token: string;
  readonly backend: string;
  /** Runs a command that finds the server by its configuration. */
  ask(...words: string[]): ReturnType<typeof runProgram>;
}

/** The two places of an admin listener. */
const PLACES = {
  "a socket": (folder: string) => `unix:${folder}/admin.sock`,
  "an address with a token": () => `127.0.0.1:${freePort()}`,
};

async function inWorld(place: keyof typeof PLACES, test: (world: World) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await using backend = serveBackend(echo);
    const admin = PLACES[place](folder);
    const token = makeSecret("the token of the admin listener");
    const file = `${folder}/wstunnel.toml`;
    await Deno.writeTextFile(`${folder}/token`, `${token}\n`, { mode: 0o600 });
    await Deno.writeTextFile(file, configuration(folder, admin, backend.address));
    await using program = await startProgram(["--config", file]);
    const ask = (...words: string[]) => runProgram([...words, "--config", file]);
    await test({ program, folder, file, admin, token, backend: backend.address, ask });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function configuration(folder: string, admin: string, backend: string, more = ""): string {
  const { port } = new URL(`tcp://${backend}`);
  return `admin = "${admin}"\nadmin-token-file = "${folder}/token"\n` +
    `${more}[wstunnel]\nframe-type = "binary"\n` +
    `[[wstunnel.server."/a"]]\nport = ${port}\n[[wstunnel.server."/b"]]\nport = ${port}\n`;
}

for (const place of Object.keys(PLACES) as (keyof typeof PLACES)[]) {
  Deno.test(`over ${place} tunnels are listed and ended`, () =>
    inWorld(place, async ({ program, backend, ask }) => {
      using one = await openTunnel(program.address, "/a");
      using two = await openTunnel(program.address, "/b");
      const listed = await ask("tunnels");
      assert.deepEqual([listed.code, listed.stderr], [0, ""]);
      const rows = listed.stdout.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
      assert.deepEqual(
        rows.map((cells) => cells.map((cell) => cell.trim())).slice(1).map(
          ([id, , route, to]) => [id, route, to],
        ),
        [["1", "/a", backend], ["2", "/b", backend]],
      );

      const { stdout } = await ask("tunnels", "--json");
      const { tunnels } = JSON.parse(stdout);
      assert.deepEqual(tunnels.map(({ id }: { id: number }) => id), [1, 2]);

      const ended = await ask("end", "2", "77");
      assert.equal(ended.code, 1);
      assert.equal(ended.stdout, "tunnel 2 is being ended\n");
      assert.match(ended.stderr, /^wstunnel: there is no tunnel "77"\n$/);
      assert.equal((await two.closed()).code, 1001);
      await one.send(2, "on");
      assert.equal(new TextDecoder().decode(await one.message()), "on");
    }));

  Deno.test(`over ${place} backends are listed, drained and used again`, () =>
    inWorld(place, async ({ program, backend, ask }) => {
      const states = async () => {
        const { code, stdout } = await ask("backends");
        assert.equal(code, 0);
        return stdout.trimEnd().split("\n").slice(1).map((line) => line.split(/ {2,}/).slice(0, 3));
      };
      assert.deepEqual(await states(), [[backend, "/a", "up"], [backend, "/b", "up"]]);
      const drained = await ask("drain", backend, "--route", "/a");
      assert.deepEqual([drained.code, drained.stderr], [0, ""]);
      assert.equal(drained.stdout, `${backend} of /a gets no new tunnels\n`);
      assert.deepEqual(await states(), [[backend, "/a", "up, drained"], [backend, "/b", "up"]]);
      await assert.rejects(openTunnel(program.address, "/a"), /refused: 503/);
      using _other = await openTunnel(program.address, "/b");

      assert.deepEqual(JSON.parse((await ask("drain", backend, "--json")).stdout), { changed: 2 });
      const enabled = await ask("enable", backend);
      assert.equal(enabled.stdout, `${backend} gets tunnels again\n`);
      using _one = await openTunnel(program.address, "/a");

      for (
        const [words, what] of [
          [["drain", "nobody:1"], '"nobody:1"'],
          [["enable", backend, "--route", "/none"], `"${backend}" of "/none"`],
        ] as const
      ) {
        const none = await ask(...words);
        assert.deepEqual([none.code, none.stdout], [1, ""]);
        assert.equal(
          none.stderr,
          `wstunnel: there is no backend ${what}: wstunnel backends lists them\n`,
        );
      }
    }));

  Deno.test(`over ${place} a reload prints what changes, or what is wrong`, () =>
    inWorld(place, async ({ program, folder, file, admin, backend, ask }) => {
      const same = await ask("reload");
      assert.deepEqual([same.code, same.stderr], [0, ""]);
      assert.equal(same.stdout, "nothing has changed\n");

      const write = (more: string) =>
        Deno.writeTextFile(file, configuration(folder, admin, backend, more));
      await write("grace-time = 3\n");
      const changed = await ask("reload");
      assert.deepEqual([changed.code, changed.stderr], [0, ""]);
      assert.match(changed.stdout, /grace-time/);

      await write('grace-time = "soon"\n');
      const wrong = await ask("reload");
      assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
      assert.match(wrong.stderr, /^wstunnel: .*wstunnel\.toml:3: grace-time: .*\n/);
      const json = await ask("reload", "--json");
      assert.equal(json.code, 1);
      assert.equal(JSON.parse(json.stdout).problems.length, 1);
      await write("");
      assert.equal((await ask("reload")).code, 0);
      const refused = "the reload is refused, the configuration before it still holds";
      await program.entry(refused, 2);
      assert.equal(program.entries(refused).length, 2);
    }));
}

Deno.test("who has no token, or another's, is told what is wanted", () =>
  inWorld("an address with a token", async ({ folder, admin, token }) => {
    const other = makeSecret("another token");
    await Deno.writeTextFile(`${folder}/other`, other);
    const without = await runProgram(["end", "1", "--admin", admin]);
    assert.equal(without.code, 1);
    assert.match(
      without.stderr,
      /^wstunnel: needs the token of the server's admin-token-file: by --admin-token-file FILE, --config FILE or the variable WSTUNNEL_ADMIN_TOKEN\n$/,
    );
    const wrong = await runProgram([
      "reload",
      "--admin",
      admin,
      "--admin-token-file",
      `${folder}/other`,
    ]);
    assert.equal(wrong.code, 1);
    assert.equal(
      wrong.stderr,
      "wstunnel: the token that was shown is not that of admin-token-file\n",
    );
    const right = ["--admin", admin, "--admin-token-file", `${folder}/token`];
    assert.equal((await runProgram(["reload", ...right])).code, 0);

    // The environment has it where nothing else does.
    const [program, ...words] = startWords();
    const { success } = await new Deno.Command(program, {
      args: [...words, "reload", "--admin", admin],
      env: { WSTUNNEL_ADMIN_TOKEN: token },
      stdout: "null",
    }).output();
    assert(success);
  }));

const NOWHERE = /--admin ADDRESS, or with --config FILE .* \/run\/wstunnel\/admin\.sock/;

Deno.test("a command says where it looked, and who is there", async () => {
  await using backend = serveBackend(async ({ write }) => {
    await write(new TextEncoder().encode("SSH-2.0-of another kind\r\n"));
  });
  await using page = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("\x1b]0;no such page\x07\n", { status: 404 }),
  );
  await using other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json({ tunnels: "none" }),
  );
  const folder = await Deno.makeTempDir();
  const broken = `${folder}/broken.toml`;
  await Deno.writeTextFile(broken, "admin = \n");
  const empty = `${folder}/empty.toml`;
  await Deno.writeTextFile(empty, "");
  // A server of this machine's own may be there.
  const isServed = await Deno.lstat(DEFAULT_SOCKET).then(() => true, () => false);
  const cases: [words: string[], code: number, stderr: RegExp][] = [
    ...(isServed ? [] : [
      [["tunnels"], 2, NOWHERE],
      [["tunnels", "--config", empty], 2, NOWHERE],
    ] as [string[], number, RegExp][]),
    [["tunnels", "--config", broken], 2, /broken\.toml:1:.* not TOML/],
    [["tunnels", "--config", `${folder}/none`], 2, /none: cannot be read/],
    [["tunnels", "--admin", "9090"], 2, /--admin: must be host:port.* current value is "9090"/],
    [["tunnels", "--admin", `unix:${folder}/none`], 1, /nobody listens at unix:/],
    [["tunnels", "--admin", `127.0.0.1:${freePort()}`], 1, /nobody listens at 127/],
    [["tunnels", "--admin", backend.address], 1, /is no admin listener of wstunnel/],
    [
      ["tunnels", "--admin", `127.0.0.1:${page.addr.port}`],
      1,
      /answers 404: \\x1b\]0;no such page\\x07; is it the admin listener/,
    ],
    ...["tunnels", "backends", "reload", "drain x", "end 1"].map((
      words,
    ): [string[], number, RegExp] => [
      [...words.split(" "), "--admin", `127.0.0.1:${other.addr.port}`],
      1,
      /answers 200.*; is it the admin listener/,
    ]),
    [["reload", "--admin", `unix:${empty}`], 1, /nobody listens|cannot connect/],
  ];
  for (const [words, code, stderr] of cases) {
    const ran = await runProgram(words);
    assert.deepEqual([ran.code, ran.stdout], [code, ""], words.join(" "));
    assert.match(ran.stderr, stderr);
    assert.equal(ran.stderr.trimEnd().split("\n").length, 1);
  }
  await Deno.remove(folder, { recursive: true });
});

const SETPRIV = installed("setpriv");

Deno.test({
  name: `who may not connect to the socket is told who may${
    SETPRIV === null ? " (skipped: no setpriv)" : ""
  }`,
  ignore: SETPRIV === null || Deno.uid() !== 0,
  fn: () =>
    inWorld("a socket", async ({ folder, admin }) => {
      await Deno.chown(`${folder}/admin.sock`, 65534, 65534);
      const powerless = [SETPRIV!, "--bounding-set=-all", "--inh-caps=-all"] as const;
      const ran = await runProgram(["tunnels", "--admin", admin], [...powerless, ...startWords()]);
      assert.deepEqual([ran.code, ran.stdout], [1, ""]);
      assert.match(ran.stderr, /: permission denied: run it as root, or as the user that wstunnel/);
    }),
});

Deno.test("a pipe whose reader has gone is no error", () =>
  inWorld("a socket", async ({ program, admin }) => {
    using _one = await openTunnel(program.address, "/a");
    const [command, ...words] = startWords();
    const all = [command, ...words, "tunnels", "--admin", admin].map((word) => `'${word}'`);
    const script = `set -o pipefail; ${all.join(" ")} | head -1`;
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: new URL("../../", import.meta.url),
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.deepEqual([code, error], [0, ""]);
    assert.match(out!, /^ID +CLIENT +ROUTE .*\n$/);
  }));

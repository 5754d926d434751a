/** The log in files: what goes where, what can't be a file, and how it is rotated. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { runProgram, startWords } from "../support/program.ts";
import { Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import {
  entriesIn,
  entriesOf,
  entriesOfMessage,
  linesOf,
  type Logged,
  startLogged,
  type Words,
} from "./log_file.ts";
import { inFolder } from "../support/folder.ts";

const HOLDS = "the configuration holds from now on";
const REFUSED = "the reload is refused, the configuration before it still holds";

/** Asks for something that is refused, and waits for the answer. */
async function refusal({ address }: Logged, path: string): Promise<void> {
  using client = await openRaw(address);
  await client.write(`GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
  assert.equal((await client.head()).status, 426);
}

/** Opens a tunnel, sends some bytes there and back, and closes it. */
async function visit({ address }: Logged, path = "/"): Promise<void> {
  using client = await openTunnel(address, path);
  await client.send(Opcode.BINARY, "hello");
  assert.equal(new TextDecoder().decode(await client.message(Opcode.BINARY)), "hello");
  assert.equal((await client.close(1000)).code, 1000);
}

Deno.test("the log goes to a file and the lines of clients to another, behind what these hold; standard error has nothing", async () => {
  await using backend = serveBackend(echo);
  await inFolder(async (folder) => {
    const [log, access] = [`${folder}/own.log`, `${folder}/access.log`];
    const before = '{"message":"before"}\n';
    Deno.writeTextFileSync(log, before);
    const secret = makeSecret("the query");
    await using program = await startLogged([
      ...["--server", backend.address, "--frame-type", "binary", "--log-format", "json"],
      ...["--log-file", log, "--access-log", access],
    ]);
    await visit(program, `/?token=${secret}`);
    await refusal(program, `/?token=${secret}`);
    await entriesIn(access, "tunnel closed");
    await entriesIn(access, "request refused");
    program.signal("SIGTERM");
    assert.equal(await program.exit(), 0);
    assert.deepEqual(program.errors.all, []);
    const own = entriesOf(log).map(({ message }) => message);
    assert.equal(own[0], "before");
    assert.match(own[1]!, /^listening on /);
    assert.equal(own.at(-1), "SIGTERM: ending", "the last line is there");
    const clients = entriesOf(access).map(({ message }) => message);
    assert.deepEqual(clients.sort(), ["request refused", "tunnel closed", "tunnel opened"]);
    assert.ok(!own.some((message) => clients.includes(message)));
    assert.equal(Deno.statSync(access).mode! & 0o777, 0o640 & ~Deno.umask());
    assertNoSecret("the log's files", linesOf(log, access).join("\n"));
  });
});

Deno.test("lines of clients alone may go to a file, or nowhere", async () => {
  await using backend = serveBackend(echo);
  await inFolder(async (folder) => {
    const access = `${folder}/access.log`;
    const flags = ["--server", backend.address, "--frame-type", "binary", "--log-format", "json"];
    {
      await using program = await startLogged([...flags, "--access-log", access]);
      await visit(program);
      await entriesIn(access, "tunnel closed");
      await program.errors.find(/listening on/);
      assert.doesNotMatch(program.errors.all.join("\n"), /tunnel (opened|closed)/);
    }
    await using program = await startLogged([...flags, "--access-log", "off", "--debug", "4"]);
    await visit(program);
    program.signal("SIGTERM");
    assert.equal(await program.exit(), 0);
    await program.errors.find(/SIGTERM: ending/);
    assert.doesNotMatch(
      program.errors.all.join("\n"),
      /tunnel (opened|closed)|frame (received|sent)/,
    );
    assert.ok(![...Deno.readDirSync(folder)].some(({ name }) => name === "off"));
  });
});

/** Without the right to write where permissions don't let it, which root has. */
const UNPRIVILEGED: Words = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", ...startWords()]
  : startWords();

Deno.test("what can't be a log is an error of `check` and of the start, with its line, and nothing is made", async () => {
  await inFolder(async (folder) => {
    const at = (name: string) => `${folder}/${name}`;
    await Deno.mkdir(at("folder"));
    await Deno.mkdir(at("closed"), { mode: 0o500 });
    await Deno.writeTextFile(at("closed.log"), "", { mode: 0o400 });
    await Deno.symlink(at("nothing"), at("link"));
    await new Deno.Command("mkfifo", { args: [at("pipe")] }).output();
    const cases: readonly (readonly [key: string, file: string, said: string])[] = [
      ["log-file", at("folder"), "is a directory"],
      ["log-file", at("pipe"), "is no regular file"],
      ["log-file", "/dev/full", "cannot be opened: it is the system's own"],
      ["access-log", "/proc/self/mem", "cannot be opened: it is the system's own"],
      ["access-log", at("link"), "is a link to something that isn't there"],
      ["access-log", at("no/a.log"), "the folder that it is to be in isn't there"],
      ["log-file", at("closed/a.log"), "cannot be opened: permission denied"],
      ["log-file", at("closed.log"), "cannot be opened: permission denied"],
      ["access-log", "/dev/stdout", "cannot be opened: it is the system's own"],
    ];
    const config = at("wstunnel.toml");
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    const before = [...names(), "wstunnel.toml"].sort();
    for (const [key, file, said] of cases) {
      await Deno.writeTextFile(
        config,
        `${key} = "${file}"\n[[wstunnel.server."/"]]\nport = 1\n`,
      );
      for (const command of [["check"], ["--listen", "127.0.0.1:0"]]) {
        const { code, stderr } = await runProgram(
          [...command, "--frame-type", "binary", "--config", config],
          UNPRIVILEGED,
        );
        assert.equal(code, 2, stderr);
        assert.ok(stderr.startsWith(`wstunnel: ${config}:1: ${key}: "${file}" `), stderr);
        assert.ok(stderr.includes(said), stderr);
      }
    }
    const twice = ["--log-file", at("a.log"), "--access-log", at("a.log"), "--server", "a:1"];
    const { code, stderr } = await runProgram(["check", "--frame-type", "binary", ...twice]);
    assert.deepEqual([code, /^wstunnel: --access-log: must be another file/.test(stderr)], [
      2,
      true,
    ]);
    assert.equal(
      (await runProgram(["check", "--frame-type", "binary", ...twice.slice(2)])).code,
      0,
    );
    assert.deepEqual(names(), before, "`check` makes no file");
  });
});

Deno.test("what keeps the program from starting is on standard error as well as in the log", async () => {
  await inFolder(async (folder) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const log = `${folder}/own.log`;
    const { code, stderr } = await runProgram([
      ...["--server", "127.0.0.1:1", "--frame-type", "binary", "--log-file", log],
      ...["--listen", `127.0.0.1:${taken.addr.port}`],
    ]);
    assert.equal(code, 1);
    for (const text of [stderr, Deno.readTextFileSync(log)]) assert.match(text, /cannot listen on/);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  });
});

/** Rotates what a configuration of logrotate says, whatever its age. */
async function rotate(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(installed("logrotate")!, {
    args: ["--force", "--state", `${folder}/state`, `${folder}/logrotate.conf`],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "logrotate under load loses no line and doubles none",
  ignore: installed("logrotate") === null,
  async fn() {
    await using backend = serveBackend(echo);
    await inFolder(async (folder) => {
      const logs = `${folder}/log`;
      await Deno.mkdir(logs, { mode: 0o755 });
      const [log, access] = [`${logs}/own.log`, `${logs}/access.log`];
      await using program = await startLogged([
        ...["--server", backend.address, "--log-format", "json", "--debug", "debug"],
        ...["--log-file", log, "--access-log", access, "--frame-type", "binary"],
      ]);
      const shipped = Deno.readTextFileSync(
        new URL("../../packaging/wstunnel.logrotate", import.meta.url),
      );
      const own = shipped.replaceAll("/var/log/wstunnel", logs)
        .replace(/systemctl reload wstunnel\.service/, `kill -HUP ${program.pid}`);
      assert.ok(own.includes(`kill -HUP ${program.pid}`) && own.includes(`${logs}/*.log`));
      await Deno.writeTextFile(`${folder}/logrotate.conf`, own, { mode: 0o600 });

      const [ROTATIONS, ASKERS] = [5, 8];
      let over = false;
      const asked = await Promise.all([
        ...Array.from({ length: ASKERS }, async (_, asker) => {
          let count = 0;
          for (; !over; count++) await refusal(program, `/${asker}-${count}`);
          return count;
        }),
        (async () => {
          for (let nth = 1; nth <= ROTATIONS; nth++) {
            // Of a file that is moved away some lines are on their way.
            await entriesIn(access, "request refused", 20);
            await rotate(folder);
            await eventually("new files", () => isThere(log) && isThere(access));
          }
          over = true;
          return 0;
        })(),
      ]);
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      assert.deepEqual(program.errors.all, []);

      for (const name of [...Deno.readDirSync(logs)].map(({ name }) => name)) {
        if (!name.endsWith(".gz")) continue;
        await new Deno.Command("gunzip", { args: [`${logs}/${name}`] }).output();
      }
      const files = (name: string) =>
        Array.from(
          { length: ROTATIONS + 1 },
          (_, at) => `${logs}/${name}${at === 0 ? "" : `.${at}`}`,
        );
      const paths = entriesOfMessage("request refused", ...files("access.log"))
        .map(({ path }) => String(path));
      const expected = asked.slice(0, ASKERS)
        .flatMap((count, asker) => Array.from({ length: count }, (_, at) => `/${asker}-${at}`));
      assert.equal(paths.length, expected.length, "each line once");
      assert.deepEqual(paths.sort(), expected.sort());
      for (const file of files("access.log")) assert.ok(linesOf(file).length > 0, file);
      assert.equal(entriesOfMessage(HOLDS, ...files("own.log")).length, ROTATIONS);
    });
  },
});

/** Whether the program has a file open. */
function holds({ pid }: Pick<Logged, "pid">, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].some(({ name }) => {
    try {
      return Deno.readLinkSync(`${folder}/${name}`) === path;
    } catch {
      // It has been closed meanwhile.
      return false;
    }
  });
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("a reload takes over where the log goes, its form and its level; one that can't open the file changes nothing", async () => {
  await using backend = serveBackend(echo);
  const port = new URL(`tcp://${backend.address}`).port;
  await inFolder(async (folder) => {
    const at = (name: string) => `${folder}/${name}`;
    const config = at("wstunnel.toml");
    const write = (top: string, debug = 3) =>
      Deno.writeTextFile(
        config,
        `${top}\n[wstunnel]\nframe-type = "binary"\ndebug = ${debug}\n[[wstunnel.server."/"]]\nport = ${port}\n`,
      );
    await write(`log-format = "json"\nlog-file = "${at("a.log")}"`);
    await using program = await startLogged(["--config", config]);
    const stays = await openTunnel(program.address, "/");
    await visit(program);

    await write(
      `log-format = "json"\nlog-file = "${at("a.log")}"\naccess-log = "${at("c.log")}"`,
      4,
    );
    program.signal("SIGHUP");
    await entriesIn(at("a.log"), HOLDS);
    await visit(program);
    await entriesIn(at("c.log"), "frame sent", 2);
    assert.deepEqual(entriesOfMessage("frame sent", at("a.log")), []);

    await write(`log-format = "text"\nlog-file = "${at("no/b.log")}"`);
    program.signal("SIGHUP");
    const [problem] = (await entriesIn(at("a.log"), REFUSED)).slice(-1);
    assert.equal(problem!["problems"], 1);
    assert.match(Deno.readTextFileSync(at("a.log")), /wstunnel\.toml:2: log-file: .*isn't there/);
    await visit(program);
    await entriesIn(at("c.log"), "frame sent", 4);

    await write(`log-format = "text"\nlog-file = "${at("b.log")}"`);
    program.signal("SIGHUP");
    await eventually("a text", () => isThere(at("b.log")) && linesOf(at("b.log")).length > 1);
    const frames = entriesOfMessage("frame sent", at("c.log")).length;
    await visit(program);
    await eventually("its end", () => /tunnel closed/.test(Deno.readTextFileSync(at("b.log"))));
    assert.doesNotMatch(Deno.readTextFileSync(at("b.log")), /^\{|frame/m);
    assert.equal(entriesOfMessage("frame sent", at("c.log")).length, frames);

    await write(`log-format = "text"`);
    program.signal("SIGHUP");
    await program.errors.find(/the configuration holds/);
    assert.equal((await stays.close(1000)).code, 1000);
    stays[Symbol.dispose]();
    await program.errors.find(/tunnel closed/);
  });
});

Deno.test("a reload that is refused opens the files again all the same: they may have been moved away", async () => {
  await inFolder(async (folder) => {
    const [config, log] = [`${folder}/wstunnel.toml`, `${folder}/own.log`];
    const text = `log-format = "json"\nlog-file = "${log}"\n[[wstunnel.server."/"]]\nport = 1\n`;
    await Deno.writeTextFile(config, text);
    await using program = await startLogged(["--config", config]);
    await Deno.rename(log, `${log}.1`);
    await Deno.writeTextFile(config, text + "port = 2\n");
    program.signal("SIGHUP");
    await entriesIn(`${log}.1`, REFUSED);
    await eventually(
      "a new file in place of the former one",
      () => isThere(log) && !holds(program, `${log}.1`),
    );
    await refusal(program, "/");
    await entriesIn(log, "request refused");
    assert.deepEqual(entriesOfMessage("request refused", `${log}.1`), []);
  });
});

/** A disk of so few bytes; null where none can be had. */
async function smallDisk(folder: string, bytes: number): Promise<AsyncDisposable | null> {
  const run = (program: string, ...args: string[]) =>
    new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output();
  const { success } = await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "none", folder);
  if (!success) return null;
  return { [Symbol.asyncDispose]: async () => void await run("umount", "--lazy", folder) };
}

Deno.test({
  name:
    "a full disk holds nobody up: lines are dropped, told once, counted, and go on when there is room",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using backend = openBackend();
    await inFolder(async (folder) => {
      await using disk = await smallDisk(folder, 64 * 1024);
      if (disk === null) return console.log("  no disk can be mounted here");
      const [log, ballast] = [`${folder}/own.log`, `${folder}/ballast`];
      Deno.writeFileSync(ballast, new Uint8Array(32 * 1024));
      await using program = await startLogged([
        ...["--server", backend.address, "--log-format", "json", "--debug", "debug"],
        ...["--log-file", log, "--frame-type", "binary"],
      ]);
      const COUNT = 400;
      for (let i = 0; i < COUNT; i++) await refusal(program, `/${i}`);
      await program.errors.find(/the log can't be written, its lines are dropped.*No space left/);
      const client = await openTunnel(program.address, "/");
      await client.send(Opcode.BINARY, "still here");
      const taken = await backend.take();
      assert.equal(
        new TextDecoder().decode(await taken.reader.exactly(10, "the payload")),
        "still here",
      );
      assert.equal((await client.close(1000)).code, 1000);
      client[Symbol.dispose]();
      taken.close();

      Deno.removeSync(ballast);
      await refusal(program, "/last");
      await eventually("the last", () => Deno.readTextFileSync(log).includes('"/last"'));
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
      assert.equal(program.errors.all.length, 1, "told once");
      const entries = linesOf(log).flatMap((line) => {
        try {
          return [JSON.parse(line)];
        } catch {
          return [];
        }
      });
      assert.ok(linesOf(log).length - entries.length <= 1, "one line is broken off at most");
      const dropped = entries.filter(({ message }) => message === "log lines dropped")
        .reduce((sum, { count }) => sum + count, 0);
      const written = entries.filter(({ message }) => message === "request refused").length;
      // What else was dropped: the tunnel's opening and end, and its frames.
      const others = dropped - (COUNT + 1 - written);
      assert.ok(written < COUNT && others >= 0 && others < 20, `${written} and ${dropped}`);
      assert.ok(entries.some(({ message }) => message === "SIGTERM: ending"));
    });
  },
});

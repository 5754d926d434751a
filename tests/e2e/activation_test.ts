/** Sockets that whoever starts the program has opened: systemd's own program for it, and a parent that keeps one while the program is started again. */
import assert from "node:assert/strict";
import { isAtLeast } from "../../lib/base/version.ts";
import { listenFdsCommand, openListeningSocket } from "../../lib/process/listening_socket.ts";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { accepts, installed } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { type Program, runProgram, startProgram, startWords } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { visitors } from "../support/visitors.ts";
import { inFolder } from "../support/folder.ts";

const ACTIVATE = installed("systemd-socket-activate");
const OPTIONS = { ignore: ACTIVATE === null };

/** What the runtime needs of the environment, of which else nothing is passed on. */
const PASSED = ["HOME", "PATH", "DENO_DIR"].filter((name) => Deno.env.has(name));

/** The program behind systemd's, which opens sockets and starts it once somebody has connected. */
function activated(sockets: Readonly<Record<string, string>>): [string, ...string[]] {
  return [
    ACTIVATE!,
    ...Object.values(sockets).flatMap((address) => ["--listen", address]),
    `--fdname=${Object.keys(sockets).join(":")}`,
    ...PASSED.map((name) => `--setenv=${name}`),
    ...startWords(),
  ];
}

async function start(
  sockets: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Program> {
  const words = activated(sockets);
  const starting = startProgram(args, {
    words,
    listen: [],
    listeners: Object.keys(sockets).length,
  });
  // Who is first has it started.
  const [first] = Object.values(sockets);
  const address = first!.startsWith("/") ? `unix:${first}` : first!;
  starting.catch(() => {});
  await eventually("systemd's sockets", () => accepts(address));
  return await starting;
}

async function visit(address: string): Promise<void> {
  using client = await openTunnel(address);
  await client.send(2, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
}

for (const engine of ["stream", "loop", "native"]) {
  Deno.test(
    `${engine}: sockets are taken by name and by address, and stay systemd's at a reload`,
    OPTIONS,
    async () => {
      if (engine === "native" && !isAtLeast(Deno.version.deno, 2, 9)) return;
      await inFolder(async (folder) => {
        await using backend = serveBackend(echo);
        const [web, more] = [`127.0.0.1:${freePort()}`, `[::1]:${freePort()}`];
        const file = `${folder}/wstunnel.toml`;
        const write = (listen: readonly string[]) =>
          Deno.writeTextFile(
            file,
            `listen = ${JSON.stringify(listen)}
engine = "${engine}"
[[wstunnel.server."/"]]
port = ${new URL(`tcp://${backend.address}`).port}
`,
          );
        await write(["fd:web", "fd:5", `unix:${folder}/s`]);
        const sockets = { web, local: `${folder}/s`, more };
        await using program = await start(sockets, ["--config", file]);
        const path = `unix:${folder}/s`;
        assert.deepEqual(program.addresses, [web, more, path]);
        for (const address of program.addresses) await visit(address);

        using tunnel = await openTunnel(web);
        await write([more]);
        program.signal("SIGHUP");
        await program.entry("the configuration holds from now on");
        await program.entry(`no longer listening on ${web}`);
        await visit(more);
        // It is open all the same, and who connects waits.
        const [late, local] = [visit(web), visit(path)];
        await write(["fd:local", more, web]);
        program.signal("SIGHUP");
        await program.entry("the configuration holds from now on", 2);
        await Promise.all([late, local]);
        await tunnel.send(2, "on");
        assert.equal(new TextDecoder().decode(await tunnel.payload(2)), "on");
        tunnel[Symbol.dispose]();

        program.signal("SIGTERM");
        assert.equal(await program.exit(), 0);
        assert.ok((await Deno.stat(`${folder}/s`)).isSocket, "the file is not ours to remove");
      });
    },
  );
}

Deno.test("TLS is spoken at a socket that was handed over, from a reload on", {
  ignore: OPTIONS.ignore || NO_OPENSSL !== null,
}, async () => {
  await using tls = await tlsSetting();
  const { cert, key } = tls.server;
  await using backend = serveBackend(echo);
  const file = `${tls.folder}/wstunnel.toml`;
  const write = (listen: string) =>
    Deno.writeTextFile(
      file,
      `listen = ${listen}\n[[wstunnel.server."/"]]
port = ${new URL(`tcp://${backend.address}`).port}
`,
    );
  await write('"fd:web"');
  const web = `127.0.0.1:${freePort()}`;
  await using program = await start({ web }, ["--config", file]);
  await visit(web);
  await write(`[{ address = "fd:web", tls = { cert = "${cert}", key = "${key}" } }]`);
  program.signal("SIGHUP");
  await program.entry("the configuration holds from now on");
  await visit(overTls(web));
});

Deno.test(
  "a program that is started inherits no descriptor and is told of none",
  OPTIONS,
  async () => {
    await inFolder(async (folder) => {
      const script = `${folder}/told`;
      await Deno.writeTextFile(
        script,
        "#!/bin/sh\nenv | grep -c LISTEN_\nfor fd in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && readlink /proc/$$/fd/$fd; done\necho end\n",
      );
      await Deno.chmod(script, 0o755);
      const web = `127.0.0.1:${freePort()}`;
      await using program = await start({ web }, [
        ...["--listen", "fd:3", "--frame-type", "binary", "--server", `exec:${script}`],
      ]);
      using client = await openTunnel(program.address);
      let told = "";
      while (!told.endsWith("end\n")) told += new TextDecoder().decode(await client.message());
      assert.doesNotMatch(told, /socket:/);
      assert.match(told, /^0\n/);
    });
  },
);

Deno.test("what can't be taken, and what nobody takes, is told at the start", OPTIONS, async () => {
  const refusalOf = async (listen: string) => {
    const port = String(freePort());
    const web = `127.0.0.1:${port}`;
    const args = ["--listen", listen.replace("PORT", port), "--server", "127.0.0.1:1"];
    const ending = runProgram(args, activated({ web }));
    await eventually("systemd's socket", () => accepts(web));
    const { code, stderr } = await ending;
    assert.equal(code, 1, stderr);
    return stderr.replaceAll(web, "ADDRESS").replaceAll(port, "PORT");
  };
  assert.match(
    await refusalOf("127.0.0.1:0"),
    /nothing is to listen at what was handed over \(LISTEN_FDS\): fd:3 \(fd:web\) at ADDRESS; listen = "fd:3" does/,
  );
  // Its port is in use: by the socket that was handed over.
  assert.match(
    await refusalOf("0.0.0.0:PORT"),
    /cannot listen on 0\.0\.0\.0:PORT: another program listens there; nothing is to listen at what was handed over \(LISTEN_FDS\): fd:3 \(fd:web\) at ADDRESS; listen = "fd:3" does/,
  );
  assert.match(
    await refusalOf("fd:other"),
    /cannot listen on fd:other: what was handed over is fd:3 \(fd:web\)/,
  );
});

Deno.test("what is no socket that listens, or is another process's, is told as that", async () => {
  for (
    const [script, problem] of [
      ['exec "$@"', "no descriptor was handed over (LISTEN_FDS is not set)"],
      [
        'LISTEN_PID=1 LISTEN_FDS=1 exec "$@"',
        "no descriptor was handed over (LISTEN_PID is 1, and this process is ",
      ],
      [
        'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null',
        "fd:3 can't be used: it is no socket",
      ],
    ] as const
  ) {
    const words = ["/bin/sh", "-c", script, "sh", ...startWords()] as const;
    const args = ["--listen", "fd:3", "--server", "127.0.0.1:1"];
    const { code, stderr } = await runProgram(args, [...words]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`cannot listen on fd:3: ${problem}`), stderr);
  }
});

Deno.test("nobody is told to listen at what can't be listened at", async () => {
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null';
  const args = ["--listen", "127.0.0.1:0", "--server", "127.0.0.1:1"];
  const { code, stderr } = await runProgram(args, ["/bin/sh", "-c", script, "sh", ...startWords()]);
  assert.equal(code, 1);
  assert.match(stderr, /nothing is to listen at .*\(LISTEN_FDS\): fd:3: it is no socket$/m);
});

for (const engine of ["stream", "loop", "native"]) {
  Deno.test(
    `${engine}: inetd's way: the socket that listens is standard input`,
    OPTIONS,
    async () => {
      if (engine === "native" && !isAtLeast(Deno.version.deno, 2, 9)) return;
      await using backend = serveBackend(echo);
      const [command, ...words] = activated({ web: `127.0.0.1:${freePort()}` });
      const address = words[1]!;
      const starting = startProgram([
        ...["--listen", "fd:0", "--server", backend.address, "--frame-type", "binary"],
        ...["--engine", engine, "--exit-after-tunnels", "1"],
      ], { words: [command, "--inetd", ...words], listen: [], listeners: 1 });
      starting.catch(() => {});
      await eventually("systemd's socket", () => accepts(address));
      await using program = await starting;
      assert.equal(program.address, address);
      await visit(address);
      assert.equal(await program.exit(), 0);
    },
  );
}

Deno.test("standard input that is no socket is told as that", async () => {
  const { code, stderr } = await runProgram(["--listen", "fd:0", "--server", "127.0.0.1:1"]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot listen on fd:0: standard input: it is no socket/);
});

const PER_SECOND = 100;

/** How often it is started again. */
const RESTARTS = { stream: 1, loop: 3, native: 1 };

for (const engine of ["stream", "loop", "native"] as const) {
  Deno.test(`${engine}: a socket outlives the program: while it is started again nobody is refused`, async () => {
    if (engine === "native" && !isAtLeast(Deno.version.deno, 2, 9)) return;
    const restarts = RESTARTS[engine];
    await using backend = serveBackend(echo);
    const address = { transport: "tcp", hostname: "127.0.0.1", port: freePort() } as const;
    const opened = openListeningSocket(address, 512);
    if (!opened.ok) throw new Error(opened.reason);
    const { socket } = opened;
    const words = listenFdsCommand([
      ...startWords(),
      ...["--listen", "fd:3", "--server", backend.address, "--frame-type", "binary"],
      ...["--engine", engine],
    ]);
    const startOne = () => {
      const child = socket.asDescriptorZero(() =>
        new Deno.Command(words[0]!, {
          args: words.slice(1),
          cwd: new URL("../../", import.meta.url),
          stdin: "inherit",
          stdout: "null",
          stderr: "piped",
        }).spawn()
      );
      return { child, log: readLines(child.stderr) };
    };
    const coming = visitors(`127.0.0.1:${address.port}`, PER_SECOND);
    for (let round = 0; round <= restarts; round++) {
      const { child, log } = startOne();
      try {
        await eventually(
          "its listener",
          () => log.all.some((line) => line.includes("listening on")),
        );
        await coming.more(PER_SECOND / 2);
        if (round === restarts) {
          const outcomes = await coming.end();
          assert.deepEqual(Object.keys(outcomes), ["101"], JSON.stringify(outcomes));
          assert.ok(outcomes["101"]! > restarts * PER_SECOND / 2);
        }
      } finally {
        child.kill("SIGTERM");
        await inTime(
          "its end",
          Promise.all([child.status, log.ended]),
          () => child.kill("SIGKILL"),
        );
      }
    }
    socket.close();
  });
}

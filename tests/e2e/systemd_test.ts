/** What systemd is told of the program (sd_notify(3)), and what its journal is given. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { startProgram, startWords } from "../support/program.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import {
  openServiceManager,
  type ServiceManager,
  serviceWords,
  type Told,
} from "../support/service_manager.ts";
import { text } from "./whole.ts";

const python = installed("python3");

/** A test with a folder and a manager that has its socket there. */
function testManaged(
  name: string,
  body: (manager: ServiceManager, folder: string) => Promise<void>,
): void {
  Deno.test({
    name: `${name}${python === null ? " (skipped: there is no python3)" : ""}`,
    ignore: python === null,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await using manager = await openServiceManager(python!, `${folder}/notify`);
        await body(manager, folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

function valueOf({ lines }: Told, name: string): string {
  return lines.find((line) => line.startsWith(`${name}=`))!.slice(name.length + 1);
}

testManaged(
  "systemd is told of start, reloads, tunnels and the end, in order",
  async (manager, folder) => {
    await using backend = serveBackend(echo);
    const file = `${folder}/wstunnel.toml`;
    const write = (more: string) =>
      Deno.writeTextFile(
        file,
        `drain-time = 600\n${more}\n[wstunnel]\nframe-type = "binary"\n[[wstunnel.server."/"]]\nport = ${
          backend.address.split(":")[1]
        }\n`,
      );
    await write("");
    const listen = [`127.0.0.1:${manager.port}`];
    await using program = await startProgram(["--config", file], {
      words: serviceWords(manager),
      listen,
    });
    const ready = await manager.find("READY=1");
    assert.deepEqual(ready.lines, ["READY=1", "STATUS=0 tunnels"]);
    assert.deepEqual([ready.accepts, ready.pid], [true, program.pid]);

    const reload = async (): Promise<Told> => {
      const before = manager.told.length;
      program.signal("SIGHUP");
      const begun = await manager.find("RELOADING=1", before);
      const usec = Number(valueOf(begun, "MONOTONIC_USEC"));
      // systemd takes it for the answer to its signal where it is not from before that.
      assert.ok(usec <= begun.usec && usec > manager.told[before - 1]!.usec, `${usec}`);
      return await manager.find("READY=1", before + 1);
    };
    assert.equal(valueOf(await reload(), "STATUS"), "0 tunnels");
    await write(`max-tunnels = 1`);
    assert.match(
      valueOf(await reload(), "STATUS"),
      /^0 tunnels; the last reload was refused: .*wstunnel\.toml:2: max-tunnels: /,
    );
    await write("");
    assert.equal(valueOf(await reload(), "STATUS"), "0 tunnels");

    const client = await openTunnel(program.address);
    await client.send(Opcode.BINARY, "words");
    assert.equal(text(await client.payload(5)), "words");
    await manager.find("STATUS=1 tunnel");
    program.signal("SIGTERM");
    const stopping = await manager.find("STOPPING=1");
    assert.equal(valueOf(stopping, "STATUS"), "ending, 1 tunnel left");
    // What it takes at most: drain-time, grace-time and 5 s.
    assert.equal(valueOf(stopping, "EXTEND_TIMEOUT_USEC"), String((600 + 8 + 5) * 1e6));
    program.signal("SIGHUP");
    await program.entry("the reload is refused, the configuration before it still holds", 2);
    await client.close(1000);
    client[Symbol.dispose]();
    assert.equal(await program.exit(), 0);
    const steps = manager.told.flatMap(({ lines }) => lines)
      .filter((line) => /^(READY|RELOADING|STOPPING)=/.test(line));
    const reloaded = ["RELOADING=1", "READY=1"];
    assert.deepEqual(steps, ["READY=1", ...reloaded, ...reloaded, ...reloaded, "STOPPING=1"]);
  },
);

testManaged(
  "the status follows the tunnels, once a second and only where it changes",
  async (manager) => {
    await using backend = openBackend();
    await using program = await startProgram(["--server", backend.address], {
      words: serviceWords(manager),
    });
    await manager.find("READY=1");
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => openTunnel(program.address)),
    );
    await manager.find("STATUS=30 tunnels");
    for (const client of clients) {
      await client.close(1000);
      client[Symbol.dispose]();
    }
    await manager.find("STATUS=0 tunnels", 1);
    const { told } = manager;
    // Less than a second where the machine let the manager wait for the first of two.
    const tooSoon = told.filter((one, at) => at > 0 && one.usec - told[at - 1]!.usec < 500_000);
    assert.deepEqual(tooSoon, []);
    const seconds = (told.at(-1)!.usec - told[0]!.usec) / 1e6;
    assert.ok(told.length <= 2 + seconds, JSON.stringify(told));
  },
);

testManaged(
  "the watchdog hears of it at twice the pace, and nothing while it stands still",
  async (manager) => {
    const words = serviceWords(manager, { WATCHDOG_USEC: "2000000" });
    await using program = await startProgram(["--server", "127.0.0.1:1"], { words });
    const beats = () => manager.told.filter(({ lines }) => lines.includes("WATCHDOG=1"));
    await eventually("some beats", () => beats().length >= 5);
    const times = beats().map(({ usec }) => usec);
    const pauses = times.slice(1).map((usec, at) => usec - times[at]!);
    // Half of two seconds each; a busy machine may be late, never by so much that systemd would end it.
    assert.ok(pauses.every((usec) => usec < 1_950_000), `${pauses}`);
    const mean = (times.at(-1)! - times[0]!) / pauses.length;
    assert.ok(mean > 900_000 && mean < 1_500_000, `${mean}`);

    program.signal("SIGSTOP");
    await eventually(
      "it to be stopped",
      () => /^State:\tT/m.test(Deno.readTextFileSync(`/proc/${program.pid}/status`)),
    );
    const stoppedAt = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
    const before = beats().length;
    await eventually(
      "two of its times to pass",
      () => Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) > stoppedAt + 4,
    );
    // One may have been on its way.
    assert.ok(beats().length <= before + 1);
    program.signal("SIGCONT");
    await eventually("it to go on", () => beats().length > before + 1);
  },
);

testManaged(
  "what the manager says is for the program alone: others get none of it",
  async (manager) => {
    const words = serviceWords(manager, {
      WATCHDOG_USEC: "400000",
      WATCHDOG_PID: "1",
      KEPT: "kept",
    });
    const command = "exec:/usr/bin/env";
    await using program = await startProgram(["--server", command, "--frame-type", "binary"], {
      words,
    });
    await manager.find("READY=1");
    using client = await openTunnel(program.address);
    let environment = "";
    while (!environment.includes("KEPT=kept\n")) environment += text(await client.message());
    assert.doesNotMatch(environment, /NOTIFY_SOCKET|WATCHDOG/);
    // Of the watchdog another process is asked for.
    await manager.find(/^STATUS=1 tunnel$|^STATUS=0 tunnels$/, 1);
    assert.ok(manager.told.every(({ lines }) => !lines.includes("WATCHDOG=1")));
  },
);

Deno.test({
  name: "a manager's socket may have an abstract name",
  ignore: python === null,
  async fn() {
    await using manager = await openServiceManager(python!, `@wstunnel-${crypto.randomUUID()}`);
    await using program = await startProgram(["--server", "127.0.0.1:1"], {
      words: serviceWords(manager),
    });
    assert.equal((await manager.find("READY=1")).pid, program.pid);
  },
});

const UNTOLD = "the service manager can't be told of us (NOTIFY_SOCKET)";

testManaged("a manager that can't be told is warned of once", async (manager) => {
  const words = serviceWords({ ...manager, socket: "vsock:2:1234" });
  await using program = await startProgram(["--server", "127.0.0.1:1"], { words });
  assert.match(String((await program.entry(UNTOLD))["reason"]), /vsock/);
});

Deno.test({
  name: "without FFI a warning says that the manager can't be told",
  // The permissions of an executable are made with it.
  ignore: startWords().length === 1,
  async fn() {
    const withoutFfi = startWords().filter((word) => word !== "--allow-ffi");
    const words: [string, ...string[]] = ["/usr/bin/env", "NOTIFY_SOCKET=/nowhere", ...withoutFfi];
    await using program = await startProgram(["--server", "127.0.0.1:1"], { words });
    assert.match(String((await program.entry(UNTOLD))["reason"]), /--allow-ffi/);
    assert.equal(program.entries(UNTOLD).length, 1);
  },
});

/** As a service's standard error is: what it says there is a socket or pipe that the variable names. */
function journalWords(stream: string): [string, ...string[]] {
  const script = `export JOURNAL_STREAM="${stream}"; exec "$0" "$@"`;
  return ["/bin/sh", "-c", script, ...startWords()];
}

const STANDARD_ERROR = "$(stat -L -c %d:%i /dev/stderr)";

Deno.test("the journal is given levels, and no times of ours as text", async () => {
  await using program = await startProgram(["--server", "127.0.0.1:1", "--debug", "debug"], {
    words: journalWords(STANDARD_ERROR),
    logFormat: "text",
  });
  await program.log.find(/^<6>info {4}listening on 127\.0\.0\.1:\d+ engine=/);
  await program.log.find(/^<4>warning wstunnel\.frame-type: /);
  await assert.rejects(openTunnel(program.address));
  await program.log.find(/^<3>error {3}every backend of the route is down /);
  await program.log.find(/^<7>debug {3}request refused /);
  program.signal("SIGUSR2");
  await program.log.find(/^<6>info {4}end of report /);
});

Deno.test("the journal is given levels in front of JSON, which stays whole", async () => {
  await using program = await startProgram(["--server", "127.0.0.1:1"], {
    words: journalWords(STANDARD_ERROR),
  });
  const line = await program.log.find(/^<6>\{.*"message":"listening on /);
  assert.ok(Date.parse(JSON.parse(line.slice(3)).time) > 0);
});

Deno.test("standard error that is another than the journal's stays as it is", async () => {
  await using program = await startProgram(["--server", "127.0.0.1:1"], {
    words: journalWords("8:4711"),
    logFormat: "text",
  });
  await program.log.find(/^\d{4}-\S+Z info {4}listening on /);
});

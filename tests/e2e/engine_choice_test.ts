/** Which engine a listener has, by `engine` and by what there is; and listeners of two engines in one program. */
import assert from "node:assert/strict";
import { ask as askAdmin, leadingTo, startAdministered } from "../admin/asking.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { runProgram, startProgram, startWords } from "../support/program.ts";
import { handshake, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { dispose } from "./limits.ts";
import { startWithFile } from "./whole.ts";

const SERVER = ["--server", "127.0.0.1:1"];

const NO_LOOP = Deno.build.os === "linux" ? null : "there is no loop";

/** An executable has its permissions for good. */
const NO_CHOICE = startWords().includes("--allow-ffi") ? NO_LOOP : "its permissions are fixed";

function withoutFfi(): [string, ...string[]] {
  const [program, ...words] = startWords();
  return [program, ...words.filter((word) => word !== "--allow-ffi")];
}

Deno.test({
  name: '"auto" is the loop where there is one, and nothing calls it "auto" any more',
  ignore: NO_LOOP !== null,
  async fn() {
    await using backend = serveBackend(echo);
    const text = `engine = "auto"\n${leadingTo([backend.address])}`;
    await using admin = await startAdministered({ text });
    assert.equal(
      (await admin.program.entry(`listening on ${admin.program.address}`)).engine,
      "loop",
    );
    assert.deepEqual(admin.program.entries('engine = "auto" takes stream'), []);
    const { json } = await admin.ask("/api/status");
    assert.deepEqual(json.listeners.map(({ engine }: { engine: string }) => engine), ["loop"]);
    const asked = async () =>
      /^wstunnel_build_info\{.*engine="(\w+)"/m.exec((await admin.ask("/metrics")).text)?.[1];
    assert.equal(await asked(), "loop");
    await admin.write(text.replace("auto", "stream"));
    await admin.change("/api/reload", "POST");
    assert.equal(await asked(), "stream");
  },
});

Deno.test({
  name: 'without FFI "auto" is `stream`, says so once, and "loop" is refused',
  ignore: NO_CHOICE !== null,
  async fn() {
    const words = withoutFfi();
    const why = 'engine = "loop" can\'t be had: it needs the C library (--allow-ffi): ';
    for (const command of [[], ["check"]]) {
      const asked = [...command, ...SERVER, "--listen", "127.0.0.1:0", "--engine", "loop"];
      const { code, stderr } = await runProgram(asked, words);
      assert.equal(code, 2);
      assert.ok(stderr.startsWith(`wstunnel: ${why}`), stderr);
    }
    const checked = await runProgram(["check", ...SERVER, "--engine", "auto"], words);
    assert.equal(checked.code, 0, checked.stderr);

    const folder = await Deno.makeTempDir();
    const file = `${folder}/wstunnel.toml`;
    const write = (engine: string) =>
      Deno.writeTextFile(
        file,
        `engine = "${engine}"\nlisten = ["127.0.0.1:0", "unix:${folder}/s"]\n[wstunnel.server."/"]\nport = 1\n`,
      );
    try {
      await write("auto");
      await using program = await startProgram(["--config", file], {
        words,
        listen: [],
        listeners: 2,
      });
      const { log } = program;
      const told = program.entries('engine = "auto" takes stream');
      assert.deepEqual(told.map(({ level }) => level), ["info"]);
      assert.match(String(told[0]!.reason), /^it needs the C library \(--allow-ffi\)/);
      const first = log.all.findIndex((line) => line.includes("takes stream"));
      assert.ok(first < log.all.findIndex((line) => line.includes("listening on")));
      for (const address of program.addresses) {
        assert.equal((await program.entry(`listening on ${address}`)).engine, "stream");
      }
      await write("loop");
      program.signal("SIGHUP");
      await program.entry("the reload is refused, the configuration before it still holds");
      assert.ok(log.all.some((line) => JSON.parse(line).message.startsWith(why)));
      // It is what holds already.
      await write("stream");
      program.signal("SIGHUP");
      await program.entry("the configuration holds from now on");
      assert.equal(program.entries('engine = "auto" takes stream').length, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const MOST = 5;

Deno.test({
  name: "a TLS listener is `stream` beside the loop's, with one registry and one set of limits",
  ignore: (NO_LOOP ?? NO_OPENSSL) !== null,
  async fn() {
    await using backend = serveBackend(echo);
    await using setting = await tlsSetting();
    const { cert, key } = setting.server;
    const admin = `unix:${setting.folder}/admin`;
    await using program = await startWithFile(
      `engine = "loop"\nadmin = "${admin}"\n[[listen]]\naddress = "127.0.0.1:0"\n` +
        `[[listen]]\naddress = "127.0.0.1:0"\ntls = { cert = "${cert}", key = "${key}" }\n` +
        leadingTo([backend.address], `max-tunnels = ${MOST}`),
      { listen: [], listeners: 2 },
    );
    const engines = await Promise.all(program.addresses.map(async (address) => {
      const { engine, tls = false } = await program.entry(`listening on ${address}`);
      return [engine, tls];
    }));
    assert.deepEqual(engines, [["loop", false], ["stream", true]]);
    const [plain, tls] = [program.addresses[0]!, overTls(program.addresses[1]!)];
    const open: RawClient[] = [];
    const refused: RawClient[] = [];
    try {
      await Promise.all(Array.from({ length: 4 * MOST }, async (_, at) => {
        const client = await openRaw(at % 2 === 0 ? plain : tls);
        await client.write(handshake());
        const { status } = await client.head();
        (status === 101 ? open : refused).push(client);
        assert.ok(status === 101 || status === 503, `${status}`);
      }));
      assert.equal(open.length, MOST);
      const { json } = await askAdmin(admin, "/api/tunnels");
      assert.equal(json.tunnels.length, MOST);

      // A place that one of either leaves is the other's.
      for (const [from, to] of [[open[0]!, tls], [open[1]!, plain]] as const) {
        await from.close(1000);
        from[Symbol.dispose]();
        open.push((await eventually("a place", () => openTunnel(to).catch(() => null)))!);
        await assert.rejects(openTunnel(plain), /^Error: refused: 503 /);
        await assert.rejects(openTunnel(tls), /^Error: refused: 503 /);
      }
    } finally {
      dispose([...open, ...refused]);
    }
  },
});

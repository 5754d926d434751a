/** Listeners whose settings a reload changes while clients come all the time: each of them is answered. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { type Certified, NO_OPENSSL } from "../support/certificates.ts";
import { descriptorCount } from "../support/processes.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, startProgram } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { visitors } from "../support/visitors.ts";

const PER_SECOND = 100;

/** What is asked for, one behind the other: from each engine to each, and from one to itself. */
const CHANGES: readonly (readonly [engine: string, proxyProtocol?: string])[] = [
  ["loop"],
  ["loop", "optional"],
  ["native"],
  ["loop"],
  ["stream"],
  ["native"],
  ["stream"],
  ["stream", "optional"],
  ["loop"],
];

/** What a loop opens once, and for a thread. */
const LOOP_DESCRIPTORS = 12;

/** How often other settings change. */
const ROUNDS = 9;

/** How many come in between. */
const VISITS = 8;

interface Rig {
  readonly program: Program;
  /** Has another configuration hold. */
  reload(listen: string, engine?: string, signalled?: () => void): Promise<void>;
  /** Tries to. */
  refused(listen: string, engine?: string): Promise<void>;
}

async function withProgram(listen: string, test: (rig: Rig) => Promise<void>): Promise<void> {
  await using backend = serveBackend(echo);
  const folder = await Deno.makeTempDir();
  const file = `${folder}/wstunnel.toml`;
  const write = (listen: string, engine: string) =>
    Deno.writeTextFile(
      file,
      `listen = ${listen}
engine = "${engine}"
workers = 1
max-connections-per-client = 0
handshake-timeout = 5
trusted-proxies = ["127.0.0.1", "unix"]
[[wstunnel.server."/"]]
port = ${new URL(`tcp://${backend.address}`).port}
`,
    );
  await write(listen, "stream");
  try {
    await using program = await startProgram(["--config", file], { listen: [], listeners: 1 });
    const reloadTo = async (
      message: string,
      listen: string,
      engine: string,
      signalled = () => {},
    ) => {
      const before = program.entries(message).length;
      await write(listen, engine);
      program.signal("SIGHUP");
      signalled();
      await program.entry(message, before + 1);
    };
    await test({
      program,
      reload: (listen, engine = "stream", signalled = () => {}) =>
        reloadTo("the configuration holds from now on", listen, engine, signalled),
      refused: (listen, engine = "stream") =>
        reloadTo("the reload is refused, the configuration before it still holds", listen, engine),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function hello(client: Awaited<ReturnType<typeof openTunnel>>): Promise<void> {
  await client.send(2, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
}

for (const at of ["127.0.0.1:0", "unix"]) {
  Deno.test(`${at}: the engine and the PROXY protocol change under load, nobody is refused and tunnels live on`, async () => {
    const dir = await Deno.makeTempDir();
    const address = at === "unix" ? `unix:${dir}/s` : at;
    await withProgram(`[${JSON.stringify(address)}]`, async ({ program, reload, refused }) => {
      const descriptors = descriptorCount(program.pid);
      const tunnels = [await openTunnel(program.address)];
      const coming = visitors(program.address, PER_SECOND);
      for (const [engine, proxyProtocol = "off"] of CHANGES) {
        const listen = `[{ address = ${
          JSON.stringify(address)
        }, proxy-protocol = "${proxyProtocol}" }]`;
        await reload(listen, engine);
        tunnels.push(await openTunnel(program.address));
        await coming.more(VISITS);
      }
      // What was made ready is let go of, and the one that is there goes on.
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const listen = JSON.stringify([address, `127.0.0.1:${taken.addr.port}`]);
      for (const engine of ["native", "stream"]) {
        await refused(listen, engine);
        await coming.more(VISITS);
      }
      const outcomes = await coming.end();
      assert.deepEqual(Object.keys(outcomes), ["101"], JSON.stringify(outcomes));
      for (const tunnel of tunnels) await hello(tunnel);
      for (const tunnel of tunnels) tunnel[Symbol.dispose]();
      // What the runtime has opened once, of a socket's file the first listener, which has its name, and the loop with its thread.
      const most = descriptors + 4 + LOOP_DESCRIPTORS;
      await eventually("its descriptors", () => descriptorCount(program.pid) <= most);
    });
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("the permissions of a socket's file change while clients come, and back where the reload is refused", async () => {
  const dir = await Deno.makeTempDir();
  const listen = (mode: string, ...more: string[]) =>
    `[{ address = "unix:${dir}/s", mode = "${mode}" }${more.map((one) => `, "${one}"`).join("")}]`;
  const mode = () => Deno.statSync(`${dir}/s`).mode! & 0o777;
  await withProgram(listen("0600"), async ({ program, reload, refused }) => {
    const coming = visitors(program.address, PER_SECOND);
    assert.equal(mode(), 0o600);
    await reload(listen("0666"));
    assert.equal(mode(), 0o666);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await refused(listen("0600", `127.0.0.1:${taken.addr.port}`));
    assert.equal(mode(), 0o666);
    await reload(listen("0660"), "loop");
    assert.equal(mode(), 0o660);
    await coming.more(VISITS);
    assert.deepEqual(Object.keys(await coming.end()), ["101"]);
    assert.equal(
      program.entries(`listening on ${program.address}`).length,
      2,
      "once for each engine",
    );
  });
  await Deno.remove(dir, { recursive: true });
});

const NO_TLS = { ignore: NO_OPENSSL !== null };

Deno.test("TLS comes and goes under load, and each client is answered", NO_TLS, async () => {
  await using tls = await tlsSetting();
  const plain = '["127.0.0.1:0"]';
  const secure = listenOver(tls.server);
  await withProgram(plain, async ({ program, reload }) => {
    using tunnel = await openTunnel(program.address);
    const coming = visitors(program.address, PER_SECOND);
    for (let round = 0; round < ROUNDS; round++) {
      await reload(round % 2 === 0 ? secure : plain, "loop");
      const address = round % 2 === 0 ? overTls(program.address) : program.address;
      using next = await openTunnel(address);
      await hello(next);
      await coming.more(VISITS);
    }
    // While it stands still those who come wait in the socket's queue.
    program.signal("SIGSTOP");
    await eventually("those who wait", () => coming.waiting >= 20);
    await reload(secure, "loop", () => program.signal("SIGCONT"));
    await eventually("their answers", () => coming.waiting < 20);
    const outcomes = await coming.end();
    // Who speaks plain HTTP where TLS is spoken is told so.
    assert.deepEqual(Object.keys(outcomes).sort(), ["101", "400"], JSON.stringify(outcomes));
    await hello(tunnel);
  });
});

Deno.test("another certificate's files under load: nobody is refused", NO_TLS, async () => {
  await using tls = await tlsSetting();
  const other = await tls.authority.issue("other");
  await withProgram(listenOver(tls.server), async ({ program, reload }) => {
    const address = overTls(program.address);
    using tunnel = await openTunnel(address);
    const descriptors = descriptorCount(program.pid);
    const coming = visitors(address, PER_SECOND / 2);
    for (let round = 0; round < ROUNDS; round++) {
      await reload(listenOver(round % 2 === 0 ? other : tls.server));
      await coming.more(VISITS);
    }
    const outcomes = await coming.end();
    assert.deepEqual(Object.keys(outcomes), ["101"], JSON.stringify(outcomes));
    await hello(tunnel);
    const most = descriptors + 4;
    await eventually("its descriptors", () => descriptorCount(program.pid) <= most);
  });
});

function listenOver({ cert, key }: Certified): string {
  return `[{ address = "127.0.0.1:0", tls = { cert = "${cert}", key = "${key}" } }]`;
}

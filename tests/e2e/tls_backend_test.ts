/** TLS to a backend, through the whole program: ends, times and standstills are those of a connection in the clear. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Backend, openBackend, type Taken } from "../support/backends.ts";
import {
  type Authority,
  makeAuthority,
  NO_OPENSSL,
  withAuthority,
} from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { NO_NGINX_STREAM, startNginxStream } from "../support/nginx_stream.ts";
import { type Program, runProgram, startProgram, startWords } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel, type RawClient } from "../support/raw_client.ts";
import { assertNoSecret, keepSecret } from "../support/secrets.ts";
import { connectionCount } from "../support/processes.ts";
import { type Engine, ENGINES, PLAIN, testEngines } from "./engine_limits.ts";
import { assertClosed, BINARY_FRAMES, startFor, startWithFile, text } from "./whole.ts";

interface Rig {
  readonly program: Program;
  readonly backend: Backend;
  readonly client: RawClient;
  readonly taken: Taken;
}

/** Opens one tunnel to a backend that speaks TLS. */
async function withTlsTunnel(
  engine: Engine,
  host: string,
  body: (rig: Rig) => Promise<void>,
): Promise<void> {
  await withAuthority(async (ca) => {
    await using backend = openBackend({ tls: await ca.issue("leaf") });
    await using program = await startFor(engine, backend.address, {
      wstunnel: BINARY_FRAMES,
      host: `tls = { ca = "${ca.cert}" }\n${host}`,
    });
    using client = await openTunnel(program.address);
    const taken = await backend.take();
    await body({ program, backend, client, taken });
  });
}

function test(name: string, body: (engine: Engine) => Promise<void>): void {
  if (NO_OPENSSL === null) testEngines(name, body);
  else Deno.test({ name: `${name} (skipped: ${NO_OPENSSL})`, ignore: true, fn: () => {} });
}

test("over TLS a backend's end is a Close with 1000, and its last bytes come before", async (engine) => {
  await withTlsTunnel(engine, "", async ({ program, client, taken }) => {
    await client.send(Opcode.BINARY, "hello");
    assert.equal(text(await taken.reader.exactly(5, "the client's bytes")), "hello");
    await taken.write("goodbye");
    await taken.closeWrite();
    assert.equal(text(await client.payload(7)), "goodbye");
    assert.equal((await client.closed()).code, 1000);
    client[Symbol.dispose]();
    taken.close();
    await assertClosed(program, { cause: "backend-end", up: 5, down: 7 });
  });
});

test("over TLS a client's Close is a half-close with tcp-fin-propagate, and is answered behind it", async (engine) => {
  await withTlsTunnel(engine, "tcp-fin-propagate = true", async ({ client, taken }) => {
    await client.send(Opcode.BINARY, "question");
    const closing = client.close(1000);
    const { bytes, end } = await taken.reader.rest("the client's bytes and end");
    assert.equal(text(bytes), "question");
    assert.equal(end, "fin");
    await taken.write("answer");
    taken.close();
    assert.equal((await closing).code, 1000);
  });
});

test("over TLS read-timeout and write-timeout end a tunnel", async (engine) => {
  await withTlsTunnel(engine, "read-timeout = 0.5", async ({ program, client }) => {
    await client.closed();
    client[Symbol.dispose]();
    await assertClosed(program, { cause: "backend-idle" });
  });
  await withTlsTunnel(engine, "write-timeout = 1", async ({ program, client }) => {
    const bytes = new Uint8Array(1024 * 1024);
    const flooding = (async () => {
      for (let sent = 0; sent < 12; sent++) await client.send(Opcode.BINARY, bytes);
    })();
    // It may be closed while it sends.
    flooding.catch(() => {});
    await client.closed();
    client[Symbol.dispose]();
    await assertClosed(program, { cause: "backend-stalled" });
    await flooding.catch(() => {});
  });
});

/** Far more than the system and the runtime hold between two ends. */
const STALLED_BYTES = 160 * 1024 * 1024;

const PIECE = new Uint8Array(1024 * 1024).map((_, at) => at * 31 ^ at >> 7);

function wholeHash(): string {
  const hash = createHash("sha256");
  for (let at = 0; at < STALLED_BYTES; at += PIECE.length) hash.update(PIECE);
  return hash.digest("hex");
}

Deno.test({
  name: "over TLS what stands still either way is held by who sends it, and arrives whole",
  ignore: NO_OPENSSL !== null,
  fn: () =>
    withTlsTunnel(PLAIN, "", async ({ program, client, taken }) => {
      const before = program.residentBytes();
      let [up, down] = [0, 0];
      const sending = (async () => {
        for (; up < STALLED_BYTES; up += PIECE.length) await client.send(Opcode.BINARY, PIECE);
      })();
      const answering = (async () => {
        for (; down < STALLED_BYTES; down += PIECE.length) await taken.write(PIECE);
      })();
      sending.catch(() => {});
      answering.catch(() => {});
      let seen = -1;
      await eventually("both to be held up", async () => {
        const isHeld = seen === up + down;
        seen = up + down;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return isHeld;
      });
      assert.ok(up < STALLED_BYTES / 2 && down < STALLED_BYTES / 2, `${up} up, ${down} down`);
      const grown = program.residentBytes() - before;
      assert.ok(grown < 24 * 1024 * 1024, `grown by ${grown} bytes`);
      const [upHash, downHash] = [createHash("sha256"), createHash("sha256")];
      const reading = (async () => {
        for (let got = 0; got < STALLED_BYTES;) {
          const part = await client.message(Opcode.BINARY);
          downHash.update(part);
          got += part.length;
        }
      })();
      for (let got = 0; got < STALLED_BYTES;) {
        const part = await taken.reader.some("the client's bytes");
        upHash.update(part!);
        got += part!.length;
      }
      await Promise.all([reading, sending, answering]);
      assert.equal(upHash.digest("hex"), wholeHash());
      assert.equal(downHash.digest("hex"), wholeHash());
    }),
});

test("a backend that isn't trusted is down, of which its client learns nothing", async (engine) => {
  await withAuthority(async (ca, folder) => {
    const other = await makeAuthority(folder, "other");
    await using backend = openBackend({ tls: await ca.issue("leaf") });
    await using program = await startFor(engine, backend.address, {
      host: `tls = { ca = "${other.cert}" }\ndisable-time = 60`,
    });
    const ask = async () => {
      using client = await openRaw(program.address);
      await client.write(handshake());
      const response = await client.head();
      return { status: response.status, body: await client.body(response) };
    };
    const refused = { status: 503, body: "no backend can be reached\n" };
    assert.deepEqual(await ask(), refused);
    const { reason, level } = await program.entry("every backend of the route is down");
    assert.equal(level, "error");
    assert.match(String(reason), new RegExp(`^${backend.address}: .*of an unknown issuer`));
    assert.equal(backend.count, 1);
    assert.deepEqual(await ask(), refused);
    assert.equal(backend.count, 1, "it is left alone for disable-time");
  });
});

test("clients that leave in a TLS handshake that hangs leave nothing open", async (engine) => {
  await withAuthority(async (ca) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, {
      host: `tls = { ca = "${ca.cert}" }`,
    });
    const leave = async () => {
      const client = await openRaw(program.address);
      await client.write(handshake());
      await backend.take();
      client[Symbol.dispose]();
    };
    await leave();
    const before = connectionCount(program.pid);
    await Promise.all(Array.from({ length: 30 }, leave));
    await eventually("its descriptors", () => connectionCount(program.pid) <= before);
  });
});

test("targets are spoken to by TLS, and told of their client, as hosts are", async (engine) => {
  await withAuthority(async (ca, folder) => {
    await using backend = openBackend({ tls: await ca.issue("leaf") });
    await using clear = openBackend();
    const { port } = new URL(`tcp://${backend.address}`);
    await Deno.writeTextFile(
      `${folder}/targets`,
      `tls: localhost:${port}\nelse: ${clear.address}\nunix: unix:${folder}/s\n`,
    );
    const routes = [["/tls", `tls = { ca = "${ca.cert}" }`], ["/told", `send-proxy = "v1"`]];
    const tables = routes.map(([key, line]) =>
      `[wstunnel.server."${key}"]\ntargets = { file = "${folder}/targets" }\n${line}\n`
    );
    await using program = await startWithFile(
      `engine = "${engine}"\n[wstunnel]\n${BINARY_FRAMES}\n${tables.join("")}`,
    );
    using client = await openTunnel(program.address, "/tls?token=tls");
    const taken = await backend.take();
    await taken.write("by TLS");
    assert.equal(text(await client.payload(6)), "by TLS");
    for (const token of ["else", "unix"]) {
      const opening = openTunnel(program.address, `/tls?token=${token}`);
      if (token === "else") (await clear.take()).close();
      await assert.rejects(opening, /refused: 503/, "never in the clear");
    }
    using told = await openTunnel(program.address, "/told?token=else");
    const { reader } = await clear.take();
    const ours = (told.connection.localAddr as Deno.NetAddr).port;
    assert.match(await reader.through("\n", "a header"), new RegExp(`^PROXY TCP4 .* ${ours} `));
  });
});

const missing = NO_NGINX_STREAM ?? NO_OPENSSL;
for (const engine of ENGINES) {
  Deno.test({
    name: `${engine}: nginx is told of the client in front of TLS` +
      (missing === null ? "" : ` (skipped: ${missing})`),
    ignore: missing !== null,
    fn: () =>
      withAuthority(async (ca, folder) => {
        const { cert, key } = await ca.issue("nginx");
        const body = `ssl_certificate ${cert}; ssl_certificate_key ${key};
          return '$proxy_protocol_addr $proxy_protocol_port $ssl_server_name';`;
        await using nginx = await startNginxStream(folder, "ssl proxy_protocol", body);
        const { port } = new URL(`tcp://${nginx.address}`);
        await using program = await startFor(engine, `localhost:${port}`, {
          host: `tls = { ca = "${ca.cert}" }\nsend-proxy = "v2"`,
        });
        using client = await openTunnel(program.address);
        const ours = (client.connection.localAddr as Deno.NetAddr).port;
        assert.equal(text(await client.message()), `127.0.0.1 ${ours} localhost`);
        assert.equal((await client.closed()).code, 1000);
      }),
  });
}

/** The words that start the program with variables of the environment. */
function withEnvironment(...variables: string[]): [string, ...string[]] {
  return ["/usr/bin/env", ...variables, ...startWords()];
}

Deno.test({
  name: "--server tls: trusts the runtime's roots, which the environment chooses, and ca besides",
  ignore: NO_OPENSSL !== null,
  fn: () =>
    withAuthority(async (ca, folder) => {
      const other = await makeAuthority(folder, "other");
      await using backend = openBackend({ tls: await ca.issue("leaf") });
      const { port } = new URL(`tcp://${backend.address}`);
      const isTrusted = async (program: Program) => {
        const opening = openTunnel(program.address);
        const client = await opening.catch((error) => void assert.match(String(error), /503/));
        client?.[Symbol.dispose]();
        return client !== undefined;
      };
      const byFlag = ["--server", `tls:localhost:${port}`];
      const trust = ({ cert }: Authority) => `tls = { ca = "${cert}" }`;
      const system = `SSL_CERT_FILE=${ca.cert}`;
      for (
        const [store, areRoots] of [["system", true], ["mozilla", false], ["", false]] as const
      ) {
        const words = withEnvironment(`DENO_TLS_CA_STORE=${store}`, system);
        await using plain = await startProgram(byFlag, { words });
        assert.equal(await isTrusted(plain), areRoots, `"${store}"`);
        await using named = await startFor(PLAIN, backend.address, { words, host: trust(ca) });
        assert.equal(await isTrusted(named), true, `"${store}", by ca`);
        const strange = { words, host: trust(other) };
        await using besides = await startFor(PLAIN, backend.address, strange);
        assert.equal(await isTrusted(besides), areRoots, `"${store}", besides another's ca`);
      }
    }),
});

Deno.test({
  name:
    "check names a key that is another certificate's, is encrypted or open to all, and repeats none",
  ignore: NO_OPENSSL !== null,
  fn: () =>
    withAuthority(async (ca, folder) => {
      const [ours, other] = [await ca.issue("ours"), await ca.issue("other")];
      for (const { key } of [ours, other]) {
        await Deno.chmod(key, 0o600);
        keepSecret("a client's key", (await Deno.readTextFile(key)).split("\n")[1]!);
      }
      const config = `${folder}/w.toml`;
      const check = async (key: string) => {
        const tls = `tls = { cert = "${ours.cert}", key = "${key}" }`;
        await Deno.writeTextFile(config, `[wstunnel.server."/"]\nport = 1\n${tls}\n`);
        const { stderr, stdout } = await runProgram(["check", "--config", config]);
        assertNoSecret("what check says", stderr + stdout);
        return stderr;
      };
      const at = `wstunnel: ${config}:3: wstunnel.server."/".tls.key:`;
      assert.equal(
        await check(other.key),
        `${at} "${other.key}" is not the key of the certificate in "${ours.cert}"\n`,
      );
      assert.equal(
        await check(ours.cert),
        `${at} "${ours.cert}" holds no private key as PEM, but a certificate\n`,
      );
      const encrypted = `${folder}/encrypted.key`;
      const args = ["pkcs8", "-topk8", "-in", ours.key, "-out", encrypted, "-passout", "pass:x"];
      await new Deno.Command("openssl", { args }).output();
      assert.match(await check(encrypted), /is encrypted/);
      assert.doesNotMatch(await check(ours.key), /tls/);
      await Deno.chmod(ours.key, 0o644);
      assert.match(await check(ours.key), /warning: .*tls\.key: .*can be read by every user/);
    }),
});

Deno.test({
  name: "check names a CA's file that is missing, or holds no certificate, with its line",
  ignore: NO_OPENSSL !== null,
  fn: () =>
    withAuthority(async (ca, folder) => {
      const config = `${folder}/w.toml`;
      const check = async (file: string) => {
        await Deno.writeTextFile(
          config,
          `[wstunnel.server."/"]\nport = 1\ntls = { ca = "${file}", server-name = "db.test" }\n`,
        );
        return await runProgram(["check", "--config", config]);
      };
      const at = `wstunnel: ${config}:3: wstunnel.server."/".tls.ca:`;
      assert.equal(
        (await check("/nowhere.pem")).stderr,
        `${at} "/nowhere.pem" cannot be read: there is no such file\n`,
      );
      const { stderr, code } = await check(ca.key);
      assert.equal(stderr, `${at} "${ca.key}" holds no certificate as PEM, but a private key\n`);
      assert.equal(code, 2);
      const good = await check(ca.cert);
      assert.equal(good.code, 0, good.stderr);
      assert.match(good.stdout, /server-name = "db\.test"/);
      assert.doesNotMatch(good.stdout, /BEGIN/);
    }),
});

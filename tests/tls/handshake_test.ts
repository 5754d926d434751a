/** What a listener of TLS agrees to, and what it does with those that speak none, or only half. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { closeQuietly, connect, createReader, writeAll } from "../support/connection.ts";
import { installed } from "../support/installed.ts";
import { type Program, startProgram } from "../support/program.ts";
import { Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { askBySClient, NO_OPENSSL } from "./s_client.ts";

const ignore = NO_OPENSSL !== null;

/** The program over TLS in front of an echo, with one certificate. */
async function withProgram(
  body: (program: Program, root: string) => Promise<void>,
  ...args: readonly string[]
): Promise<void> {
  await using setting = await tlsSetting();
  await using backend = serveBackend(echo);
  const server = ["--server", backend.address, "--frame-type", "binary"];
  await using program = await startProgram([...server, ...setting.flags, ...args]);
  await body(program, setting.authority.cert);
}

Deno.test({
  name: "it speaks TLS 1.2 and 1.3, nothing older, and HTTP/1.1 alone",
  ignore,
  async fn() {
    await withProgram(
      async ({ address, log }, root) => {
        const line = log.all.find((line) => line.includes("listening on"))!;
        assert.match(line, /"engine":"stream","tls":true/, "whatever the flag says");
        const trust = ["-CAfile", root, "-verify_return_error", "-servername", "localhost"];
        for (const version of ["1_2", "1_3"]) {
          const offer = ["-alpn", "h2,http/1.1"];
          const { output, status } = await askBySClient(address, [
            ...trust,
            ...offer,
            `-tls${version}`,
          ]);
          assert.equal(status, 200, output);
          assert.match(output, /ALPN protocol: http\/1\.1/);
          assert.match(output, new RegExp(`TLSv${version.replace("_", ".")}`));
        }
        const unasked = await askBySClient(address, trust);
        assert.equal(unasked.status, 200, "ALPN need not be offered");
        const other = await askBySClient(address, [...trust, "-alpn", "h2"]);
        assert.match(other.output, /no application protocol/);
        const old = await askBySClient(address, [...trust, "-tls1_1"]);
        assert.match(old.output, /alert/);
        assert.deepEqual([other.status, old.status], [null, null]);
      },
      "--engine",
      "native",
    );
  },
});

Deno.test({
  name: "plain HTTP at a port of TLS is told so with 400, and what is neither is dropped",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      {
        using client = await openRaw(program.address);
        await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const response = await client.head();
        assert.equal(response.status, 400);
        const body = await client.body(response);
        assert.equal(body, "this port speaks TLS: ask by https:// or wss://\n");
        assert.equal(await client.end(), "fin");
      }
      const { reason, status } = await program.entry("request refused");
      assert.equal(status, 400);
      assert.match(String(reason), /^this port speaks TLS/);
      using client = await openRaw(program.address);
      await client.write(Uint8Array.of(0, 1, 2, 3));
      await client.end();
      const refused = await program.entry("no TLS connection");
      assert.equal(refused["reason"], "what was sent is no TLS");
    });
  },
});

Deno.test({
  name: "a handshake that stands still, or comes a byte at a time, ends with the handshake's time",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const config = `${setting.folder}/config.toml`;
    await Deno.writeTextFile(
      config,
      `handshake-timeout = 3\n[wstunnel.server]\n"/" = { port = 1 }\n`,
    );
    await using program = await startProgram(["--config", config, ...setting.flags]);
    const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
    const beginnings = [new Uint8Array(0), hello.subarray(0, 1), hello];
    const began = performance.now();
    await Promise.all(beginnings.map(async (bytes) => {
      const connection = await connect(program.address);
      await writeAll(connection, bytes);
      await createReader(connection).rest("its end");
      closeQuietly(connection);
    }));
    const slow = async () => {
      const connection = await connect(program.address);
      const end = createReader(connection).rest("its end").then(() => ended = true);
      let ended = false;
      for (let at = 0; at < 2_000 && !ended; at++) {
        await connection.write(Uint8Array.of(at < hello.length ? hello[at]! : 7)).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await end;
      closeQuietly(connection);
    };
    await slow();
    // One after the other: twice three seconds, and not the forty of all its bytes.
    assert.ok(performance.now() - began < 20_000);
    for (let nth = 1; nth <= 4; nth++) {
      const { reason } = await program.entry("no TLS connection", nth);
      assert.equal(reason, "no TLS handshake within 3 seconds");
    }
    // What is left of that time is the head's.
    using client = await openRaw(overTls(program.address));
    assert.equal((await client.head()).status, 408);
  },
});

Deno.test({
  name: "what breaks off in a handshake or after it ends that connection alone",
  ignore,
  async fn() {
    await withProgram(async (program) => {
      {
        using client = await openRaw(program.address);
        // A record that says it is a handshake's, longer than any is.
        await client.write(Uint8Array.of(0x16, 3, 1, 0xff, 0xff, 1));
        await createReader(client.connection).rest("its end");
      }
      assert.match(
        String((await program.entry("no TLS connection"))["reason"]),
        /^(?!the client has left)/,
      );
      {
        using client = await openRaw(program.address);
        await client.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1));
      }
      const left = await program.entry("no TLS connection", 2);
      assert.equal(left["reason"], "the client has left");
      using client = await openTunnel(overTls(program.address));
      await client.send(Opcode.BINARY, "still there");
      assert.equal(new TextDecoder().decode(await client.message()), "still there");
    });
  },
});

Deno.test({
  name:
    "several certificates: by the name that a client asks for, and the first for whoever asks for none",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { authority, folder, server } = setting;
    const pairs = [
      server,
      await authority.issue("one", { names: "DNS:one.example,DNS:*.wild.example" }),
      await authority.issue("two", { names: "DNS:two.example" }),
    ];
    const tables = pairs.map(({ cert, key }) => `{ cert = "${cert}", key = "${key}" }`);
    const config = `${folder}/config.toml`;
    await Deno.writeTextFile(
      config,
      `[[listen]]\naddress = "127.0.0.1:0"\ntls = [${tables.join(", ")}]\n` +
        `[wstunnel.server]\n"/" = { port = 1 }\n`,
    );
    await using program = await startProgram(["--config", config], { listen: [], listeners: 1 });
    const offers = async (name: string | null, ...more: string[]) => {
      const asked = name === null ? ["-noservername"] : ["-servername", name];
      const { output, status } = await askBySClient(program.address, [
        ...asked,
        ...["-CAfile", authority.cert, "-showcerts", ...more],
      ]);
      assert.equal(status, 200, output);
      const [pem] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(output)!;
      const at = await Promise.all(pairs.map(({ cert }) => Deno.readTextFile(cert)));
      return at.findIndex((text) => text.includes(pem));
    };
    assert.equal(await offers(null), 0);
    assert.equal(await offers("localhost"), 0);
    assert.equal(await offers("unknown.example"), 0);
    assert.equal(await offers("ONE.example"), 1);
    assert.equal(await offers("deep.wild.example"), 1);
    assert.equal(await offers("two.example"), 2);
    assert.equal(await offers("two.example", "-tls1_2"), 2);
    // A hello of more than 4 KiB, and one of more than a segment.
    const many = Array.from({ length: 700 }, (_, at) => `proto${at}`).concat("http/1.1").join(",");
    assert.equal(await offers("two.example", "-alpn", many), 2);
  },
});

Deno.test({
  name: "curl and a WebSocket of Python's come in by https and wss",
  ignore: ignore || installed("curl") === null,
  async fn() {
    await withProgram(async ({ address }, root) => {
      const { port } = new URL(`tcp://${address}`);
      const { stdout } = await new Deno.Command("curl", {
        args: ["-sS", "--cacert", root, "-w", " %{http_code}", `https://localhost:${port}/healthz`],
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "ok\n 200");
    });
  },
});

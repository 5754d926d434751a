/** A backend is told by the PROXY protocol whose connection it is: real readers of it say what they have read. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { echo, freePort, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { accepts, installed, startServer } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { NO_NGINX_STREAM, prepareNginxStream, startNginxStream } from "../support/nginx_stream.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { NO_OPENSSH, prepareSshd, ssh, SSHD } from "../support/ssh.ts";
import { ENGINES, PLAIN, testEngines } from "./engine_limits.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";

const HAPROXY = installed("haproxy");
const VERSIONS = ["v1", "v2"] as const;

/** What nginx has read, of its client and of where that connected to. */
const ALL_TOLD = "return '$proxy_protocol_addr $proxy_protocol_port " +
  "$proxy_protocol_server_addr $proxy_protocol_server_port';";

function portOf({ connection }: RawClient): number {
  return (connection.localAddr as Deno.NetAddr).port;
}

for (const version of VERSIONS) {
  for (const engine of ENGINES) {
    const skipped = NO_NGINX_STREAM === null ? "" : ` (skipped: ${NO_NGINX_STREAM})`;
    Deno.test({
      name: `${engine}: nginx, which speaks first, is told of every client by ${version}${skipped}`,
      ignore: NO_NGINX_STREAM !== null,
      async fn() {
        const folder = await Deno.makeTempDir();
        try {
          await using nginx = await startNginxStream(folder, "proxy_protocol", ALL_TOLD);
          await using program = await startFor(engine, nginx.address, {
            host: `send-proxy = "${version}"`,
            listen: ["127.0.0.1:0", "[::1]:0", `unix:${folder}/s`],
          });
          for (const address of program.addresses) {
            using client = await openTunnel(address);
            const said = text(await client.message(Opcode.TEXT));
            if (address.startsWith("unix:")) assert.equal(said.trim(), "");
            else {
              const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address)!;
              assert.equal(said, `${host} ${portOf(client)} ${host} ${port}`);
            }
            await client.closed();
          }
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    });
  }

  Deno.test({
    name: `HAProxy with accept-proxy is told of a client by ${version}, and passes all else on` +
      (HAPROXY === null ? " (skipped: haproxy is not installed)" : ""),
    ignore: HAPROXY === null,
    async fn() {
      const folder = await Deno.makeTempDir();
      const port = freePort();
      await using backend = serveBackend(echo);
      await Deno.writeTextFile(
        `${folder}/haproxy.cfg`,
        `defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend in
  log stdout format raw local0
  log-format "told %ci:%cp %fi:%fp"
  bind 127.0.0.1:${port} accept-proxy
  default_backend out
backend out
  server one ${backend.address}
`,
      );
      const child = new Deno.Command(HAPROXY!, {
        args: ["-db", "-f", `${folder}/haproxy.cfg`],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const output = readLines(child.stdout);
      try {
        await using program = await startFor(PLAIN, `127.0.0.1:${port}`, {
          wstunnel: BINARY_FRAMES,
          host: `send-proxy = "${version}"`,
        });
        await eventually("HAProxy", () => accepts(`127.0.0.1:${port}`));
        using client = await openTunnel(program.address);
        const sent = new Uint8Array(randomBytes(300_000));
        await client.send(Opcode.BINARY, sent);
        assert.deepEqual(await client.payload(sent.length), sent);
        await client.close(1000);
        const told = `told 127.0.0.1:${portOf(client)} ${program.address}`;
        await eventually(`"${told}" in\n${output.all.join("\n")}`, () => output.all.includes(told));
      } finally {
        child.kill("SIGKILL");
        await Promise.all([child.status, output.ended]);
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

  const missing = NO_NGINX_STREAM ?? NO_OPENSSH;
  Deno.test({
    name: `ssh logs in at an sshd behind nginx that asks for ${version}` +
      (missing === null ? "" : ` (skipped: ${missing})`),
    ignore: missing !== null,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        const port = freePort();
        await prepareSshd(folder, `ListenAddress 127.0.0.1\nPort ${port}\n`);
        const there = `127.0.0.1:${port}`;
        await using _ = await startServer(SSHD!, ["-D", "-e", "-f", `${folder}/config`], there);
        const pass = `proxy_pass ${there};`;
        await using nginx = await startNginxStream(folder, "proxy_protocol", pass);
        await using program = await startFor(PLAIN, nginx.address, {
          wstunnel: BINARY_FRAMES,
          host: `send-proxy = "${version}"`,
        });
        const input = new Uint8Array(randomBytes(256 * 1024));
        const { code, stdout, stderr } = await ssh(folder, program.address, "cat; exit 7", input);
        assert.equal(code, 7, stderr);
        const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
        assert.equal(sha256(stdout), sha256(input));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

Deno.test({
  name: "a program that we start is told of its client as well",
  ignore: NO_NGINX_STREAM !== null,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const port = freePort();
      const words = await prepareNginxStream(folder, port, "proxy_protocol", ALL_TOLD);
      await using program = await startFor(PLAIN, `127.0.0.1:${port}`, {
        host: `bin-path = ${JSON.stringify(words)}\nmax-procs = 1\nsend-proxy = "v1"`,
      });
      using client = await openTunnel(program.address);
      const said = text(await client.message(Opcode.TEXT));
      assert.equal(said.split(" ")[1], String(portOf(client)));
      await client.closed();
      client[Symbol.dispose]();
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

testEngines(
  "a PROXY header comes before anything of the client's, and of the tunnel",
  async (engine) => {
    await using backend = openBackend();
    await using program = await startFor(engine, backend.address, { host: `send-proxy = "v1"` });
    using client = await openTunnel(program.address);
    const taken = await backend.take();
    const { hostname, port } = new URL(`tcp://${program.address}`);
    const told = `PROXY TCP4 127.0.0.1 ${hostname} ${portOf(client)} ${port}\r\n`;
    assert.equal(await taken.reader.through("\n", "the header"), told);
    await client.send(Opcode.TEXT, "first");
    assert.equal(text(await taken.reader.exactly(5, "the client's bytes")), "first");
    taken.close();
    await client.closed();
    const entry = await program.entry("tunnel closed");
    assert.equal(entry.up, 5, "the header is none of its client's bytes");
  },
);

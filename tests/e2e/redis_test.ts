/** A session with a real `redis-server` in each way that bytes are put into frames, over TCP and a unix socket. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { freePort } from "../support/backends.ts";
import { makeAuthority, NO_OPENSSL } from "../support/certificates.ts";
import { concat } from "../support/connection.ts";
import { installed, startServer } from "../support/installed.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";
import { BINARY_FRAMES, startFor, text } from "./whole.ts";

const REDIS = installed("redis-server");
const VALUE_BYTES = 1024 * 1024;

/** How bytes are put into messages, and a value that can be sent so. */
interface Way {
  readonly name: string;
  readonly wstunnel: string;
  readonly protocol: string | null;
  readonly value: () => Uint8Array;
  send(client: RawClient, bytes: Uint8Array): Promise<void>;
  /** The bytes of the next message. */
  receive(client: RawClient): Promise<Uint8Array>;
}

const WAYS: readonly Way[] = [
  {
    name: "binary frames",
    wstunnel: BINARY_FRAMES,
    protocol: null,
    value: everyByte,
    send: (client, bytes) => client.send(Opcode.BINARY, bytes),
    receive: (client) => client.message(Opcode.BINARY),
  },
  {
    name: "base64",
    wstunnel: "",
    protocol: "base64",
    value: everyByte,
    send: (client, bytes) => client.send(Opcode.TEXT, toBase64(bytes)),
    receive: async (client) => fromBase64(await client.message(Opcode.TEXT)),
  },
  {
    name: "text frames",
    wstunnel: "",
    protocol: null,
    // Characters of one to four bytes.
    value: () => new TextEncoder().encode("a é € 😀 ".repeat(VALUE_BYTES / 16)),
    send: (client, bytes) => client.send(Opcode.TEXT, bytes),
    receive: (client) => client.message(Opcode.TEXT),
  },
];

/** All values in an order that doesn't repeat soon. */
function everyByte(): Uint8Array {
  return Uint8Array.from({ length: VALUE_BYTES }, (_, i) => (i * 167 + (i >> 8) * 31) & 255);
}

/** In pieces, since the call stack bounds one call's arguments; each but the last without padding. */
function toBase64(bytes: Uint8Array): string {
  let digits = "";
  for (let at = 0; at < bytes.length; at += 3072) {
    digits += btoa(String.fromCharCode(...bytes.subarray(at, at + 3072)));
  }
  return digits;
}

function fromBase64(digits: Uint8Array): Uint8Array {
  return Uint8Array.from(atob(text(digits)), (character) => character.charCodeAt(0));
}

/** A request of the Redis protocol: an array of bulk strings. */
function request(...words: readonly (string | Uint8Array)[]): Uint8Array {
  const encoder = new TextEncoder();
  const parts = words.flatMap((word) => {
    const bytes = typeof word === "string" ? encoder.encode(word) : word;
    return [encoder.encode(`$${bytes.length}\r\n`), bytes, encoder.encode("\r\n")];
  });
  return concat([encoder.encode(`*${words.length}\r\n`), ...parts]);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function holdSession(
  engine: Engine,
  backend: string,
  host: string,
  way: Way,
): Promise<void> {
  await using program = await startFor(engine, backend, { wstunnel: way.wstunnel, host });
  const fields = way.protocol === null ? {} : { "Sec-WebSocket-Protocol": way.protocol };
  using client = await openTunnel(program.address, "/", fields);
  const receive = async (length: number) => {
    const parts: Uint8Array[] = [];
    for (let got = 0; got < length; got += parts.at(-1)!.length) {
      parts.push(await way.receive(client));
    }
    return concat(parts);
  };
  const value = way.value();
  await way.send(client, request("SET", way.name, value));
  assert.equal(text(await receive(5)), "+OK\r\n");
  await way.send(client, request("GET", way.name));
  const head = `$${value.length}\r\n`;
  const reply = await receive(head.length + value.length + 2);
  assert.equal(reply.length, head.length + value.length + 2);
  assert.equal(text(reply.subarray(0, head.length)), head);
  assert.equal(sha256(reply.subarray(head.length, -2)), sha256(value));
  await way.send(client, request("QUIT"));
  assert.equal(text(await receive(5)), "+OK\r\n");
  assert.equal((await client.closed()).code, 1000, "redis-server ends first");
}

const why = REDIS === null ? " (skipped: redis-server is not installed)" : "";
for (const engine of ENGINES) {
  for (const transport of ["TCP", "a unix socket", "TLS", "TLS by certificates"]) {
    const overTls = transport.startsWith("TLS");
    const missing = overTls && NO_OPENSSL !== null ? ` (skipped: ${NO_OPENSSL})` : why;
    Deno.test({
      name: `${engine}: redis-server keeps 1 MiB unchanged over ${transport}${missing}`,
      ignore: missing !== "",
      async fn(t) {
        const folder = await Deno.makeTempDir();
        const port = transport === "a unix socket" ? 0 : freePort();
        const backend = port > 0 ? `127.0.0.1:${port}` : `unix:${folder}/redis.sock`;
        const flags = ["--bind", "127.0.0.1", "--save", "", "--dir", folder];
        flags.push("--port", transport === "TCP" ? `${port}` : "0");
        if (port === 0) flags.push("--unixsocket", `${folder}/redis.sock`);
        let host = "";
        if (overTls) {
          const [ca, asks] = [await makeAuthority(folder), transport !== "TLS"];
          const { cert, key } = await ca.issue("redis");
          const ours = await ca.issue("wstunnel");
          flags.push("--tls-port", `${port}`, "--tls-auth-clients", asks ? "yes" : "no");
          flags.push("--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca.cert);
          const shown = asks ? `, cert = "${ours.cert}", key = "${ours.key}"` : "";
          host = `tls = { ca = "${ca.cert}"${shown} }`;
        }
        try {
          await using _redis = await startServer(REDIS!, flags, backend);
          for (const way of WAYS) {
            await t.step(way.name, () => holdSession(engine, backend, host, way));
          }
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    });
  }
}

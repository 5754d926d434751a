/** The stream driver over TLS: its connections can't be told not to delay, and end by an alert. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TransportListener } from "../../lib/engine/driven_transport.ts";
import { StreamTransport } from "../../lib/engine/stream_transport.ts";
import { installed } from "../support/installed.ts";
import { until } from "../support/connection_pair.ts";
import { NO_BREATHER } from "../support/no_breather.ts";
import { plainBuffers } from "../support/plain_buffers.ts";

const openssl = installed("openssl");

/** Two ends of a TLS connection over loopback. */
async function connectTls(): Promise<[Deno.TlsConn, Deno.TlsConn]> {
  const folder = await Deno.makeTempDir();
  try {
    const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const { success, stderr } = await new Deno.Command(openssl!, {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        ...["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", cert],
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const pem = await Deno.readTextFile(cert);
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pem,
      key: await Deno.readTextFile(key),
    });
    const { port } = listener.addr;
    const ends = await Promise.all([
      listener.accept(),
      Deno.connectTls({ hostname: "localhost", port, caCerts: [pem] }),
    ]);
    listener.close();
    return ends;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Keeps a hash of what comes, and how it ended. */
class Hearer implements TransportListener {
  readonly hash = createHash("sha256");
  bytes = 0;
  end = "";
  writables = 0;

  receiveAt(): number {
    return 16;
  }

  received(wide: { readonly bytes: Uint8Array }, from: number, to: number): void {
    this.hash.update(wide.bytes.subarray(from, to));
    this.bytes += to - from;
  }

  ended(how: string): void {
    this.end = how;
  }

  writable(): void {
    this.writables++;
  }

  sendFailed(how: string): void {
    this.end = how;
  }
}

Deno.test({
  name: "a transport over TLS moves 8 MiB each way, passes an end of stream on, and closes",
  ignore: openssl === null,
  async fn() {
    const shared = { buffers: plainBuffers(64 * 1024), breather: NO_BREATHER };
    const ends = (await connectTls()).map((connection) => {
      const hearer = new Hearer();
      const transport = new StreamTransport(connection, shared);
      transport.begin(hearer, null);
      return { transport, hearer };
    });
    const data = new Uint8Array(8 * 1024 * 1024).map((_, index) => index * 7 ^ index >> 9);
    const want = createHash("sha256").update(data).digest("hex");
    for (const { transport } of ends) {
      assert.equal(transport.send(data, 0, data.length), data.length);
      assert.equal(transport.send(data, 0, 1), 0, "one at a time");
    }
    await until("all of it each way", () => ends.every((one) => one.hearer.bytes >= data.length));
    await until("the word that it is out", () => ends.every((one) => one.hearer.writables > 0));
    const [server, client] = ends as [typeof ends[0], typeof ends[0]];
    server.transport.shutdown();
    await until("the end of the stream", () => client.hearer.end === "fin");
    assert.equal(client.transport.send(data, 0, 1), 1, "the other way is still open");
    await until("a byte more", () => server.hearer.bytes > data.length);
    for (const { transport } of ends) transport.close();
    assert.equal(client.hearer.hash.digest("hex"), want);
    await until("the buffers to be back", () => {
      const { small, large } = shared.buffers;
      return small.used + large.used === 0;
    });
  },
});

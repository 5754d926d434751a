import assert from "node:assert/strict";
import net from "node:net";
import {
  createSocketDiag,
  decodeAnswer,
  encodeRequest,
  type SocketDiag,
} from "../../lib/sys/socket_diag.ts";
import { TcpState } from "../../lib/sys/tcp_info.ts";
import { eventually } from "../support/eventually.ts";

const isLinux = Deno.build.os === "linux";

/** Both ends of a connection, and how the system sees ours. */
async function withPair(
  hostname: string,
  body: (
    pair: { near: Deno.TcpConn; far: net.Socket; ask: () => ReturnType<SocketDiag["ask"]> },
  ) => Promise<void>,
  listenAt = hostname,
): Promise<void> {
  using listener = Deno.listen({ hostname: listenAt, port: 0 });
  const accepted = listener.accept();
  const far = net.connect({ host: hostname, port: listener.addr.port });
  far.pause();
  far.on("error", () => {});
  using near = await accepted;
  const diag = createSocketDiag();
  const local = near.localAddr as Deno.NetAddr;
  const remote = near.remoteAddr as Deno.NetAddr;
  try {
    await body({ near, far, ask: () => diag.ask(local, remote) });
  } finally {
    far.destroy();
    await new Promise((resolve) => far.closed ? resolve(null) : far.once("close", resolve));
    diag.close();
  }
}

for (
  const [hostname, listenAt] of [["127.0.0.1"], ["::1"], ["127.0.0.1", "::"]] as const
) {
  Deno.test({
    name: `\`ask()\` tells of a connection from ${hostname} to ${listenAt ?? hostname}`,
    ignore: !isLinux,
    fn: () =>
      withPair(hostname, async ({ near, far, ask }) => {
        const idle = ask();
        assert.ok(idle !== null && idle !== "gone");
        assert.equal(idle.state, TcpState.ESTABLISHED);
        assert.equal(idle.queuedBytes, 0);
        far.write("12345");
        await eventually("what we have not read", () => {
          const status = ask();
          return status !== null && status !== "gone" && status.unreadBytes === 5;
        });
        await near.read(new Uint8Array(5));
        // More than both systems hold: the peer has no room, and says so.
        const flood = near.write(new Uint8Array(64 * 1024 * 1024)).catch(() => {});
        await eventually("a peer without room", () => {
          const status = ask();
          return status !== null && status !== "gone" && status.queuedBytes > 0 &&
            status.segmentsInFlight === 0;
        });
        far.resetAndDestroy();
        await eventually("the end of it", () => ask() === "gone");
        await flood;
      }, listenAt),
  });
}

Deno.test({
  name: "`ask()` tells when the peer's system last acknowledged anything",
  ignore: !isLinux,
  fn: () =>
    withPair("127.0.0.1", async ({ near, ask }) => {
      await eventually("two seconds without a word", () => {
        const status = ask();
        return status !== null && status !== "gone" && status.sinceAckMs > 2_000;
      });
      await near.write(new Uint8Array(1));
      const status = ask();
      assert.ok(status !== null && status !== "gone" && status.sinceAckMs < 2_000);
    }),
});

Deno.test("`ask()` knows nothing of what is no pair of IP addresses", () => {
  const diag = createSocketDiag();
  const address = { hostname: "127.0.0.1", port: 1 };
  for (const hostname of ["::1", "localhost", "fe80::1%eth0", ""]) {
    assert.equal(diag.ask(address, { hostname, port: 2 }), null, hostname);
  }
  diag.close();
});

Deno.test("`ask()` gives `gone` for a connection that never was, and null once closed", () => {
  const diag = createSocketDiag();
  const ends = [{ hostname: "127.0.0.1", port: 1 }, { hostname: "127.0.0.2", port: 1 }] as const;
  assert.equal(diag.ask(...ends), isLinux ? "gone" : null);
  diag.close();
  assert.equal(diag.ask(...ends), null);
});

Deno.test("`listensAt()` knows of listeners at an address and at all, without a connection", async () => {
  const diag = createSocketDiag();
  for (
    const [bound, hostname] of [
      ["127.0.0.1", "127.0.0.1"],
      ["0.0.0.0", "127.0.0.1"],
      ["::", "127.0.0.1"],
      ["::", "::1"],
      ["::1", "::1"],
    ] as const
  ) {
    const listener = Deno.listen({ hostname: bound, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    assert.equal(diag.listensAt({ hostname, port }), isLinux || null, bound);
    const other = hostname === "::1" ? "127.0.0.1" : "::1";
    if (bound !== "::") {
      assert.equal(diag.listensAt({ hostname: other, port }), isLinux ? false : null, bound);
    }
    // A connection that lives is no listener.
    const client = await Deno.connect({ hostname, port });
    const accepted = await listener.accept();
    listener.close();
    assert.equal(diag.listensAt({ hostname, port }), isLinux ? false : null, bound);
    client.close();
    accepted.close();
  }
  assert.equal(diag.listensAt({ hostname: "localhost", port: 1 }), null);
  diag.close();
});

Deno.test("`encodeRequest()` has the ports and addresses in the network's order", () => {
  const request = encodeRequest(
    { hostname: "1.2.3.4", port: 0x1234 },
    { hostname: "5.6.7.8", port: 0x5678 },
    9,
  )!;
  const hex = [...new Uint8Array(request.buffer)].map((byte) => byte.toString(16).padStart(2, "0"));
  assert.equal(hex.slice(24, 32).join(""), "1234567801020304");
  assert.equal(hex.slice(44, 48).join(""), "05060708");
  assert.equal(request.getUint32(0, true), 72);
});

/** Answers cut short or of another kind, whatever a kernel may send. */
Deno.test("`decodeAnswer()` gives null for what isn't an answer", () => {
  const answer = new DataView(new ArrayBuffer(256));
  assert.equal(decodeAnswer(answer, 16), null, "no type");
  answer.setUint16(4, 20, true);
  assert.equal(decodeAnswer(answer, 80), null, "shorter than its message");
  assert.equal(decodeAnswer(answer, 256), null, "attributes without a length");
  answer.setUint16(88, 12, true);
  answer.setUint16(90, 2, true);
  assert.equal(decodeAnswer(answer, 100), null, "a tcp_info that is too short");
  answer.setUint16(4, 2, true);
  answer.setInt32(16, -1, true);
  assert.equal(decodeAnswer(answer, 36), null, "another error");
});

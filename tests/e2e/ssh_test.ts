/** Debian's `openssh-server` behind the tunnel, and its own client in front of it. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { NO_OPENSSH, ssh, startSshd } from "../support/ssh.ts";
import { ENGINES } from "./engine_limits.ts";
import { assertClosed, BINARY_FRAMES, startFor, text } from "./whole.ts";

const missing = NO_OPENSSH !== null;
const why = missing ? ` (skipped: ${NO_OPENSSH})` : "";

for (const engine of ENGINES) {
  Deno.test({
    name: `${engine}: ssh logs in through the tunnel, and a megabyte comes back unchanged${why}`,
    ignore: missing,
    async fn() {
      await using sshd = await startSshd();
      await using program = await startFor(engine, sshd.address, { wstunnel: BINARY_FRAMES });
      const input = new Uint8Array(randomBytes(1024 * 1024));
      const { code, stdout, stderr } = await ssh(
        sshd.folder,
        program.address,
        "cat; exit 7",
        input,
      );
      assert.equal(code, 7, stderr);
      const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      assert.equal(sha256(stdout), sha256(input));
      const entry = await assertClosed(program, { level: "info" });
      assert.ok(Number(entry.up) > input.length && Number(entry.down) > input.length);
    },
  });

  Deno.test({
    name: `${engine}: a text tunnel shows the SSH banner, and ends with 1007 at the keys${why}`,
    ignore: missing,
    async fn() {
      await using sshd = await startSshd();
      await using program = await startFor(engine, sshd.address);
      using client = await openTunnel(program.address);
      const banner = text(await client.message(Opcode.TEXT));
      assert.match(banner, /^SSH-2\.0-OpenSSH_\S+.*\r\n$/);
      await client.send(Opcode.TEXT, "SSH-2.0-test\r\n");
      // The key exchange begins with a packet of 16 random bytes in it: some of its start may still be text.
      let next = await client.frame();
      while (next.opcode === Opcode.TEXT) next = await client.frame();
      assert.equal(next.opcode, Opcode.CLOSE);
      assert.equal(new DataView(next.payload.buffer).getUint16(0), 1007);
      assert.match(text(next.payload.subarray(2)), /frame-type = "binary"$/);
      await client.send(Opcode.CLOSE, next.payload);
      await client.end();
      await assertClosed(program, { cause: "backend-not-utf8", code: 1007, up: 14 });
    },
  });
}

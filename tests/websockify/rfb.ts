/** The beginning of the Remote Framebuffer protocol (RFC 6143 section 7), through a tunnel. */
import assert from "node:assert/strict";
import { Opcode, openTunnel } from "../support/raw_client.ts";

/** Shakes hands with a VNC server that asks for no password; gives the size of its screen. */
export async function screenAt(address: string, target: string): Promise<[number, number]> {
  using client = await openTunnel(address, target, { "Sec-WebSocket-Protocol": "binary" });
  const text = async (length: number) =>
    new TextDecoder().decode(await client.payload(length, Opcode.BINARY));
  const version = await text(12);
  assert.match(version, /^RFB 003\.008\n$/);
  await client.send(Opcode.BINARY, version);
  // The kinds of security there are: one, and it is none.
  assert.deepEqual(await client.payload(2), Uint8Array.of(1, 1));
  await client.send(Opcode.BINARY, Uint8Array.of(1));
  assert.deepEqual(await client.payload(4), new Uint8Array(4));
  await client.send(Opcode.BINARY, Uint8Array.of(1));
  const init = await client.message(Opcode.BINARY);
  const view = new DataView(init.buffer, init.byteOffset);
  await client.close(1000);
  return [view.getUint16(0), view.getUint16(2)];
}

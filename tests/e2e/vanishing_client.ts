/**
 * A client at the address given that opens a tunnel, says so once it has read a mebibyte, and then does as it is told: it reads on,
 * or hangs.
 */
import { openTunnel } from "../support/raw_client.ts";

const client = await openTunnel(Deno.args[0]!);
for (let bytes = 0; bytes < 1024 * 1024;) bytes += (await client.message()).length;
console.log("reading");
if (Deno.args[1] === "reads") { for (;;) await client.message(); }
await Deno.stdin.read(new Uint8Array(1));

/**
 * Joins standard input and output to a WebSocket, as `ProxyCommand` of ssh(1) wants it:
 * `deno run --allow-net stdio_client.ts ws://host:port/path`. By the runtime's own client, which knows nothing of ours.
 */
const socket = new WebSocket(Deno.args[0]!);
socket.binaryType = "arraybuffer";
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = () => reject(new Error(`no WebSocket at ${socket.url}`));
});

const output = Deno.stdout.writable.getWriter();
socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => output.write(new Uint8Array(data));
socket.onclose = async () => {
  await output.close();
  Deno.exit();
};
for await (const chunk of Deno.stdin.readable) socket.send(chunk);
socket.close();

/**
 * Moves bytes both ways through a tunnel with ws, closes, and prints their hashes as JSON.
 *
 * Arguments: URL, number of blocks of 64 KiB.
 */
import { createHash, randomBytes } from "node:crypto";
import process from "node:process";
import { WebSocket } from "ws";

const BLOCK_BYTES = 65536;

const [url, blocks] = process.argv.slice(2);
const socket = new WebSocket(url);
const [sent, received] = [createHash("sha1"), createHash("sha1")];
let left = blocks * BLOCK_BYTES;

async function sendAll() {
  for (let count = 0; count < blocks; count++) {
    const block = randomBytes(BLOCK_BYTES);
    sent.update(block);
    await new Promise((resolve, reject) =>
      socket.send(block, (error) => error ? reject(error) : resolve())
    );
  }
}

const receiving = new Promise((resolve) => {
  socket.on("message", (data, isBinary) => {
    if (!isBinary) throw new TypeError("a message of the other type");
    received.update(data);
    left -= data.length;
    if (left <= 0) resolve();
  });
});

socket.on("close", (code) => {
  const [sentHash, receivedHash] = [sent, received].map((hash) =>
    hash.digest("hex")
  );
  console.log(
    JSON.stringify({
      sent: sentHash,
      received: receivedHash,
      code,
      wasClean: left === 0,
    }),
  );
});
await new Promise((resolve, reject) =>
  socket.on("open", resolve).on("error", reject)
);
await Promise.all([sendAll(), receiving]);
socket.close(1000, "done");

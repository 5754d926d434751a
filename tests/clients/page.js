// Moves bytes both ways through a tunnel in a browser, closes, and reports their hashes.

const query = new URLSearchParams(location.search);
const url = query.get("url");
const isText = query.get("type") === "text";
const blocks = Number(query.get("blocks"));

const BLOCK_BYTES = 65536;
const HIGH_WATER_BYTES = 8 * 1024 * 1024;

const encoder = new TextEncoder();

/** The bytes of one message and what to send for them. */
function makeMessage(index) {
  if (isText) {
    const text = String(index).padStart(6, "0") + "aß€😀".repeat(6553);
    return { bytes: encoder.encode(text), message: text };
  }
  const bytes = crypto.getRandomValues(new Uint8Array(BLOCK_BYTES));
  return { bytes, message: bytes };
}

async function sha1(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

async function sendAll(socket) {
  const sent = new Uint8Array(blocks * BLOCK_BYTES);
  for (let i = 0; i < blocks; i++) {
    while (socket.bufferedAmount > HIGH_WATER_BYTES) await pause();
    const { bytes, message } = makeMessage(i);
    sent.set(bytes, i * BLOCK_BYTES);
    socket.send(message);
  }
  return sent;
}

function receiveAll(socket) {
  const received = new Uint8Array(blocks * BLOCK_BYTES);
  let count = 0;
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      if ((typeof data === "string") !== isText) reject(new Error("a message of the other type"));
      const bytes = typeof data === "string" ? encoder.encode(data) : new Uint8Array(data);
      received.set(bytes, count);
      count += bytes.length;
      if (count === received.length) resolve(received);
    };
  });
}

async function move() {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const closed = new Promise((resolve) => socket.onclose = resolve);
  const receiving = receiveAll(socket);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the WebSocket failed"));
  });
  const lost = closed.then(({ code }) => Promise.reject(new Error(`closed early: ${code}`)));
  const [sent, received] = await Promise.race([Promise.all([sendAll(socket), receiving]), lost]);
  socket.close(1000, "done");
  lost.catch(() => {});
  const { code, wasClean } = await closed;
  return { sent: await sha1(sent), received: await sha1(received), code, wasClean };
}

const report = await move().catch((error) => ({ error: String(error) }));
await fetch("/report", { method: "POST", body: JSON.stringify(report) });

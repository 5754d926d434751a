/** `wstunnel connect` in front of the servers of others, each with one backend behind it. */
import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { freePort, serveBackend, type Taken } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { concat } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { installed, notInstalled, startServer } from "../support/installed.ts";
import { residentBytes } from "../support/program.ts";
import { tlsSetting } from "../support/tls.ts";
import {
  createBlock,
  hashTimes,
  type Sending,
  sendTimes,
  standStill,
} from "../support/transfer.ts";
import { type Connecting, startConnect } from "./connecting.ts";

const MEBIBYTE = 1024 ** 2;

const LONG_MEBIBYTES = 48;

/** More than `connect` holds of what nobody reads. */
const HELD_BYTES = 30_000_000;

/** How `connect` ends. */
interface Ending {
  readonly code: number;
  /** Behind the server's address. */
  readonly words: RegExp | null;
}

const CLEAN: Ending = { code: 0, words: null };

/** Without a Close nobody knows whether more was to come. */
const LOST: Ending = { code: 1, words: /^the connection to the server is lost$/ };

interface OtherServer {
  readonly name: string;
  readonly needs: readonly string[];
  /** Its words on the command line. */
  command(port: number, backendPort: number, folder: string): readonly [string, ...string[]];
  /** When its backend ends. */
  readonly backendEnds: Ending;
  /** It throws away what it has yet to send by then. */
  readonly dropsTail?: boolean;
  /** How much may be under way both ways at once, for it to go on; all unless set. */
  readonly stepBytes?: number;
  /** When its backend isn't there. */
  readonly backendMissing: Ending;
}

const RELAY = new URL("relay.py", import.meta.url).pathname;

const SERVERS: readonly OtherServer[] = [
  {
    name: "websockify",
    needs: ["websockify"],
    command: (port, backendPort) => [
      "websockify",
      `127.0.0.1:${port}`,
      `127.0.0.1:${backendPort}`,
    ],
    backendEnds: CLEAN,
    dropsTail: true,
    backendMissing: {
      code: 1,
      words: /^the server has ended it with 1011: Failed to connect to downstream server$/,
    },
  },
  {
    name: "lighttpd's mod_wstunnel",
    needs: ["lighttpd"],
    command(port, backendPort, folder) {
      const path = `${folder}/lighttpd.conf`;
      Deno.writeTextFileSync(
        path,
        `server.modules = ( "mod_wstunnel" )
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
wstunnel.frame-type = "binary"
wstunnel.server = ( "/" => (( "host" => "127.0.0.1", "port" => ${backendPort} )) )
`,
      );
      return ["lighttpd", "-D", "-f", path];
    },
    backendEnds: LOST,
    backendMissing: { code: 3, words: /^refuses: 503 Service Unavailable$/ },
  },
  {
    name: "websocketd",
    needs: ["websocketd", "socat"],
    command: (port, backendPort) => [
      ...["websocketd", "--binary", "--address", "127.0.0.1", "--port", String(port)] as const,
      ...["socat", "-", `TCP:127.0.0.1:${backendPort}`],
    ],
    // While it writes to its program it reads nothing from it, and the program may wait for that.
    stepBytes: 32 * 1024,
    backendEnds: LOST,
    backendMissing: LOST,
  },
  {
    name: "Python's websockets",
    needs: ["python3", "/usr/lib/python3/dist-packages/websockets"],
    command: (port, backendPort) => ["python3", RELAY, String(port), String(backendPort)],
    backendEnds: CLEAN,
    backendMissing: { code: 1, words: /^the server has ended it with 1011: nobody is there$/ },
  },
];

const BLOCK = createBlock(MEBIBYTE, MEBIBYTE).payload;

/** What the backend is to do, which the first byte says. */
const ECHO = "e";
const GREET = "g";
const SEND_LONG = "l";
const SEND_LONG_AND_STAY = "s";

/** What a backend has seen. */
interface Seen {
  sending: Sending | null;
  /** How much came before a connection's end of stream. */
  readonly echoed: number[];
}

async function serve({ connection, reader, write }: Taken, seen: Seen): Promise<void> {
  const verb = String.fromCharCode(...await reader.exactly(1, "what to do"));
  if (verb === GREET) return await write("good bye");
  if (verb !== ECHO) {
    seen.sending = sendTimes(connection, BLOCK, LONG_MEBIBYTES);
    await seen.sending.done;
    if (verb === SEND_LONG_AND_STAY) await reader.rest("the client's end");
    return;
  }
  let echoed = 0;
  // Reads on meanwhile: a server may do one of both at a time.
  let writing = Promise.resolve();
  for (let bytes; (bytes = await reader.some("bytes to echo")) !== null;) {
    const part = bytes.slice();
    writing = writing.then(() => write(part));
    // Who waits for it hears of its failure.
    writing.catch(() => {});
    echoed += part.length;
  }
  await writing;
  seen.echoed.push(echoed);
}

/** Reads standard output, so many bytes or all. */
async function readInto(hash: Hash, { output, signal }: Connecting, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const read = inTime("output", output.read(), () => signal("SIGKILL"));
    const { value, done } = await read;
    if (done) return;
    hash.update(value);
    left -= value.length;
  }
}

async function assertEnds(
  connect: Connecting,
  { code, words }: Ending,
  stdout = "",
): Promise<void> {
  const ended = await connect.finished();
  assert.deepEqual([ended.code, ended.stdout], [code, stdout], ended.stderr);
  const [, told] = /^wstunnel: [^ ]+:\d+: (.*)\n$/.exec(ended.stderr) ?? [];
  if (words === null) assert.equal(ended.stderr, "");
  else assert.match(told ?? ended.stderr, words);
}

/** Sends and gets as much, then ends it. */
async function converse(args: readonly string[], seen: Seen, stepBytes = 4 * MEBIBYTE) {
  const payload = concat([BLOCK, BLOCK, BLOCK, BLOCK]);
  await using connect = startConnect(args);
  await connect.type(ECHO);
  const hash = createHash("sha1");
  for (let at = 0; at < payload.length; at += stepBytes) {
    const typing = connect.type(payload.subarray(at, at + stepBytes));
    await readInto(hash, connect, stepBytes);
    await typing;
  }
  assert.equal(hash.digest("hex"), hashTimes(BLOCK, 4));
  await connect.endInput();
  await assertEnds(connect, CLEAN);
  await eventually("the backend to see the end", () => seen.echoed.length === 1);
  assert.deepEqual(seen.echoed, [4 * MEBIBYTE]);
}

/** Gets a few words, and the backend's end behind them. */
async function hearOut(url: string, ending: Ending): Promise<void> {
  await using connect = startConnect([url]);
  await connect.type(GREET);
  await assertEnds(connect, ending, "good bye");
}

/** Lets the backend send a lot, reads nothing for longer than a server may be silent, then all. */
async function readLate(
  url: string,
  seen: Seen,
  { backendEnds, dropsTail = false }: OtherServer,
): Promise<void> {
  await using connect = startConnect([url, "--ping-interval", "1"]);
  await connect.type(dropsTail ? SEND_LONG_AND_STAY : SEND_LONG);
  await eventually("the backend to send", () => seen.sending !== null);
  const before = residentBytes(connect.pid);
  await standStill([seen.sending!], 3_000);
  assert.ok(residentBytes(connect.pid) - before < HELD_BYTES, "it is held");
  const hash = createHash("sha1");
  await readInto(hash, connect, LONG_MEBIBYTES * MEBIBYTE);
  assert.equal(hash.digest("hex"), hashTimes(BLOCK, LONG_MEBIBYTES));
  if (dropsTail) await connect.endInput();
  await assertEnds(connect, backendEnds);
}

for (const server of SERVERS) {
  const { name, needs, command, stepBytes, backendEnds, backendMissing } = server;
  const missing = notInstalled(needs);
  Deno.test({
    name: `${name}: 4 MiB each way, ends from either side, a slow reader, no backend` +
      (missing === null ? "" : ` (skipped: ${missing})`),
    ignore: missing !== null,
    fn: () =>
      inFolder(async (folder) => {
        const seen: Seen = { sending: null, echoed: [] };
        const port = freePort();
        const url = `ws://127.0.0.1:${port}/`;
        const backend = serveBackend((taken) => serve(taken, seen));
        const backendPort = Number(backend.address.split(":")[1]);
        const [program, ...args] = command(port, backendPort, folder);
        await using _server = await startServer(installed(program)!, args, `127.0.0.1:${port}`);
        try {
          await Promise.all([
            converse([url], seen, stepBytes),
            hearOut(url, backendEnds),
            readLate(url, seen, server),
          ]);
        } finally {
          await backend[Symbol.asyncDispose]();
        }
        await using connect = startConnect([url]);
        await assertEnds(connect, backendMissing);
      }),
  });
}

const NO_TLS = NO_OPENSSL ?? notInstalled(["websockify"]);

Deno.test({
  name: "websockify by wss://: 4 MiB each way" + (NO_TLS === null ? "" : ` (skipped: ${NO_TLS})`),
  ignore: NO_TLS !== null,
  async fn() {
    await using setting = await tlsSetting();
    const seen: Seen = { sending: null, echoed: [] };
    await using backend = serveBackend((taken) => serve(taken, seen));
    const port = freePort();
    const { cert, key } = setting.server;
    const flags = ["--ssl-only", "--cert", cert, "--key", key];
    const args = [...flags, `127.0.0.1:${port}`, backend.address];
    await using _server = await startServer(installed("websockify")!, args, `127.0.0.1:${port}`);
    await converse([`wss://localhost:${port}/`, "--ca", setting.authority.cert], seen);
  },
});

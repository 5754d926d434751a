/** Clients of npm: ws, wscat, and mhzed's wstunnel, which has the name of this program. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { echo, freePort, serveBackend, type Taken } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { accepts } from "../support/installed.ts";
import { type Lines, readLines } from "../support/lines.ts";
import { npmRunner } from "../support/npm.ts";
import { startProgram } from "../support/program.ts";
import { createBlock } from "../support/transfer.ts";
import { testEngines } from "../e2e/engine_limits.ts";
import { BINARY_FRAMES, hostLines, startWithFile } from "../e2e/whole.ts";
import { moveBothWays, type Report, type Task } from "./transfer_rig.ts";

const FOLDER = new URL("npm/", import.meta.url).pathname;

/** With a lock of their own: nobody else needs them. */
const runner = npmRunner(`${FOLDER}deno.json`);

const WSCAT = "npm:wscat@6.1.0";
const MHZED = "npm:wstunnel@1.4.0";

const DEADLINE_MS = 120_000;

async function moveByWs({ url, blocks }: Task): Promise<Report> {
  const [program, ...words] = await runner();
  const args = [...words, `${FOLDER}move.mjs`, url, String(blocks)];
  const child = new Deno.Command(program, { args, stdout: "piped", stderr: "piped" }).spawn();
  const kill = () => child.kill("SIGKILL");
  const { success, stdout, stderr } = await inTime("ws", child.output(), kill, DEADLINE_MS);
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

Deno.test("ws of npm moves 100 MiB each way", () => moveBothWays("binary", moveByWs));

/** A program of npm's that has been started. */
interface Running extends AsyncDisposable {
  readonly output: Lines;
  readonly errors: Lines;
  type(text: string): Promise<void>;
  endInput(): Promise<void>;
  /** The exit code. */
  ended(): Promise<number>;
}

async function start(...args: string[]): Promise<Running> {
  const [program, ...words] = await runner();
  const child = new Deno.Command(program, {
    args: [...words, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const [output, errors] = [readLines(child.stdout), readLines(child.stderr)];
  let isOver = false;
  const gone = async () => {
    const [{ code }] = await Promise.all([child.status, output.ended, errors.ended]);
    isOver = true;
    return code;
  };
  const over = gone();
  const kill = () => {
    if (!isOver) child.kill("SIGKILL");
  };
  return {
    output,
    errors,
    type: (text) => input.write(new TextEncoder().encode(text)),
    endInput: () => input.close(),
    ended: () => inTime(`the end of ${args[0]}`, over, kill),
    async [Symbol.asyncDispose]() {
      kill();
      await over;
      await input.abort().catch(() => {});
    },
  };
}

/** Greets, sends back what comes, and ends at a word. */
async function converse({ reader, write }: Taken): Promise<void> {
  await write("welcome");
  for (let bytes; (bytes = await reader.some("words")) !== null;) {
    await write(bytes);
    if (new TextDecoder().decode(bytes) === "good bye") return;
  }
}

testEngines("wscat talks in text until either end, and tells of a refusal", async (engine) => {
  await using backend = serveBackend(converse);
  await using program = await startWithFile(`engine = "${engine}"
[wstunnel]
frame-type = "text"
[[wstunnel.server."/talk"]]
${hostLines(backend.address)}
`);
  const url = `ws://${program.address}/talk`;
  const talk = async (last: (wscat: Running) => Promise<void>) => {
    await using wscat = await start(WSCAT, "-c", url);
    await wscat.output.find(/welcome$/);
    await wscat.type("grüße € 😀\n");
    await wscat.output.find(/grüße € 😀$/);
    await last(wscat);
    assert.equal(await wscat.ended(), 0);
    assert.deepEqual(wscat.errors.all, []);
  };
  const beRefused = async () => {
    await using wscat = await start(WSCAT, "-c", `ws://${program.address}/elsewhere`);
    assert.equal(await wscat.ended(), 255);
    assert.deepEqual(wscat.errors.all, ["error: Unexpected server response: 404"]);
  };
  await Promise.all([
    talk((wscat) => wscat.endInput()),
    talk((wscat) => wscat.type("good bye\n")),
    beRefused(),
  ]);
  await program.entry("tunnel closed", 2);
  const causes = program.entries("tunnel closed").map(({ cause }) => cause as string).sort();
  assert.equal(causes[0], "backend-end");
  // It doesn't wait for its Close to be out.
  assert.match(causes[1]!, /^client-(?:close|lost)$/);
});

const PAYLOAD = createBlock(4 * 1024 ** 2, 65536).payload;

testEngines("mhzed's wstunnel -t names a target of the list, and gets no other", async (engine) => {
  const echoed: number[] = [];
  await using backend = serveBackend(async ({ reader, write }) => {
    let count = 0;
    for (let bytes; (bytes = await reader.some("bytes to echo")) !== null;) {
      await write(bytes);
      count += bytes.length;
    }
    echoed.push(count);
  });
  await using greeting = serveBackend(({ write }) => write("good bye"));
  await using program = await startWithFile(`engine = "${engine}"
[wstunnel]
${BINARY_FRAMES}
subprotocols = ["tunnel-protocol"]
[wstunnel.server."/"]
targets = { address = ["${backend.address}", "${greeting.address}"], parameter = "dst" }
`);
  const url = `ws://${program.address}`;
  const listen = async (target: string) => {
    const local = `127.0.0.1:${freePort()}`;
    const client = await start(MHZED, "-t", `${local}:${target}`, url);
    await eventually("it to listen", () => accepts(local));
    return { local, client };
  };
  const move = async () => {
    const { local, client } = await listen(backend.address);
    await using _client = client;
    using connection = await connect(local);
    const sending = writeAll(connection, PAYLOAD);
    const got = await createReader(connection).exactly(PAYLOAD.length, "the echo");
    await sending;
    assert.equal(sha256(got), sha256(PAYLOAD));
    connection.close();
    await eventually("the backend to see the end", () => echoed.includes(PAYLOAD.length));
  };
  const hear = async () => {
    const { local, client } = await listen(greeting.address);
    await using _client = client;
    using connection = await connect(local);
    const { bytes } = await createReader(connection).rest("the greeting");
    assert.equal(new TextDecoder().decode(bytes), "good bye");
  };
  const beRefused = async () => {
    const { local, client } = await listen("127.0.0.1:1");
    await using _client = client;
    using _connection = await connect(local);
    await client.output.find(/WS connect error: .*status: 403/);
  };
  await Promise.all([move(), hear(), beRefused()]);
  assert.equal((await program.entry("tunnel opened")).subprotocol, "tunnel-protocol");
});

Deno.test("mhzed's wstunnel -t stdio is led to where the server says", async () => {
  await using backend = serveBackend(echo);
  await using program = await startProgram([
    ...["--server", backend.address, "--frame-type", "binary"],
    ...["--subprotocol", "tunnel-protocol"],
  ]);
  await using client = await start(MHZED, "-t", "stdio:nowhere:1", `ws://${program.address}`);
  await client.type("there and back\n");
  await client.output.find(/^there and back$/);
  await client.endInput();
  assert.equal(await client.ended(), 0);
  const { cause, up, down } = await program.entry("tunnel closed");
  assert.deepEqual([cause, up, down], ["client-close", 15, 15]);
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

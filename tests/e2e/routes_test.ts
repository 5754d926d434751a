/** What a route says for itself in place of what stands under [wstunnel]. */
import assert from "node:assert/strict";
import { type Backend, openBackend, serveBackend, type Taken } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, runProgram, startProgram } from "../support/program.ts";
import {
  type Fields,
  handshake,
  Opcode,
  openRaw,
  openTunnel,
  type RawClient,
} from "../support/raw_client.ts";
import { type Engine, testEngines } from "./engine_limits.ts";
import { assertClosed, hostLines, startWithFile, text } from "./whole.ts";

/** Says a word, and waits for the end. */
async function greet({ reader, write }: Taken): Promise<void> {
  await write("hello");
  await reader.rest("the end of the tunnel");
}

/** Two routes to one backend: `/plain` as [wstunnel] says, `/own` with lines of its own. */
async function startTwo(
  engine: Engine,
  backend: string,
  { wstunnel = "", own }: { wstunnel?: string; own: string },
): Promise<Program> {
  return await startWithFile(
    `engine = "${engine}"\n[wstunnel]\n${wstunnel}\n` +
      `[[wstunnel.server."/plain"]]\n${hostLines(backend)}\n` +
      `[wstunnel.server."/own"]\n${own}\n[[wstunnel.server."/own".hosts]]\n${hostLines(backend)}\n`,
  );
}

async function statusOf(program: Program, target: string, fields: Fields): Promise<number> {
  using client = await openRaw(program.address);
  await client.write(handshake(target, fields));
  return (await client.head()).status;
}

/** Answers no Ping, goes when the Close comes; gives the type of the first frame. */
async function closedUnanswered(client: RawClient): Promise<number> {
  const first = await client.frame();
  for (let next = first; next.opcode !== Opcode.CLOSE;) next = await client.frame();
  client[Symbol.dispose]();
  return first.opcode;
}

/** Opens a tunnel and closes it again, `count` times. */
async function comeAndGo(program: Program, target: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    using client = await openTunnel(program.address, target);
    await client.close(1000);
  }
}

testEngines("a route has a frame type of its own", async (engine) => {
  await using backend = serveBackend(greet);
  await using program = await startTwo(engine, backend.address, { own: 'frame-type = "binary"' });
  for (const [target, opcode] of [["/plain", Opcode.TEXT], ["/own", Opcode.BINARY]] as const) {
    using client = await openTunnel(program.address, target);
    await client.message(opcode);
    await client.close(1000);
  }
});

testEngines("a route admits origins of its own", async (engine) => {
  await using backend = serveBackend(greet);
  const settings = { wstunnel: 'origins = ["a.example"]', own: 'origins = ["b.example"]' };
  await using program = await startTwo(engine, backend.address, settings);
  const answers = await Promise.all(
    ["/plain", "/own"].flatMap((target) =>
      ["http://a.example", "http://b.example"].map((Origin) =>
        statusOf(program, target, { Origin })
      )
    ),
  );
  assert.deepEqual(answers, [101, 403, 403, 101]);
});

testEngines("a route accepts subprotocols of its own", async (engine) => {
  await using backend = serveBackend(greet);
  const settings = { wstunnel: 'subprotocols = ["a"]', own: 'subprotocols = ["b"]' };
  await using program = await startTwo(engine, backend.address, settings);
  for (const [target, protocol] of [["/plain", "a"], ["/own", "b"]]) {
    using client = await openRaw(program.address);
    await client.write(handshake(target, { "Sec-WebSocket-Protocol": "a, b" }));
    assert.equal((await client.head()).headers.get("sec-websocket-protocol"), protocol);
  }
});

testEngines("a route has a ping interval of its own", async (engine) => {
  await using backend = openBackend();
  await using program = await startTwo(engine, backend.address, { own: "ping-interval = 0.1" });
  using pinged = await openTunnel(program.address, "/own");
  using quiet = await openTunnel(program.address, "/plain");
  // Whoever answers none of them is dropped; the neighbour, whose route has no Pings, is not.
  assert.deepEqual(await closedUnanswered(pinged), Opcode.PING);
  await assertClosed(program, { cause: "client-silent", route: "/own" });
  await quiet.send(Opcode.TEXT, "still here");
  assert.equal((await quiet.close(1000)).code, 1000);
});

testEngines("a route has no Pings where all others have", async (engine) => {
  await using backend = openBackend();
  const settings = { wstunnel: "ping-interval = 0.1", own: "ping-interval = 0" };
  await using program = await startTwo(engine, backend.address, settings);
  using quiet = await openTunnel(program.address, "/own");
  using pinged = await openTunnel(program.address, "/plain");
  assert.deepEqual(await closedUnanswered(pinged), Opcode.PING);
  await assertClosed(program, { cause: "client-silent", route: "/plain" });
  await quiet.send(Opcode.TEXT, "still here");
  assert.equal((await quiet.close(1000)).code, 1000);
});

testEngines("a route chooses among its hosts by a policy of its own", async (engine) => {
  await using first = openBackend();
  await using second = openBackend();
  const hosts = [first, second].map(({ address }) =>
    `{ ${hostLines(address).replace("\n", ", ")} }`
  );
  await using program = await startWithFile(
    `engine = "${engine}"\n[wstunnel]\nbalance = "round-robin"\n` +
      `[wstunnel.server."/turns"]\nhosts = [${hosts}]\n` +
      `[wstunnel.server."/own"]\nbalance = "sticky"\nhosts = [${hosts}]\n`,
  );
  const counts = () => [first.count, second.count];
  const all = (count: number) =>
    eventually(`${count} connections`, () => first.count + second.count >= count);
  await comeAndGo(program, "/turns", 4);
  await all(4);
  assert.deepEqual(counts(), [2, 2]);
  await comeAndGo(program, "/own", 4);
  await all(8);
  assert.deepEqual(counts().toSorted(), [2, 6]);
});

/** A backend that says its name to whoever comes. */
function named(name: string): Backend {
  return serveBackend(async ({ reader, write }) => {
    await write(name);
    await reader.rest("the end of the tunnel");
  });
}

Deno.test("each --server belongs to the --path before it, those before any to every other path", async () => {
  await using rest = named("rest");
  await using a = named("a");
  await using b = named("b");
  await using program = await startProgram([
    ...["--server", rest.address, "--frame-type", "binary", "--origin", "all.example"],
    ...["--path", "/a", "--server", a.address],
    ...["--path", "/b", "--frame-type", "text", "--origin", "b.example", "--server", b.address],
  ]);
  const reached = async (target: string, origin: string) => {
    using client = await openTunnel(program.address, target, { Origin: `https://${origin}` });
    const { opcode, payload } = await client.frame();
    await client.close(1000);
    return [text(payload), opcode];
  };
  assert.deepEqual(await reached("/a", "all.example"), ["a", Opcode.BINARY]);
  assert.deepEqual(await reached("/b", "b.example"), ["b", Opcode.TEXT]);
  assert.deepEqual(await reached("/c", "all.example"), ["rest", Opcode.BINARY]);
  assert.equal(await statusOf(program, "/b", { Origin: "https://all.example" }), 403);
});

Deno.test("a --server that stands before its --path is refused with the right line, not served elsewhere", async () => {
  const { code, stdout, stderr } = await runProgram(["--server", "a:1", "--path", "/p"]);
  assert.deepEqual({ code, stdout, stderr: stderr.split("\n") }, {
    code: 2,
    stdout: "",
    stderr: [
      "wstunnel: --path /p: must have a --server behind it, as in: wstunnel --path /p --server a:1",
      "",
    ],
  });
});

/** A listener of `wstunnel connect` whose server is gone for a while, or says no. */
import assert from "node:assert/strict";
import { freePort, serveBackend } from "../support/backends.ts";
import { connect, createReader } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { startProgram } from "../support/program.ts";
import { addressesOf, mostAttempts, startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

async function ask(address: string): Promise<string> {
  using connection = await connect(address);
  const { bytes } = await createReader(connection).rest("an answer or none");
  return new TextDecoder().decode(bytes);
}

/** Connects again as soon as it is dropped, as some clients do, `count` at once, for a while and more than `times`; gives how many seconds it took. */
async function insist(
  address: string,
  count: number,
  forMs: number,
  times: number,
): Promise<number> {
  const beganMs = performance.now();
  let asked = 0;
  const one = async () => {
    while (performance.now() - beganMs < forMs || asked <= times) {
      asked++;
      await ask(address);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return (performance.now() - beganMs) / 1000;
}

/** The lines behind the first, without the server's name and what only some systems say. */
function told(stderr: string): string[] {
  return stderr.trimEnd().split("\n").slice(1)
    .map((line) => line.replace(/^wstunnel: [^ ]+: /, "").replace(/ \(os .*/, ""));
}

const REFUSED = "cannot connect: Connection refused";

Deno.test("an outage of the server is told once, who connects meanwhile waits a while, and the listener goes on", async () => {
  await using backend = serveBackend(({ write }) => write("in"));
  const port = freePort();
  const place = { listen: [`127.0.0.1:${port}`] };
  const url = `ws://127.0.0.1:${port}/`;
  const flags = ["--listen", "127.0.0.1:0", "--connect-timeout", "20"];
  await using listening = startConnect([url, ...flags]);
  const [address] = await addressesOf(listening);
  const waiting = [ask(address!), ask(address!), ask(address!)];
  await listening.log.find(/refused/);
  {
    await using _program = await startProgram([...BINARY, "--server", backend.address], place);
    assert.deepEqual(await Promise.all(waiting), ["in", "in", "in"]);
    assert.equal(await ask(address!), "in");
  }
  using last = await connect(address!);
  const isRefused = (line: string) => line.includes("refused");
  await eventually("the next outage", () => listening.log.all.filter(isRefused).length === 2);
  listening.signal("SIGINT");
  assert.equal((await createReader(last).rest("the end")).end, "fin");
  const { code, stderr } = await listening.finished();
  assert.equal(code, 0);
  assert.deepEqual(told(stderr), [REFUSED, "a tunnel opens again", REFUSED]);
});

Deno.test("clients that insist flood neither a server that is down nor the log", async () => {
  await using server = serveBackend(() => Promise.resolve());
  const flags = ["--listen", "127.0.0.1:0", "--connect-timeout", "1"];
  await using listening = startConnect([`ws://${server.address}/`, ...flags]);
  const [address] = await addressesOf(listening);
  const seconds = await insist(address!, 40, 1_500, 60);
  // As many as may be at once, then one behind the other.
  assert.ok(server.count < 32 + mostAttempts(seconds), `${server.count} attempts in ${seconds} s`);
  listening.signal("SIGTERM");
  const { stderr } = await listening.finished();
  assert.equal(told(stderr).length, 1, stderr);
});

Deno.test("a server that says no is asked seldom, and one that says when is asked then", async () => {
  const answer = (status: string) =>
    serveBackend(async ({ reader, write }) => {
      await reader.through("\r\n\r\n", "a head");
      await write(`HTTP/1.1 ${status}\r\nContent-Length: 3\r\n\r\nno\n`);
    });
  await using forbidding = answer("403 Forbidden");
  await using busy = answer("503 Service Unavailable\r\nRetry-After: 60");
  const pairs = [forbidding, busy].map(({ address }) => `127.0.0.1:0=ws://${address}/`);
  await using listening = startConnect(pairs);
  const addresses = await addressesOf(listening, 2);
  // Nobody is kept waiting for what won't come.
  const [seconds] = await Promise.all(addresses.map((address) => insist(address, 1, 1_000, 8)));
  assert.ok(forbidding.count <= mostAttempts(seconds!), `${forbidding.count} attempts`);
  assert.equal(busy.count, 1);
  listening.signal("SIGTERM");
  const { stderr } = await listening.finished();
  assert.deepEqual(
    stderr.trimEnd().split("\n").slice(2).map((line) => line.replace(/^.* refuses: /, "")).sort(),
    ["403 Forbidden: no", "503 Service Unavailable: no"],
  );
});

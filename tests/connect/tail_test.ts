/** What the server still sends behind the end of what is here, and what is seen here of its own end. */
import assert from "node:assert/strict";
import { lingering } from "../../lib/cli/connect/lingering.ts";
import { createJoints } from "../../lib/cli/connect/tunnel.ts";
import { freePort, openBackend, serveBackend, type Taken } from "../support/backends.ts";
import { connect, createReader, writeAll } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { startProgram, startWords } from "../support/program.ts";
import { BINARY_FRAMES, hostLines, startWithFile } from "../e2e/whole.ts";
import { addressesOf, startConnect } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const later = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

Deno.test("what the backend says a second later is written, behind the question by --linger, behind its end by tcp-fin-propagate", async () => {
  const answer = async ({ reader, write }: Taken, toEnd: boolean) => {
    const question = toEnd
      ? (await reader.rest("the question")).bytes
      : await reader.exactly(8, "the question");
    assert.equal(textOf(question), "question");
    await later(1000);
    await write("answer");
    await later(300);
    await write(", all of it");
  };
  await using prompt = serveBackend((taken) => answer(taken, false));
  await using patient = serveBackend((taken) => answer(taken, true));
  await using program = await startWithFile(`[wstunnel]
${BINARY_FRAMES}
[wstunnel.server."/prompt"]
${hostLines(prompt.address)}
[wstunnel.server."/patient"]
${hostLines(patient.address)}
[wstunnel.server."/propagates"]
${hostLines(patient.address)}
tcp-fin-propagate = true
`);
  const all = "answer, all of it";
  const cases: [path: string, flags: string[], answer: string][] = [
    ["/prompt", ["--linger", "15"], all],
    ["/patient", ["--linger", "0"], ""],
    ["/propagates", [], all],
    ["/propagates", ["--linger", "0", "--ping-interval", "0"], all],
  ];
  await Promise.all(cases.map(async ([path, flags, expected]) => {
    const url = `ws://${program.address}${path}`;
    await using connecting = startConnect([url, ...flags]);
    await connecting.type("question");
    await connecting.endInput();
    const ended = await connecting.finished();
    assert.deepEqual(ended, { code: 0, stdout: expected, stderr: "" }, `${path} ${flags}`);
  }));
  const served: [path: string, flags: string[]][] = [
    ["/prompt", ["--linger", "15"]],
    ["/propagates", []],
  ];
  await Promise.all(served.map(async ([path, flags]) => {
    const url = `ws://${program.address}${path}`;
    await using listening = startConnect([url, "--listen", "127.0.0.1:0", ...flags]);
    const [address] = await addressesOf(listening);
    using connection = await connect(address!);
    await writeAll(connection, bytesOf("question"));
    await connection.closeWrite();
    const { bytes, end } = await createReader(connection).rest("the answer");
    assert.deepEqual([textOf(bytes), end], [all, "fin"]);
  }));
});

Deno.test("`lingering()` tells the end once nothing has been written for so long, whenever that is", async () => {
  const lingerMs = 200;
  let isTold = false;
  const connection = lingering(
    {
      read: () => Promise.resolve(null),
      write: (bytes) => Promise.resolve(bytes.length),
      closeWrite: () => Promise.resolve(),
      close() {},
    },
    lingerMs,
    () => isTold = true,
  );
  const end = connection.read(new Uint8Array(1));
  const untilMs = performance.now() + 3 * lingerMs;
  let writtenAtMs = performance.now();
  while (performance.now() < untilMs && !isTold) {
    writtenAtMs = performance.now();
    await connection.write(new Uint8Array(1));
    await later(20);
  }
  assert.equal(await end, null);
  assert.ok(isTold);
  assert.ok(performance.now() - writtenAtMs >= lingerMs, "the end was told too early");
});

Deno.test("who has gone for good isn't waited for once the server sends", async () => {
  await using backend = openBackend();
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const flags = ["--listen", "127.0.0.1:0", "--linger", "600"];
  await using listening = startConnect([`ws://${program.address}/`, ...flags]);
  const [address] = await addressesOf(listening);
  const gone = await connect(address!);
  const taken = await backend.take();
  gone.close();
  const closed = program.entry("tunnel closed");
  let isClosed = false;
  closed.then(() => isClosed = true);
  await eventually("the tunnel's end", async () => {
    await taken.write("still there?").catch(() => {});
    return isClosed;
  });
});

Deno.test("behind the server's end a program here sees all of it, then its end, and what it still says is taken", async () => {
  await using backend = openBackend();
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const flags = ["--listen", "127.0.0.1:0"];
  await using listening = startConnect([`ws://${program.address}/`, ...flags]);
  const [address] = await addressesOf(listening);
  using connection = await connect(address!);
  const taken = await backend.take();
  await taken.write("good bye");
  taken.close();
  const { bytes, end } = await createReader(connection).rest("what the server said");
  assert.deepEqual([textOf(bytes), end], ["good bye", "fin"]);
  // Nowhere: the tunnel is closed both ways (RFC 6455 section 5.5.1).
  for (let count = 0; count < 5; count++) {
    await writeAll(connection, new Uint8Array(1000));
    await later(100);
  }
  const { cause, up } = await program.entry("tunnel closed");
  assert.deepEqual([cause, up], ["backend-end", 0]);
});

Deno.test("without Pings a server that says nothing to the Close is given up as well", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const pair = async () => {
    const [near, far] = await Promise.all([connect(`127.0.0.1:${port}`), listener.accept()]);
    return { near: near as Deno.TcpConn, far };
  };
  const server = await pair();
  const local = await pair();
  using _far = server.far;
  using here = local.far;
  const joints = createJoints();
  const joined = joints.join({
    server: server.near,
    local: local.near,
    encoding: "binary",
    pingIntervalMs: 0,
    lingerMs: 0,
    closeSilenceMs: 500,
    signal: new AbortController().signal,
  });
  await here.closeWrite();
  const beganMs = performance.now();
  const { cause } = await joined;
  assert.equal(cause, "client-silent");
  assert.ok(performance.now() - beganMs >= 500);
  await joints.close();
});

/** What a shell's line does with the program in it, as `connect`, and with a standard input that doesn't end. */
async function shell(line: string): Promise<{ stdout: string; stderr: string }> {
  const words = startWords().map((word) => `'${word}'`).join(" ");
  const script = `connect() { ${words} connect "$@"; }\n${line}\n`;
  const child = new Deno.Command("timeout", {
    args: ["-k", "1", "60", "bash", "-c", script],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { stdout, stderr } = await child.output();
  await child.stdin.close().catch(() => {});
  return { stdout: textOf(stdout), stderr: textOf(stderr) };
}

Deno.test("standard streams that are closed, full or read no more end it as the README says", async () => {
  await using backend = serveBackend(async ({ write, reader }) => {
    for (let count = 0; count < 100; count++) await write(new Uint8Array(10_000).fill(0x61));
    await reader.rest("the end");
  });
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const url = `ws://${program.address}/`;
  const nobody = `ws://127.0.0.1:${freePort()}/`;
  const cases: [line: string, stdout: RegExp, stderr: RegExp][] = [
    [
      `connect ${url} | head -c 3; echo " \${PIPESTATUS[0]}"`,
      /^aaa 1\n$/,
      /^wstunnel: [^ ]+: nobody reads standard output any more\n$/,
    ],
    [
      `connect ${url} </dev/null >/dev/full; echo $?`,
      /^1\n$/,
      /^wstunnel: [^ ]+: standard output can't be written: .*[Nn]o space.*\n$/,
    ],
    [`connect ${url} <&- | wc -c; echo "\${PIPESTATUS[0]}"`, /^1000000\n0\n$/, /^$/],
    [`connect ${url} </dev/null >&-; echo $?`, /^0\n$/, /^$/],
    [`connect ${url} 2>&- </dev/null | wc -c; echo "\${PIPESTATUS[0]}"`, /^1000000\n0\n$/, /^$/],
    [`connect ${nobody} 2>&-; echo $?`, /^1\n$/, /^$/],
    [`connect ${nobody} 2>/dev/full; echo $?`, /^1\n$/, /^$/],
    [`connect ${nobody} 2>&1 >/dev/null | true; echo "\${PIPESTATUS[0]}"`, /^1\n$/, /^$/],
  ];
  await Promise.all(cases.map(async ([line, stdout, stderr]) => {
    const ended = await shell(line);
    assert.match(ended.stdout, stdout, `${line}: ${ended.stderr}`);
    assert.match(ended.stderr, stderr, line);
  }));
});

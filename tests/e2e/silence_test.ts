/** Who is called silent: not one that reads slowly, which has its Pings yet to come to; one that has vanished, or hangs. */
import assert from "node:assert/strict";
import { openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { readLines } from "../support/lines.ts";
import { startWords } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { readSlowly } from "../support/slow_client.ts";
import { PLAIN, testEnginesThat } from "./engine_limits.ts";
import { BINARY_FRAMES, hostLines, startFor, startWithFile, withTunnel } from "./whole.ts";

/** How long each of them reads: longer than the silence that is borne of one that has nothing to read. */
const READING_MS = 20_000;

const READERS = [
  { interval: 1, what: "steadily", bytesPerSecond: 20_000 },
  { interval: 1, what: "steadily", bytesPerSecond: 100_000 },
  { interval: 1, what: "a burst", bytesPerSecond: 150_000 },
  { interval: 5, what: "steadily", bytesPerSecond: 100_000 },
  { interval: 5, what: "a burst", bytesPerSecond: 150_000 },
] as const;

const BURST_BYTES = 3_000_000;

testEnginesThat(
  "wait for a slow reader",
  "clients that read slowly are not called silent",
  async (engine) => {
    await using steady = serveBackend(async ({ connection }) => {
      await connection.read(new Uint8Array(1));
      // Held up for longer than a test waits for anything else.
      for (const bytes = new Uint8Array(64 * 1024);;) await connection.write(bytes);
    });
    await using burst = serveBackend(async ({ connection, write }) => {
      await connection.read(new Uint8Array(1));
      await write(new Uint8Array(BURST_BYTES));
      await connection.read(new Uint8Array(1));
    });
    const routes = READERS.map(({ interval, what }, index) => `
[wstunnel.server."/${index}"]
ping-interval = ${interval}
[[wstunnel.server."/${index}".hosts]]
${hostLines(what === "steadily" ? steady.address : burst.address)}
`);
    await using program = await startWithFile(
      `engine = "${engine}"\n[wstunnel]\n${BINARY_FRAMES}\n${routes.join("")}`,
    );
    const endMs = performance.now() + READING_MS;
    const clients = await Promise.all(
      READERS.map((_, index) => openTunnel(program.address, `/${index}`)),
    );
    const reads = await Promise.all(READERS.map(({ what, bytesPerSecond }, index) => {
      const enough = what === "a burst"
        ? (bytes: number) => bytes >= BURST_BYTES
        : () => performance.now() > endMs;
      return readSlowly(clients[index]!, bytesPerSecond, enough);
    }));
    assert.deepEqual(program.entries("tunnel closed"), []);
    assert.deepEqual(reads.map(({ code }) => code), READERS.map(() => null));
    for (const client of clients) client[Symbol.dispose]();
  },
);

testEnginesThat(
  "wait for a slow reader",
  "a client that hangs with bytes to read is given the time for them, and no more",
  async (engine) => {
    const settings = { wstunnel: `${BINARY_FRAMES}\nping-interval = 0.25` };
    await withTunnel(engine, settings, async ({ program, taken }) => {
      const began = performance.now();
      // Three seconds at 20 KB/s.
      await taken.write(new Uint8Array(60_000));
      await taken.reader.rest("the end of the tunnel");
      const seconds = (performance.now() - began) / 1000;
      assert.ok(seconds >= 3.5, `after ${seconds} s`);
      taken.close();
      assert.equal((await program.entry("tunnel closed")).cause, "client-silent");
    });
  },
);

const TOOLS = ["unshare", "nsenter", "ip", "iptables"] as const;
const [UNSHARE, NSENTER, IP, IPTABLES] = TOOLS.map(installed);
/** Runs what follows in a network of its own, with a loopback. */
const OWN_NETWORK = [UNSHARE!, "--net", "/bin/sh", "-c", `${IP} link set lo up && exec "$@"`, "sh"];
const why = whyNoNetwork();

function whyNoNetwork(): string | null {
  const missing = TOOLS.filter((tool) => installed(tool) === null);
  if (missing.length > 0) return `there is no ${missing.join(", no ")}`;
  const [program, ...args] = [...OWN_NETWORK, IPTABLES!, ...dropping("--dport", "1")];
  const { success } = new Deno.Command(program!, { args, stdout: "null", stderr: "null" })
    .outputSync();
  return success ? null : "no network with a filter of its own is permitted, it needs root";
}

/** Only what comes to or from the program's port: it has uses of its own for the loopback. */
function dropping(end: "--sport" | "--dport", port: string): string[] {
  return ["-A", "INPUT", "-p", "tcp", end, port, "-j", "DROP"];
}

for (const mode of ["reads", "hangs"] as const) {
  Deno.test({
    name:
      `${PLAIN}: a client that ${mode} and then vanishes, with megabytes sent to it, is found after two intervals${
        why === null ? "" : ` (skipped: ${why})`
      }`,
    ignore: why !== null,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await using backend = openBackend({ path: `${folder}/s` });
        await using program = await startFor(PLAIN, backend.address, {
          wstunnel: `${BINARY_FRAMES}\nping-interval = 0.5`,
          words: [OWN_NETWORK[0]!, ...OWN_NETWORK.slice(1), ...startWords()],
        });
        const network = [`--net=/proc/${program.pid}/ns/net`];
        const script = new URL("vanishing_client.ts", import.meta.url).pathname;
        const client = new Deno.Command(NSENTER!, {
          args: [
            ...network,
            Deno.execPath(),
            "run",
            "-A",
            "--quiet",
            script,
            program.address,
            mode,
          ],
          stdin: "piped",
          stdout: "piped",
        }).spawn();
        const said = readLines(client.stdout);
        const { connection, reader, close } = await backend.take();
        const flood = (async () => {
          for (const bytes = new Uint8Array(64 * 1024);;) await connection.write(bytes);
        })().catch(() => {});
        try {
          await eventually("the client to read", () => said.all.includes("reading"));
          for (const end of ["--sport", "--dport"] as const) {
            const rule = dropping(end, program.address.split(":")[1]!);
            const args = [...network, IPTABLES!, ...rule];
            assert.ok(new Deno.Command(NSENTER!, { args }).outputSync().success);
          }
          // What it was sent would take minutes at the pace of the slowest reader.
          await reader.rest("the end of the tunnel");
          close();
          assert.equal((await program.entry("tunnel closed")).cause, "client-silent");
        } finally {
          const { status, stdin } = client;
          client.kill("SIGKILL");
          await Promise.all([status, said.ended, stdin.close().catch(() => {})]);
        }
        await flood;
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** What `/metrics` says of a program that runs, beside what clients and backends have sent, and Prometheus that asks for it. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ENGINES } from "../e2e/engine_limits.ts";
import { answerOf, nameAt, named } from "../e2e/targets.ts";
import { BINARY_FRAMES, hostLines } from "../e2e/whole.ts";
import { RATE_OF_BYTES } from "../events/metrics/readme.ts";
import { seriesOf, sumOf } from "../events/metrics/world.ts";
import { echo, freePort, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { promtool, WITHOUT_PROMTOOL } from "../support/promtool.ts";
import { startProgram } from "../support/program.ts";
import { Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { tlsSetting } from "../support/tls.ts";
import { NO_OPENSSL } from "../tls/s_client.ts";
import { adminAddress, type Administered, ask, startAdministered } from "./asking.ts";

const PROMETHEUS = installed("prometheus");

type Asking = Pick<Administered, "ask">;

/** The series of a scrape. */
async function scrape({ ask }: Asking): Promise<ReadonlyMap<string, number>> {
  const { status, headers, text } = await ask("/metrics");
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  return seriesOf(text);
}

/** Waits until a scrape shows what it must. */
async function scraped(
  admin: Asking,
  what: string,
  holds: (series: ReadonlyMap<string, number>) => boolean,
): Promise<ReadonlyMap<string, number>> {
  let last: ReadonlyMap<string, number> = new Map();
  try {
    await eventually(what, async () => holds(last = await scrape(admin)));
    return last;
  } catch (error) {
    const lines = [...last].filter(([, value]) => value !== 0).map((pair) => pair.join(" "));
    throw new Error(`${(error as Error).message}\n${lines.join("\n")}`);
  }
}

const routeTo = (key: string, address: string, more = "") =>
  `[[wstunnel.server."${key}"]]\n${hostLines(address)}\n${more}\n`;

for (const engine of ENGINES) {
  const top = `engine = "${engine}"\n[wstunnel]\n${BINARY_FRAMES}\n`;

  Deno.test(`${engine}: what is counted adds up with what was sent, of open tunnels too, and goes on across reloads`, async () => {
    await using a = serveBackend(echo);
    await using b = openBackend();
    await using admin = await startAdministered({
      text: top + routeTo("/a", a.address) + routeTo("/b", b.address),
    });
    const { program } = admin;
    const ofA = `route="/a",backend="${a.address}"`;
    const ofB = `route="/b",backend="${b.address}"`;
    const bytes = (labels: string, direction: string) =>
      `wstunnel_tunnel_bytes_total{${labels},direction="${direction}"}`;

    using echoed = await openTunnel(program.address, "/a");
    await echoed.send(Opcode.BINARY, new Uint8Array(100_001));
    await echoed.payload(100_001, Opcode.BINARY);
    using other = await openTunnel(program.address, "/b");
    const taken = await b.take();
    await taken.write(new Uint8Array(7));
    await other.payload(7);
    await scraped(
      admin,
      "the bytes of open tunnels",
      (series) =>
        series.get(bytes(ofA, "up")) === 100_001 && series.get(bytes(ofA, "down")) === 100_001 &&
        series.get(bytes(ofB, "up")) === 0 && series.get(bytes(ofB, "down")) === 7,
    );

    assert.equal((await echoed.close(1000)).code, 1000);
    await echoed.end();
    using again = await openTunnel(program.address, "/a");
    await again.send(Opcode.BINARY, "more");
    await again.payload(4, Opcode.BINARY);
    for (const path of ["/none", "/none", "/a"]) {
      using client = await openRaw(program.address);
      await client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      await client.head();
    }
    // A reload that changes what is counted, and one that changes nothing.
    await admin.write(top + routeTo("/b", b.address));
    assert.equal((await admin.change("/api/reload", "POST")).status, 200);
    await admin.write("no TOML");
    assert.equal((await admin.change("/api/reload", "POST")).status, 422);
    const series = await scraped(
      admin,
      "all that was sent",
      (series) =>
        series.get(bytes(ofA, "up")) === 100_005 && series.get(bytes(ofA, "down")) === 100_005,
    );
    const expected: Readonly<Record<string, number>> = {
      [`wstunnel_tunnels_opened_total{${ofA}}`]: 2,
      [`wstunnel_tunnels_open{${ofA}}`]: 1,
      [`wstunnel_tunnels_closed_total{${ofA},cause="client-close"}`]: 1,
      [`wstunnel_tunnels_opened_total{${ofB}}`]: 1,
      [`wstunnel_tunnels_open{${ofB}}`]: 1,
      'wstunnel_requests_refused_total{route="",status="404",cause="rules"}': 2,
      'wstunnel_handshake_seconds_count{outcome="opened"}': 3,
      'wstunnel_handshake_seconds_count{outcome="refused"}': 3,
      'wstunnel_dial_seconds_count{outcome="connected"}': 3,
      [`wstunnel_backend_state{${ofB},state="up"}`]: 1,
      [`wstunnel_backend_load{${ofB}}`]: 1,
      // It is no more configured, and has a tunnel.
      [`wstunnel_backend_state{${ofA},state="draining"}`]: 1,
      'wstunnel_config_reloads_total{outcome="taken"}': 1,
      'wstunnel_config_reloads_total{outcome="refused"}': 1,
      "wstunnel_config_last_reload_successful": 0,
      'wstunnel_phase{phase="serving"}': 1,
      "wstunnel_defects_total": 0,
    };
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(series.get(name), value, name);
    }
    assert.equal(sumOf(series, "wstunnel_requests_refused_total"), 3);
    for (const name of ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"]) {
      assert.ok(series.get(`process_${name}`)! > 0, name);
    }
    const started = series.get("process_start_time_seconds")!;
    assert.ok(started <= Date.now() / 1000 && started > Date.now() / 1000 - 60, `${started}`);
    assert.ok(sumOf(series, "wstunnel_handshake_seconds_sum") < 20);
  });

  Deno.test(`${engine}: who waits is seen, and how much is held for him`, async () => {
    await using backend = openBackend();
    await using admin = await startAdministered({ text: top + routeTo("/", backend.address) });
    using client = await openTunnel(admin.program.address);
    const taken = await backend.take();
    /** Writes more than the system's buffers hold and less than max-buffer, or until the connection is closed. */
    const flood = async (write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => {
      const bytes = new Uint8Array(64 * 1024);
      try {
        for (let times = 0; times < 224; times++) await write(bytes);
      } catch {
        // The connection is closed.
      }
    };
    const down = flood(taken.write);
    await scraped(
      admin,
      "a client that reads nothing",
      (series) =>
        series.get('wstunnel_tunnels_waiting{side="client"}') === 1 &&
        series.get('wstunnel_residue_bytes{side="client"}')! > 0,
    );
    const up = flood((bytes) => client.send(Opcode.BINARY, bytes));
    await scraped(
      admin,
      "a backend that reads nothing",
      (series) =>
        series.get('wstunnel_tunnels_waiting{side="backend"}') === 1 &&
        series.get('wstunnel_residue_bytes{side="backend"}')! > 0 &&
        // The loop has one buffer for all.
        (engine === "loop" || sumOf(series, "wstunnel_buffer_bytes") > 0),
    );
    client[Symbol.dispose]();
    taken.close();
    await Promise.all([up, down]);
    const series = await scraped(
      admin,
      "its end",
      (series) =>
        sumOf(series, "wstunnel_tunnels_open") === 0 &&
        sumOf(series, "wstunnel_connections") === 0,
    );
    assert.equal(sumOf(series, "wstunnel_tunnels_waiting"), 0);
    assert.equal(sumOf(series, "wstunnel_residue_bytes"), 0);
    assert.equal(sumOf(series, "wstunnel_buffer_bytes"), 0);
  });
}

Deno.test("a listener that comes by a reload tells of tunnels that were open before; counters go on while it is away", async () => {
  await using backend = serveBackend(echo);
  const folder = await Deno.makeTempDir();
  const at = `unix:${folder}/admin.sock`;
  const admin = { ask: (path: string) => ask(at, path) };
  const file = `${folder}/wstunnel.toml`;
  const text = `[wstunnel]\n${BINARY_FRAMES}\n${routeTo("/", backend.address)}`;
  try {
    await Deno.writeTextFile(file, text);
    await using program = await startProgram(["--config", file]);
    let reloads = 0;
    const reload = async (text: string) => {
      await Deno.writeTextFile(file, text);
      program.signal("SIGHUP");
      await program.entry("the configuration holds from now on", ++reloads);
    };
    const pass = async () => {
      using client = await openTunnel(program.address);
      await client.send(Opcode.BINARY, "12345");
      await client.payload(5, Opcode.BINARY);
      assert.equal((await client.close(1000)).code, 1000);
      await client.end();
    };
    await pass();
    using open = await openTunnel(program.address);
    await open.send(Opcode.BINARY, "123");
    await open.payload(3, Opcode.BINARY);
    await reload(`admin = "${at}"\n${text}`);
    await scraped(
      admin,
      "the tunnel that is open",
      (series) =>
        sumOf(series, "wstunnel_tunnels_open") === 1 &&
        sumOf(series, "wstunnel_tunnels_opened_total") === 1 &&
        sumOf(series, "wstunnel_tunnel_bytes_total", 'direction="up"') === 3 &&
        sumOf(series, "wstunnel_connections") === 1,
    );
    await reload(text);
    await pass();
    await program.entry("tunnel closed", 2);
    await reload(`admin = "${at}"\n${text}`);
    await scraped(
      admin,
      "what was counted while nobody could ask",
      (series) =>
        sumOf(series, "wstunnel_tunnels_opened_total") === 2 &&
        sumOf(series, "wstunnel_tunnel_bytes_total", 'direction="up"') === 8 &&
        series.get('wstunnel_config_reloads_total{outcome="taken"}') === 3,
    );
    const series = await scrape(admin);
    assert.equal(sumOf(series, "wstunnel_tunnels_open"), 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no token and no target is a label, nor what a client says; targets are one series", async () => {
  await using first = named("one");
  await using second = named("two");
  const [one, two] = [makeSecret("a target's token"), makeSecret("another target's token")];
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/targets`,
      `${one}: ${first.address}\n${two}: ${second.address}\n`,
      { mode: 0o600 },
    );
    await using admin = await startAdministered({
      text: `[wstunnel]\n${BINARY_FRAMES}\n[wstunnel.server."/t"]\n` +
        `targets = { file = "${folder}/targets" }\n`,
    });
    const { program } = admin;
    assert.equal(await nameAt(program, `/t?token=${one}`), "one");
    assert.equal(await nameAt(program, `/t?token=${two}`), "two");
    const wrong = makeSecret("a wrong token");
    assert.equal((await answerOf(program, `/t?token=${wrong}`)).status, 403);
    assert.equal((await answerOf(program, `/said-${"x".repeat(100)}`)).status, 404);
    const labels = 'route="/t",backend="target"';
    await scraped(
      admin,
      "both tunnels",
      (series) => series.get(`wstunnel_tunnels_closed_total{${labels},cause="client-close"}`) === 2,
    );
    const { text } = await admin.ask("/metrics");
    assert.match(
      text,
      /wstunnel_requests_refused_total\{route="\/t",status="403",cause="target"\} 1/,
    );
    assert.ok(!text.includes("said-"), text);
    for (const { address } of [first, second]) assert.ok(!text.includes(address), text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("programs are counted from their start to their end, of a pool and of a tunnel each", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const echoing = new URL("../backend/program.ts", import.meta.url).pathname;
    const command = [Deno.execPath(), "run", "--quiet", "--no-lock", "--allow-all", echoing];
    await using admin = await startAdministered({
      text: `[wstunnel]\n${BINARY_FRAMES}\n[[wstunnel.server."/cat"]]\nexec = ["/bin/cat"]\n` +
        `[[wstunnel.server."/false"]]\nexec = ["/bin/false"]\n` +
        `[[wstunnel.server."/p"]]\nsocket = "${folder}/s"\nmax-procs = 1\n` +
        `bin-path = ${JSON.stringify(command)}\n`,
    });
    const { address } = admin.program;
    using client = await openTunnel(address, "/cat");
    await client.send(Opcode.BINARY, "meow");
    assert.equal(new TextDecoder().decode(await client.payload(4)), "meow");
    using failed = await openTunnel(address, "/false");
    assert.equal((await failed.closed()).code, 1011);
    const pool = `{backend="unix:${folder}/s"}`;
    await scraped(
      admin,
      "the program of the pool",
      (series) =>
        series.get(`wstunnel_programs_running${pool}`) === 1 &&
        series.get(`wstunnel_backend_state{route="/p",backend="unix:${folder}/s",state="up"}`) ===
          1,
    );
    const { pid } = await admin.program.entry("program is up") as unknown as { pid: number };
    Deno.kill(pid, "SIGKILL");
    assert.equal((await client.close(1000)).code, 1000);
    const series = await scraped(
      admin,
      "its next start",
      (series) =>
        series.get(`wstunnel_programs_restarted_total${pool}`) === 1 &&
        series.get('wstunnel_programs_running{backend="exec:/bin/cat"}') === 0,
    );
    const ended = (backend: string, exit: string) =>
      series.get(`wstunnel_programs_ended_total{backend="${backend}",exit="${exit}"}`);
    assert.equal(ended(`unix:${folder}/s`, "signal"), 1);
    assert.equal(ended("exec:/bin/false", "failure"), 1);
    assert.equal(ended("exec:/bin/cat", "success"), 1);
    assert.equal(series.get(`wstunnel_programs_started_total${pool}`), 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: `the end of a certificate in use is told${
    NO_OPENSSL === null ? "" : " (skipped: no openssl)"
  }`,
  ignore: NO_OPENSSL !== null,
  async fn() {
    await using backend = serveBackend(echo);
    await using tls = await tlsSetting();
    const file = `${tls.folder}/wstunnel.toml`;
    await Deno.writeTextFile(
      file,
      `admin = "127.0.0.1:0"\n[wstunnel]\n${BINARY_FRAMES}\n${routeTo("/", backend.address)}`,
    );
    await using program = await startProgram(["--config", file, ...tls.flags]);
    const at = adminAddress(program);
    const { cert } = tls.server;
    const series = await scrape({ ask: (path) => ask(at, path) });
    const { validToDate } = new X509Certificate(await Deno.readTextFile(cert));
    assert.equal(
      series.get(`wstunnel_certificate_expiry_timestamp_seconds{path="${cert}"}`),
      validToDate.getTime() / 1000,
    );
  },
});

Deno.test({
  name: `promtool takes what a program says that has served${WITHOUT_PROMTOOL}`,
  ignore: WITHOUT_PROMTOOL !== "",
  async fn() {
    await using backend = serveBackend(echo);
    await using admin = await startAdministered({
      by: "unix",
      text: `[wstunnel]\n${BINARY_FRAMES}\n${routeTo("/", backend.address)}`,
    });
    using client = await openTunnel(admin.program.address);
    assert.equal((await client.close(1000)).code, 1000);
    const { text } = await admin.ask("/metrics");
    assert.equal(await promtool(["check", "metrics"], text), "");
  },
});

Deno.test({
  name: `Prometheus scrapes a program, and a query gives the rate of its bytes${
    PROMETHEUS === null ? " (skipped: no prometheus)" : ""
  }`,
  ignore: PROMETHEUS === null,
  async fn() {
    await using backend = serveBackend(echo);
    await using admin = await startAdministered({
      text: `[wstunnel]\n${BINARY_FRAMES}\n${routeTo("/", backend.address)}`,
    });
    const folder = await Deno.makeTempDir();
    const at = `127.0.0.1:${freePort()}`;
    try {
      await Deno.writeTextFile(
        `${folder}/prometheus.yml`,
        "scrape_configs:\n- job_name: wstunnel\n  scrape_interval: 1s\n" +
          `  static_configs: [{ targets: ["${admin.at}"] }]\n`,
      );
      await using _prometheus = await startServer(PROMETHEUS!, [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${at}`,
      ], at);
      // It listens before it has read what it stored, and refuses queries until then.
      await eventually("a Prometheus that is ready", async () => {
        const response = await fetch(`http://${at}/-/ready`);
        await response.body?.cancel();
        return response.ok;
      });
      const query = async (text: string): Promise<number | null> => {
        const response = await fetch(`http://${at}/api/v1/query?query=${encodeURIComponent(text)}`);
        const { data } = await response.json();
        const [first] = data?.result ?? [];
        return first === undefined ? null : Number(first.value[1]);
      };
      using client = await openTunnel(admin.program.address);
      const bytes = new Uint8Array(10_000);
      let sent = 0;
      const rate = RATE_OF_BYTES.replace("[5m]", "[5s]");
      await eventually("a rate of bytes", async () => {
        await client.send(Opcode.BINARY, bytes);
        await client.payload(bytes.length, Opcode.BINARY);
        sent += bytes.length;
        return (await query(rate) ?? 0) > 0;
      });
      await eventually(
        "all bytes, exactly",
        async () => await query('wstunnel_tunnel_bytes_total{direction="down"}') === sent,
      );
      await eventually("a scrape that succeeds", async () => await query("up") === 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

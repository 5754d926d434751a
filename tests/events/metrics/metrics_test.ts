import assert from "node:assert/strict";
import type { ProcState } from "../../../lib/process/supervisor.ts";
import type { stateOf } from "../../../lib/backend/address.ts";
import type { ProcReport } from "../../../lib/events/event.ts";
import { BACKEND_STATES } from "../../../lib/events/metrics/backends.ts";
import { FAMILIES } from "../../../lib/events/metrics/families.ts";
import { createMetrics } from "../../../lib/events/metrics/metrics.ts";
import { MOST_SERIES } from "../../../lib/events/metrics/series.ts";
import { promtool, WITHOUT_PROMTOOL } from "../../support/promtool.ts";
import { withRandom } from "../../support/random.ts";
import { BACKEND, createWorld, GAUGES, type Opened, seriesOf, sumOf, tellAll } from "./world.ts";

Deno.test("each metric has a help, a type and at least one series where there is one of everything", () => {
  const world = createWorld();
  tellAll(world);
  const text = world.text({ backends: [BACKEND] });
  for (const [name, { type, help }] of Object.entries(FAMILIES)) {
    assert.ok(text.includes(`# HELP ${name} ${help}.\n# TYPE ${name} ${type}\n${name}`), name);
  }
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(names, Object.keys(FAMILIES));
});

Deno.test({
  name: `promtool finds nothing to complain of in any metric${WITHOUT_PROMTOOL}`,
  ignore: WITHOUT_PROMTOOL !== "",
  async fn() {
    const world = createWorld();
    tellAll(world);
    const odd = { ...BACKEND, route: '/"\\\n{}=,', backend: "unix:/run/\u{1f50c} #1" };
    assert.equal(await promtool(["check", "metrics"], world.text({ backends: [odd] })), "");
  },
});

Deno.test("a label's value is written so that it can be read again", () => {
  const text = createWorld().text({
    certificates: [{ path: 'C:\\a "b"\nc', expires: 1_000 }],
  });
  assert.ok(
    text.includes(
      'wstunnel_certificate_expiry_timestamp_seconds{path="C:\\\\a \\"b\\"\\nc"} 1\n',
    ),
    text,
  );
});

Deno.test("a histogram counts what took at most each bound, and all of them", () => {
  const { metrics, text } = createWorld();
  for (const lateMs of [0, 1, 1.1, 250, 10_000, 60_000]) metrics.late(lateMs);
  const series = seriesOf(text());
  const upTo = (bound: string) =>
    series.get(`wstunnel_event_loop_lag_seconds_bucket{le="${bound}"}`);
  assert.deepEqual(
    ["0.001", "0.0025", "0.1", "0.25", "5", "10", "+Inf"].map(upTo),
    [2, 3, 3, 4, 4, 5, 6],
  );
  assert.equal(series.get("wstunnel_event_loop_lag_seconds_count"), 6);
  assert.equal(series.get("wstunnel_event_loop_lag_seconds_sum"), 70.2521);
});

Deno.test("bytes are those of all tunnels, open or over, and never fall", (t) =>
  withRandom(t, (random) => {
    const world = createWorld();
    const open: Opened[] = [];
    const moved = { up: 0, down: 0 };
    let last = { up: 0, down: 0 };
    for (let step = 0; step < 3_000; step++) {
      if (random.oneIn(10)) open.push(world.open(`/${random.below(3)}`, `b:${random.below(3)}`));
      else if (random.oneIn(12) && open.length > 0) {
        world.close(open.splice(random.below(open.length), 1)[0]!);
      } else if (open.length > 0) {
        const { flow } = random.pick(open);
        const [up, down] = [random.below(1e6), random.below(1e9)];
        flow.upBytes += up;
        flow.downBytes += down;
        moved.up += up;
        moved.down += down;
      }
      if (!random.oneIn(20)) continue;
      const series = seriesOf(world.text());
      const sums = {
        up: sumOf(series, "wstunnel_tunnel_bytes_total", 'direction="up"'),
        down: sumOf(series, "wstunnel_tunnel_bytes_total", 'direction="down"'),
      };
      assert.deepEqual(sums, moved);
      assert.ok(sums.up >= last.up && sums.down >= last.down);
      last = sums;
      assert.equal(sumOf(series, "wstunnel_tunnels_open"), open.length);
      assert.equal(
        sumOf(series, "wstunnel_tunnels_opened_total") -
          sumOf(series, "wstunnel_tunnels_closed_total"),
        open.length,
      );
    }
  }));

Deno.test("tunnels that were open before anything was counted are counted as well", () => {
  const flow = { upBytes: 5, downBytes: 7, upWaits: true, downWaits: false };
  const tunnel = {
    route: "/a",
    backend: "b:1",
    isTarget: false,
    flow,
    upResidue: 3,
    downResidue: 0,
  };
  const metrics = createMetrics([tunnel]);
  const series = seriesOf(metrics.text({ ...GAUGES, tunnels: [tunnel] }));
  assert.equal(series.get('wstunnel_tunnels_open{route="/a",backend="b:1"}'), 1);
  assert.equal(
    series.get('wstunnel_tunnel_bytes_total{route="/a",backend="b:1",direction="up"}'),
    5,
  );
  assert.equal(series.get('wstunnel_tunnels_waiting{side="backend"}'), 1);
  assert.equal(series.get('wstunnel_residue_bytes{side="backend"}'), 3);
  assert.equal(metrics.opened, 1);
});

Deno.test("targets are one backend of their route, however many there are", () => {
  const world = createWorld();
  for (let at = 0; at < 5_000; at++) {
    const tunnel = world.open("/t", `10.0.${at >> 8}.${at & 255}:5900`, true);
    tunnel.flow.upBytes = 2;
    if (at % 2 === 0) world.close(tunnel);
  }
  const rows: ProcReport[] = Array.from({ length: 100 }, (_, at) => ({
    ...{ ...BACKEND, route: "/t", backend: `10.0.0.${at}:5900`, load: 1, isTarget: true as const },
  }));
  const text = world.text({ backends: rows });
  const series = seriesOf(text);
  assert.equal(series.get('wstunnel_tunnels_open{route="/t",backend="target"}'), 2_500);
  assert.equal(
    series.get('wstunnel_tunnel_bytes_total{route="/t",backend="target",direction="up"}'),
    10_000,
  );
  assert.ok(!text.includes(":5900"), text);
});

Deno.test("however often a configuration changes its routes and backends, the text has a bound; what is configured or open stays exact", () => {
  const world = createWorld();
  const stays = world.open("/stays", "b:1");
  stays.flow.upBytes = 1;
  world.close(world.open("/kept", "b:1"));
  const kept = { ...BACKEND, route: "/kept", backend: "b:1" };
  let longest = 0;
  for (let reload = 0; reload < 5 * MOST_SERIES; reload++) {
    const [route, backend] = [`/r${reload}`, `10.0.0.1:${reload}`];
    world.close(world.open(route, backend));
    world.tell({ kind: "process-started", program: backend, pid: reload });
    world.tell({
      ...{ kind: "process-ended", program: backend, pid: reload, asked: true },
      exit: { code: 0, signal: null },
    });
    world.tell({
      ...{ kind: "request-refused", client: "x", asked: null, route, cause: "down", status: 503 },
      ...{ reason: stays.names.asked.path, why: undefined, handshakeSeconds: 0 },
    });
    if (reload % 250 !== 0) continue;
    const backends = [{ ...BACKEND, route, backend }, kept];
    longest = Math.max(longest, seriesOf(world.text({ backends })).size);
  }
  const series = seriesOf(world.text({ backends: [kept] }));
  // Of tunnels five for each route and backend, of programs four, of refusals one; besides, what doesn't depend on any.
  assert.ok(longest <= 10 * MOST_SERIES + 200, `${longest} series`);
  assert.equal(sumOf(series, "wstunnel_tunnels_open"), 1);
  assert.equal(
    series.get('wstunnel_tunnel_bytes_total{route="/stays",backend="b:1",direction="up"}'),
    1,
  );
  assert.equal(series.get('wstunnel_tunnels_opened_total{route="/kept",backend="b:1"}'), 1);
  assert.equal(world.metrics.opened, 5 * MOST_SERIES + 2);
});

Deno.test("what is configured has its series before anything has happened", () => {
  const series = seriesOf(createWorld().text({ backends: [BACKEND] }));
  assert.equal(series.get('wstunnel_tunnels_opened_total{route="/a",backend="127.0.0.1:1"}'), 0);
  assert.equal(
    series.get('wstunnel_tunnel_bytes_total{route="/a",backend="127.0.0.1:1",direction="up"}'),
    0,
  );
});

Deno.test("a backend has a series for each state that there is, and is in one", () => {
  // The compiler says where one is missing or is none.
  const STATES: Readonly<Record<ProcState | ReturnType<typeof stateOf> | "full" | "draining", 0>> =
    {
      ...{
        up: 0,
        disabled: 0,
        failed: 0,
        full: 0,
        draining: 0,
        starting: 0,
        foreign: 0,
        stopped: 0,
      },
      ...{ stopping: 0, dead: 0, backoff: 0 },
    };
  assert.deepEqual([...BACKEND_STATES].sort(), Object.keys(STATES).sort());
  const rows: ProcReport[] = [
    { ...BACKEND, state: "backoff", failures: 2, drained: true },
    { ...BACKEND, backend: "exec:/bin/cat", state: "full", load: 2, tunnelsServed: 9 },
    // Those that it has started: they come and go.
    { ...BACKEND, backend: "exec:/bin/cat", state: "running", load: 1, pid: 7, tunnelsServed: 1 },
    { ...BACKEND, backend: "exec:/bin/cat", state: "stopping", pid: 8, tunnelsServed: 1 },
  ];
  const series = seriesOf(createWorld().text({ backends: rows }));
  const of = (name: string, backend: string) =>
    [...series].filter(([key, value]) =>
      key.startsWith(`wstunnel_backend_${name}{`) && key.includes(backend) && value > 0
    ).map(([key, value]) => [/state="(\w+)"/.exec(key)?.[1], value]);
  assert.deepEqual(of("state", "127.0.0.1"), [["backoff", 1]]);
  assert.deepEqual(of("state", "exec"), [["full", 1]]);
  assert.deepEqual(of("load", "exec"), [[undefined, 2]]);
  assert.deepEqual(of("tunnels_served_total", "exec"), [[undefined, 9]]);
  assert.deepEqual(of("failures_total", "127.0.0.1"), [[undefined, 2]]);
  assert.deepEqual(of("drained", "127.0.0.1"), [[undefined, 1]]);
});

Deno.test("programs: each start of one that was out is a restart; an end is as it was asked for or came", () => {
  const { tell, text } = createWorld();
  const program = "127.0.0.1:5900";
  const start = (pid: number) => tell({ kind: "process-started", program, pid });
  const end = (pid: number, code: number, signal: string | null, asked = false) =>
    tell({ kind: "process-ended", program, pid, exit: { code, signal }, asked });
  const up = (pid: number) => tell({ kind: "program-started", program, pid, again: false });
  start(1);
  up(1);
  end(1, 137, "SIGKILL");
  const exit = { code: 137, signal: "SIGKILL" };
  tell({ kind: "program-ended", program, pid: 1, exit, tunnels: 0 });
  start(2);
  end(2, 1, null);
  tell({ kind: "program-failed", program, reason: "no", output: [] });
  start(3);
  up(3);
  end(3, 0, null, true);
  start(4);
  up(4);
  const series = seriesOf(text());
  const of = (name: string) => series.get(`wstunnel_programs_${name}{backend="${program}"}`);
  assert.deepEqual(["started_total", "restarted_total", "running"].map(of), [4, 2, 1]);
  const ended = (exit: string) =>
    series.get(`wstunnel_programs_ended_total{backend="${program}",exit="${exit}"}`);
  assert.deepEqual(["signal", "failure", "stopped", "success"].map(ended), [1, 1, 1, undefined]);
});

/** The line of every kind of event, as it stands in the log. */
import assert from "node:assert/strict";
import { openLog } from "../../../lib/base/logger.ts";
import type {
  Asked,
  Event,
  EventKind,
  EventOf,
  TunnelProgress,
} from "../../../lib/events/event.ts";
import { createEvents } from "../../../lib/events/events.ts";
import { createLogSink } from "../../../lib/events/log/sink.ts";
import { peerWords } from "../../../lib/events/words.ts";

/** An event without its kind, and its line without the time; null: it has none. */
type Case<Kind extends EventKind> = readonly [
  event: Omit<EventOf<Kind>, "kind">,
  line: string | null,
];

const ASKED: Asked = {
  path: peerWords("/vnc"),
  host: peerWords("example.com"),
  origin: peerWords("https://app.example"),
  subprotocol: peerWords("binary"),
  declined: undefined,
};
const SAID = "path=/vnc host=example.com origin=https://app.example";

const TUNNEL: TunnelProgress = {
  id: 3,
  client: "192.0.2.7:4000",
  route: "/vnc",
  user: null,
  asked: ASKED,
  backend: "exec:cat",
  isTarget: false,
  pid: 9,
  seconds: 1.25,
  upBytes: 10,
  downBytes: 20,
};
const NAMES =
  `id=3 client=192.0.2.7:4000 route=/vnc ${SAID} subprotocol=binary backend=exec:cat pid=9`;

const HOST = { route: "/vnc", backend: "127.0.0.1:5900" };
const OWN = { program: "exec:cat", pid: 9, route: "/vnc", tunnel: 3 };

/** One and more of each kind: the compiler asks for all of them. */
const CASES: { readonly [Kind in EventKind]: readonly Case<Kind>[] } = {
  "configuration-warning": [[{ text: "odd" }, "warning odd"]],
  "sigusr1-unguarded": [
    [
      { standalone: true, reason: "no FFI" },
      'warning SIGUSR1 ends the program reason="no FFI"',
    ],
    [
      { standalone: false, reason: "no FFI" },
      "warning never send SIGUSR1: it opens the runtime's debugger, by which any local user can run code as " +
      'ours reason="no FFI"',
    ],
  ],
  "file-asked": [
    [
      {
        client: "10.0.0.2:5000",
        user: null,
        route: null,
        method: peerWords("GET"),
        asked: { path: peerWords("/app/ui.js"), host: peerWords("h"), origin: undefined },
        seconds: 0.0123,
        status: 206,
        bytes: 10,
        end: "sent",
      },
      "info    file asked for client=10.0.0.2:5000 method=GET path=/app/ui.js host=h status=206 bytes=10 ms=12",
    ],
    [
      {
        client: "10.0.0.2:5000",
        via: "10.0.0.1:80",
        user: peerWords("eve"),
        route: "/a",
        method: peerWords("GET"),
        asked: { path: peerWords("/a/x"), host: undefined, origin: undefined },
        seconds: 2,
        status: 500,
        bytes: 0,
        end: "sent",
        why: "cannot be opened: too many files",
      },
      'warning file asked for client=10.0.0.2:5000 via=10.0.0.1:80 user=eve route=/a method=GET path=/a/x status=500 bytes=0 ms=2000 why="cannot be opened: too many files"',
    ],
    ...(["left", "stalled", "shrunk", "unreadable"] as const).map((end): Case<"file-asked"> => [
      {
        client: "10.0.0.2:5000",
        user: null,
        route: null,
        method: peerWords("GET"),
        asked: { path: peerWords("/x"), host: peerWords("h"), origin: undefined },
        seconds: 1,
        status: 200,
        bytes: 65_000,
        end,
      },
      `${
        end === "left" || end === "stalled" ? "info   " : "warning"
      } file not sent whole client=10.0.0.2:5000 method=GET path=/x host=h status=200 end=${end} bytes=65000 ms=1000`,
    ]),
  ],
  "tls-refused": [
    [
      { client: "10.0.0.2:5000", via: undefined, reason: peerWords("the client has left") },
      'info    no TLS connection client=10.0.0.2:5000 reason="the client has left"',
    ],
  ],
  "certificate-renewed": [
    [
      { path: "/etc/cert.pem", expires: Date.UTC(2027, 0, 2) },
      "info    certificate renewed path=/etc/cert.pem expires=2027-01-02T00:00:00.000Z",
    ],
  ],
  "certificate-refused": [
    [
      { problem: '"/etc/key.pem" is not there' },
      `error   the changed certificate can't be used, the one before it still is reason="\\"/etc/key.pem\\" is not there"`,
    ],
  ],
  "certificate-ending": [
    [
      { path: "/etc/cert.pem", words: "has expired, 2026-01-02 00:00 UTC" },
      "warning certificate has expired, 2026-01-02 00:00 UTC path=/etc/cert.pem",
    ],
  ],
  "ready": [[{}, null]],
  "reload-begun": [[{ by: "SIGHUP" }, "info    reading the configuration again by=SIGHUP"]],
  "reload-change": [[{ change: "+ route /b" }, "info    + route /b"]],
  "reloaded": [[{ changes: 1 }, "info    the configuration holds from now on changes=1"]],
  "reload-problem": [[{ problem: "x.toml:1: wrong" }, "error   x.toml:1: wrong"]],
  "reload-refused": [
    [
      { problems: 1 },
      "error   the reload is refused, the configuration before it still holds problems=1",
    ],
  ],
  "connections-bounded": [
    [
      { maxConnections: 448, maxPerClient: 224, descriptors: 1024, room: 448 },
      "info    at most 448 connections at once perClient=224 descriptors=1024",
    ],
    [
      { maxConnections: 1, maxPerClient: 0, descriptors: null, room: null },
      "info    at most 1 connection at once",
    ],
    [
      { maxConnections: 0, maxPerClient: 0, descriptors: null, room: null },
      "info    any number of connections",
    ],
    [
      { maxConnections: 500, maxPerClient: 250, descriptors: 1024, room: 448 },
      "warning at most 500 connections at once, and descriptors for 448: raise ulimit -n or lower max-connections perClient=250 descriptors=1024",
    ],
    [
      { maxConnections: 0, maxPerClient: 0, descriptors: 1024, room: 448 },
      "warning any number of connections, and descriptors for 448: raise ulimit -n or lower max-connections descriptors=1024",
    ],
  ],
  "connection-dropped": [
    [
      { client: "192.0.2.7:4000", limit: "max-pending", pending: true },
      "info    connection dropped client=192.0.2.7:4000 limit=max-pending pending=true",
    ],
  ],
  "debugger-open": [[
    {},
    "error   SIGUSR1 has opened the runtime's debugger while this was being loaded, and nothing closes it: " +
    "start again",
  ]],
  "listening": [[
    { address: { transport: "tcp", hostname: "::", port: 80 }, engine: "stream", tls: false },
    "info    listening on [::]:80 engine=stream",
  ]],
  "listener-closed": [[
    { address: { transport: "tcp", hostname: "::", port: 80 } },
    "info    no longer listening on [::]:80",
  ]],
  "admin-refused": [[
    { by: "admin 127.0.0.1:4000", status: 401, reason: "no" },
    'info    admin request refused by="admin 127.0.0.1:4000" status=401 reason=no',
  ]],
  "tunnel-end-asked": [[
    { tunnel: 7, by: "admin unix" },
    'info    an operator ends a tunnel id=7 by="admin unix"',
  ]],
  "admin-listening": [[
    { address: { transport: "unix", path: "/run/admin.sock" } },
    "info    admin at unix:/run/admin.sock",
  ]],
  "listen-failed": [[{ problem: "cannot listen on :80: no" }, "error   cannot listen on :80: no"]],
  "runtime-limited": [[{ limit: "less", deno: "2.4.2" }, "warning less deno=2.4.2"]],
  "accept-failed": [[
    {
      listener: { transport: "unix", path: "/s" },
      shortage: "no-descriptor",
      reason: "Error: Too many open files",
    },
    'error   cannot accept connections reason="Error: Too many open files"',
  ]],
  "manager-untold": [[
    { reason: "no" },
    "warning the service manager can't be told of us (NOTIFY_SOCKET) reason=no",
  ]],
  "signal": [[{ signal: "SIGTERM", tunnels: 2 }, "info    SIGTERM: ending tunnels=2"]],
  "last-call": [[
    { reason: "exit-idle-time", tunnels: 0 },
    "info    exit-idle-time: ending tunnels=0",
  ]],
  "draining": [[
    { milliseconds: 60_000, tunnels: 2 },
    "info    draining seconds=60 tunnels=2",
  ]],
  "drain-over": [[
    { tunnels: 1 },
    "info    the drain time is over: open tunnels are told to end tunnels=1",
  ]],
  "grace-over": [[
    { tunnels: 2 },
    "warning the grace time is over: open tunnels are cut off tunnels=2",
  ]],
  "defect": [
    [{ error: "why" }, "error   a defect in wstunnel, please report it reason=why"],
    [{ error: undefined }, "error   a defect in wstunnel, please report it reason=undefined"],
  ],

  "request-refused": [
    [
      {
        client: "unix",
        asked: null,
        route: null,
        cause: "head",
        status: 408,
        reason: peerWords("no request within 10 seconds"),
        why: undefined,
        handshakeSeconds: 0.5,
      },
      'info    request refused client=unix status=408 reason="no request within 10 seconds"',
    ],
    [
      {
        client: "unix",
        asked: { path: peerWords("/"), host: undefined, origin: null },
        route: null,
        cause: "rules",
        status: 400,
        reason: peerWords("no"),
        why: undefined,
        handshakeSeconds: 0.5,
      },
      "info    request refused client=unix path=/ origin=null status=400 reason=no",
    ],
    [
      {
        client: "unix",
        asked: ASKED,
        route: "/vnc",
        cause: "full",
        status: 503,
        reason: peerWords("every backend is busy"),
        why: "exec:cat: full",
        handshakeSeconds: 0.5,
      },
      `info    request refused client=unix ${SAID} subprotocol=binary why="exec:cat: full" status=503 ` +
      'reason="every backend is busy"',
    ],
    [
      {
        client: "192.0.2.1",
        via: "127.0.0.1:5000",
        asked: ASKED,
        route: "/vnc",
        cause: "client",
        status: 403,
        reason: peerWords("no"),
        why: undefined,
        handshakeSeconds: 0.5,
      },
      `info    request refused client=192.0.2.1 via=127.0.0.1:5000 ${SAID} subprotocol=binary status=403 ` +
      "reason=no",
    ],
    ...(["down", "aborted"] as const).map((cause): Case<"request-refused"> => [
      {
        client: "unix",
        asked: null,
        route: "/vnc",
        cause,
        status: 503,
        reason: peerWords("no"),
        why: "off",
        handshakeSeconds: 0.5,
      },
      "debug   request refused client=unix why=off status=503 reason=no",
    ]),
  ],
  "proxy-header-refused": [[
    { client: "192.0.2.1:80", reason: "no PROXY header" },
    'info    connection ended client=192.0.2.1:80 reason="no PROXY header"',
  ]],
  "file-renewed": [[{ file: "/etc/users" }, "info    file has been renewed file=/etc/users"]],
  "file-failed": [[
    { file: "/etc/users", reason: "is not there" },
    "error   file can't be used, what it held before still holds file=/etc/users " +
    'reason="is not there"',
  ]],
  "keys-renewed": [[
    { url: "https://id.example/keys", keys: 2 },
    "info    keys have been renewed url=https://id.example/keys keys=2",
  ]],
  "keys-failed": [[
    { url: "https://id.example/keys", reason: "answers with status 500", held: true },
    "error   keys can't be renewed, former ones still hold url=https://id.example/keys " +
    'reason="answers with status 500"',
  ], [
    { url: "https://id.example/keys", reason: "answers with status 500", held: false },
    "error   keys can't be had, no token is taken url=https://id.example/keys " +
    'reason="answers with status 500"',
  ]],
  "health-asked": [[
    { client: "unix", via: undefined, asked: ASKED },
    `debug   health asked client=unix ${SAID} subprotocol=binary`,
  ]],
  "client-left": [[
    {
      client: "unix",
      user: peerWords("ann"),
      route: "/vnc",
      asked: ASKED,
      backend: "exec:cat",
      isTarget: false,
      pid: undefined,
    },
    "info    client went away before the upgrade client=unix user=ann route=/vnc " +
    `${SAID} subprotocol=binary backend=exec:cat`,
  ]],

  "tunnel-opened": [
    [{ ...TUNNEL, handshakeSeconds: 0.5 }, `info    tunnel opened ${NAMES}`],
    [
      { ...TUNNEL, handshakeSeconds: 0.5, user: peerWords("a b") },
      `info    tunnel opened ${NAMES.replace(" route", ' user="a b" route')}`,
    ],
  ],
  "tunnel-closed": [
    [
      { ...TUNNEL, cause: "client-close", code: 1000, reason: peerWords("") },
      `info    tunnel closed ${NAMES} seconds=1.25 up=10 down=20 code=1000 cause=client-close`,
    ],
    [
      { ...TUNNEL, cause: "backend-not-utf8", code: 1007, reason: peerWords("no text") },
      `warning tunnel closed ${NAMES} seconds=1.25 up=10 down=20 code=1007 cause=backend-not-utf8 ` +
      'reason="no text"',
    ],
  ],
  "frame": [
    [
      { tunnel: 3, client: "unix", way: "sent", opcode: 2, bytes: 5 },
      "debug   frame sent client=unix type=binary bytes=5",
    ],
    [
      { tunnel: 3, client: "unix", way: "received", opcode: 9, bytes: 0 },
      "debug   frame received client=unix type=ping bytes=0",
    ],
  ],
  "greeting-mismatch": [[
    { tunnel: 3, client: "unix", ...HOST, protocol: "VNC" },
    'warning the backend speaks VNC, which is binary, and the frames are text: set frame-type = "binary" ' +
    "id=3 client=unix route=/vnc backend=127.0.0.1:5900 protocol=VNC",
  ]],

  "dialled": [[{ backend: "127.0.0.1:5900", outcome: "connected", seconds: 0.25 }, null]],
  "host-down": [
    [
      { ...HOST, reason: "refused", only: false },
      "warning backend is down route=/vnc backend=127.0.0.1:5900 reason=refused",
    ],
    [{ ...HOST, reason: "refused", only: true }, null],
  ],
  "host-up": [
    [
      { ...HOST, only: false },
      "info    backend is up again route=/vnc backend=127.0.0.1:5900",
    ],
    [{ ...HOST, only: true }, null],
  ],
  "host-drained": [[
    { route: "/a", backend: "127.0.0.1:1", by: "admin unix", tunnels: 2 },
    'info    backend is drained: no new tunnel is sent there route=/a backend=127.0.0.1:1 by="admin unix" tunnels=2',
  ]],
  "host-enabled": [[
    { route: "/a", backend: "127.0.0.1:1", by: "admin unix" },
    'info    backend is enabled: tunnels are sent there again route=/a backend=127.0.0.1:1 by="admin unix"',
  ]],
  "route-down": [[
    { route: "/vnc", reason: "refused" },
    "error   every backend of the route is down route=/vnc reason=refused",
  ]],
  "route-up": [[HOST, "info    route has a backend again route=/vnc backend=127.0.0.1:5900"]],
  "target-down": [[
    { ...HOST, reason: "refused" },
    "warning target is down route=/vnc backend=127.0.0.1:5900 reason=refused",
  ]],
  "target-up": [[HOST, "info    target is up again route=/vnc backend=127.0.0.1:5900"]],
  "targets-read": [[
    { route: "/vnc", source: "/etc/tokens", tokens: 3 },
    "info    targets read route=/vnc source=/etc/tokens tokens=3",
  ]],
  "targets-line-wrong": [
    [
      { route: "/vnc", source: "/etc/tokens", line: 7, problem: "no", more: 0 },
      "warning a line of the targets is left out route=/vnc source=/etc/tokens line=7 problem=no",
    ],
    [
      { route: "/vnc", source: "/etc/tokens", line: 7, problem: "no", more: 2 },
      "warning a line of the targets is left out route=/vnc source=/etc/tokens line=7 problem=no more=2",
    ],
  ],
  "targets-unreadable": [[
    { route: "/vnc", source: "/etc/tokens", problem: "there is no /etc/tokens" },
    'error   the targets cannot be read route=/vnc source=/etc/tokens problem="there is no /etc/tokens"',
  ]],
  "targets-down": [[
    { route: "/vnc", reason: "no" },
    "error   the targets of the route cannot be asked for route=/vnc reason=no",
  ]],
  "targets-up": [[
    { route: "/vnc" },
    "info    the targets of the route can be asked for again route=/vnc",
  ]],
  "shortage": [[
    { shortage: "no-port", ...HOST, reason: "EADDRNOTAVAIL" },
    "error   no local port is left to connect a backend route=/vnc backend=127.0.0.1:5900 " +
    "reason=EADDRNOTAVAIL",
  ]],

  "process-started": [[OWN, null]],
  "process-ended": [[{ ...OWN, exit: { code: 0, signal: null }, asked: false }, null]],
  "program-started": [
    [{ program: "unix:/s", pid: 9, again: false }, "info    program is up program=unix:/s pid=9"],
    [
      { program: "unix:/s", pid: 9, again: true },
      "info    program is up again program=unix:/s pid=9",
    ],
  ],
  "program-failed": [[
    { program: "unix:/s", reason: "exit code 1", output: ["a", "b"] },
    'error   program can\'t start program=unix:/s reason="exit code 1" output="a\\nb"',
  ]],
  "program-ended": [[
    { program: "unix:/s", pid: 9, exit: { code: 137, signal: "SIGKILL" }, tunnels: 2 },
    'warning program has ended program=unix:/s pid=9 exit="signal SIGKILL" tunnels=2',
  ]],
  "exit-with-program": [[
    { program: "unix:/p", exit: { code: 3, signal: null } },
    'info    program has ended, and wstunnel ends with it program=unix:/p exit="exit code 3"',
  ]],
  "program-foreign": [[
    { program: "unix:/s" },
    "info    something listens already, no program is started name=unix:/s",
  ]],
  "program-let-go": [[
    { program: "unix:/run/a.sock" },
    "info    program of no backend any more is stopped program=unix:/run/a.sock",
  ]],
  "program-replaced": [[
    { program: "unix:/run/a.sock", pid: 7 },
    "info    program has changed and is replaced program=unix:/run/a.sock pid=7",
  ]],
  "program-surplus": [[
    { program: "unix:/s" },
    "info    surplus program is stopped program=unix:/s",
  ]],
  "exec-failed": [
    [
      { ...OWN, exit: { code: 255, signal: null }, wanted: false },
      'info    program has ended program=exec:cat pid=9 route=/vnc tunnel=3 exit="exit code 255"',
    ],
    [
      { ...OWN, exit: { code: 7, signal: null }, wanted: true },
      'warning program has failed program=exec:cat pid=9 route=/vnc tunnel=3 exit="exit code 7"',
    ],
  ],
  "program-output": [
    [
      { ...OWN, stream: "stderr", line: "tunnel closed" },
      'info    output program=exec:cat pid=9 route=/vnc tunnel=3 stream=stderr line="tunnel closed"',
    ],
    [
      { program: "unix:/s", pid: 9, stream: "stdout", line: "hi" },
      "info    output program=unix:/s pid=9 stream=stdout line=hi",
    ],
  ],
  "program-output-left-out": [[
    { ...OWN, tunnel: undefined, lines: 5 },
    "info    output left out program=exec:cat pid=9 route=/vnc lines=5",
  ]],
  "guard-missing": [[
    { reason: "no sh" },
    'warning programs will outlive wstunnel if it is killed with SIGKILL reason="no sh"',
  ]],
  "reaper-missing": [[
    { reason: "no FFI" },
    'warning orphaned processes will stay as zombies reason="no FFI"',
  ]],
  "orphan-reaped": [[{ pid: 9 }, "debug   orphaned process reaped pid=9"]],

  "report-begun": [[{ openTunnels: 1, backends: 2 }, "info    report openTunnels=1 backends=2"]],
  "report-backend": [
    [
      {
        ...HOST,
        state: "running",
        load: 1,
        pid: null,
        tunnelsServed: 2,
        failures: 0,
        disabledUntil: null,
        isTarget: true,
      },
      "info    backend route=/vnc backend=127.0.0.1:5900 state=running load=1 tunnelsServed=2 failures=0",
    ],
    [
      {
        ...HOST,
        state: "disabled",
        load: 0,
        pid: 9,
        tunnelsServed: 2,
        failures: 1,
        disabledUntil: 0,
      },
      "info    backend route=/vnc backend=127.0.0.1:5900 state=disabled load=0 tunnelsServed=2 failures=1 " +
      "pid=9 disabledUntil=1970-01-01T00:00:00.000Z",
    ],
  ],
  "report-tunnel": [[TUNNEL, `info    tunnel ${NAMES} seconds=1.25 up=10 down=20`]],
  "report-ended": [[{ tunnels: 1 }, "info    end of report tunnels=1"]],
};

const KINDS = Object.keys(CASES) as EventKind[];

function eventsOf(kind: EventKind): [Event, string | null][] {
  return CASES[kind].map(([fields, line]) => [{ kind, ...fields } as Event, line]);
}

/** The lines of events at a level, without their times. */
function logged(level: number, events: readonly Event[]): string[] {
  const lines: string[] = [];
  const log = openLog({ format: "text", level, write: (line) => lines.push(line) });
  const { emit, close } = createEvents([createLogSink(log)]);
  for (const event of events) emit(event);
  close();
  return lines.map((line) => line.replace(/^\S+ /, "").trimEnd());
}

for (const kind of KINDS) {
  Deno.test(`the log's line of \`${kind}\``, () => {
    for (const [event, line] of eventsOf(kind)) {
      assert.deepEqual(logged(4, [event]), line === null ? [] : [line]);
    }
  });
}

Deno.test("the log has a line of each event that its level admits, and of a report at every level", () => {
  const all = KINDS.flatMap(eventsOf);
  const admitted = ["none", "error", "warning", "info", "debug"];
  for (const [level] of admitted.entries()) {
    const expected = all.filter(([{ kind }, line]) => {
      if (line === null || level === 0) return false;
      return kind.startsWith("report-") || admitted.indexOf(line.split(" ")[0]!) <= level;
    });
    const lines = logged(level, all.map(([event]) => event));
    assert.deepEqual(lines, expected.map(([, line]) => line), `${level}`);
  }
});

Deno.test("the log wants frames at debug level alone, and what programs print at that of information", () => {
  for (const [level, frames, output] of [[4, true, true], [3, false, true], [2, false, false]]) {
    const sink = createLogSink(openLog({ format: "text", level: Number(level) }));
    assert.deepEqual([sink.wants("frame"), sink.wants("program-output")], [frames, output]);
  }
});

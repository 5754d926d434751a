/** The lines of what happens to the program as a whole. */
import type { FileEvent, LifeEvent } from "../../../lib/events/event.ts";
import { type Cases } from "./cases.ts";

export const LIFE: Cases<(LifeEvent | FileEvent)["kind"]> = {
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
  "debugger-open": [[
    {},
    "error   SIGUSR1 has opened the runtime's debugger while this was being loaded, and nothing closes it: " +
    "start again",
  ]],
  "listening": [[
    { address: { transport: "tcp", hostname: "::", port: 80 }, engine: "stream", tls: false },
    "info    listening on [::]:80 engine=stream",
  ]],
  "engine-fallback": [[
    { engine: "stream", reason: "it works on Linux alone" },
    'info    engine = "auto" takes stream reason="it works on Linux alone"',
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
  "worker-failed": [[
    { worker: 2, tunnels: 1, reason: "why" },
    "error   a worker has ended, and its tunnels with it: please report it worker=2 tunnels=1 reason=why",
  ]],
  "worker-silent": [[
    { worker: 1, tunnels: 3 },
    "error   a worker doesn't answer: its tunnels may stand still worker=1 tunnels=3",
  ]],
  "worker-back": [[{ worker: 1 }, "info    a worker answers again worker=1"]],
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
};

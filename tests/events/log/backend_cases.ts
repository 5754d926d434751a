/** The lines of backends. */
import type { HostEvent } from "../../../lib/events/event.ts";
import { type Cases, HOST } from "./cases.ts";

export const BACKENDS: Cases<HostEvent["kind"]> = {
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
};

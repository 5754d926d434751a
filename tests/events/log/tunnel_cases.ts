/** The lines of tunnels, and of reports. */
import type { ReportEvent, TunnelEvent } from "../../../lib/events/event.ts";
import { peerWords } from "../../../lib/events/words.ts";
import { type Cases, HOST, NAMES, TUNNEL } from "./cases.ts";

export const TUNNELS: Cases<(TunnelEvent | ReportEvent)["kind"]> = {
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

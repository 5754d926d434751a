/** The lines of connections and requests. */
import type { RequestEvent, TlsEvent } from "../../../lib/events/event.ts";
import { peerWords } from "../../../lib/events/words.ts";
import { ASKED, type Case, type Cases, SAID } from "./cases.ts";

export const REQUESTS: Cases<(RequestEvent | TlsEvent)["kind"]> = {
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
        tls: false,
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
      'warning file asked for client=10.0.0.2:5000 via=10.0.0.1:80 tls=false user=eve route=/a method=GET path=/a/x status=500 bytes=0 ms=2000 why="cannot be opened: too many files"',
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
  "connection-dropped": [
    [
      { client: "192.0.2.7:4000", limit: "max-pending", pending: true },
      "info    connection dropped client=192.0.2.7:4000 limit=max-pending pending=true",
    ],
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
};

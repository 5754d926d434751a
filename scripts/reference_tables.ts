/**
 * The tables of the README that the man page has, too, in the README's words and marks: a test holds the two together.
 *
 * @module
 */
import type { Cause } from "../lib/tunnel/cause.ts";

/** The statuses of HTTP that a request is answered with, and when. */
export const ANSWERS: readonly (readonly [statuses: string, when: string])[] = [
  ["101", "the backend is connected: it is before the upgrade is answered"],
  [
    "200, 206, 304",
    "GET or HEAD of `health-path` that asks for no WebSocket; [a file](#files), a part of it, or that the client has it",
  ],
  ["301", "the [folder](#files) of that path has it with a slash at its end"],
  [
    "400",
    "plain HTTP at a port of TLS, no `Host` (HTTP/1.0 needs none), a bad `Sec-WebSocket-Key`, no `Origin` where origins are checked, a path that [readers differ on](#paths), a malformed request",
  ],
  ["401", "who asks has not proved [who it is](#who-may-come-in)"],
  [
    "403",
    "the origin, the client's address or its [certificate](#who-may-come-in) is not admitted, or its token or address leads to no [target](#targets)",
  ],
  [
    "404",
    "no key matches the path, there is no such [file](#files), or the route has files alone and no tunnels",
  ],
  [
    "405, 412, 416",
    "another method than GET and HEAD for [a file](#files), a condition of the client's that doesn't hold, a range that the file doesn't have",
  ],
  ["408", "no complete request within `handshake-timeout`"],
  ["414, 431, 505", "too long a request line, too large a head, another HTTP version"],
  ["426", "not a WebSocket upgrade by GET and HTTP/1.1, or not version 13"],
  [
    "429",
    "the client's address has as many connections as it [may](#limits), or connects more often than it may, or tries more passwords than it may",
  ],
  ["500", "[a file](#files) is there and can't be read, as the log says"],
  [
    "503",
    "no backend can be reached, every backend is busy, or those that the client's address may have, there are as many connections or tunnels of the path as there [may be](#limits), nobody can be asked [who he is](#who-may-come-in) (too many passwords wait, there are no keys), or no descriptor, memory or local port to connect from is left",
  ],
];

/** What became of a tunnel. */
export interface Ending {
  readonly happened: string;
  readonly client: string;
  /** Empty: nothing. */
  readonly backend: string;
}

/** How a tunnel ends. */
export const ENDINGS: Readonly<Record<Cause, Ending>> = {
  "client-close": {
    happened: "the client sent a Close",
    client: "its Close echoed",
    backend: "all data before it, then end of stream",
  },
  "client-lost": {
    happened: "its connection ended without one (logged as 1006)",
    client: "nothing",
    backend: "all data before it, then end of stream",
  },
  "client-silent": {
    happened:
      "silent for two ping intervals after a Ping, and for as long as it may have had to read before it",
    client: "1001",
    backend: "all data before it, then end of stream",
  },
  "client-protocol": {
    happened: "it broke RFC 6455, or sent text that is not UTF-8",
    client: "1002 or 1007, with a reason",
    backend: "all data before it, then end of stream",
  },
  "client-base64": {
    happened: "what it sent is not base64",
    client: "1007",
    backend: "all data before it, then end of stream",
  },
  "client-overflow": {
    happened: "native engine: it is too far ahead of its backend",
    client: "1009",
    backend: "end of stream",
  },
  "backend-end": {
    happened: "the backend ended its stream",
    client: "all its bytes, then 1000",
    backend: "its unread input is discarded",
  },
  "backend-error": {
    happened: "the connection was reset or failed",
    client: "all bytes read, then 1011",
    backend: "",
  },
  "backend-failed": {
    happened: "a program of `exec` failed before it sent anything",
    client: "1011",
    backend: "",
  },
  "backend-not-utf8": {
    happened: "not UTF-8, and the frames are text",
    client: "the text before it, then 1007",
    backend: "all data so far, then end of stream",
  },
  "backend-stalled": {
    happened: "it took nothing for `write-timeout`, or of a client that was gone, for 5 s",
    client: "1011, or its Close echoed",
    backend: "",
  },
  "backend-idle": {
    happened: "it was silent for `read-timeout`",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
  "tunnel-idle": {
    happened: "no byte went either way for `tunnel-idle-timeout`",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
  "tunnel-expired": {
    happened: "it has been open for `max-lifetime`",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
  "route-removed": {
    happened: "a reload removed its route, and `drain-time` is over",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
  "operator": {
    happened: "somebody ended it by the admin listener",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
  "defect": {
    happened: "a defect in wstunnel, which the log tells of",
    client: "1011",
    backend: "all data so far, then end of stream",
  },
  "shutdown": {
    happened: "SIGTERM or SIGINT",
    client: "1001",
    backend: "all data so far, then end of stream",
  },
};

/** What signals do. */
export const SIGNALS: readonly (readonly [names: string, effect: string])[] = [
  ["SIGTERM, SIGINT", "the [end](#the-end), every client told so; a second one hurries it"],
  [
    "SIGHUP",
    "a [reload](#reload): the configuration is read again; the end, as at SIGTERM, where the terminal that it was started in is gone",
  ],
  ["SIGUSR2", "a [report](#report) in the log"],
  ["SIGUSR1, SIGPIPE, SIGCHLD, SIGURG, SIGWINCH", "none"],
  ["SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP", "it stands still until SIGCONT"],
  [
    "SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSYS, SIGSTKFLT, real-time signals",
    "the system's: the end at once, without a word to its clients",
  ],
];

/**
 * The value of every key that a configuration need not give, by the names of the file: sizes in bytes, times in seconds.
 *
 * @module
 */

export const DEFAULTS = {
  listen: "127.0.0.1:8080",
  engine: "stream",
  "log-format": "text",
  "grace-time": 8,
  "handshake-timeout": 10,
  "health-path": "/healthz",
  /** A table of `listen`. */
  listener: {
    /** Of a unix-domain socket: for our user and group. */
    mode: "0660",
  },
  wstunnel: {
    balance: "fair",
    debug: 3,
    "frame-type": "text",
    "ping-interval": 0,
    "max-buffer": "16MiB",
    "buffer-size": "256KiB",
  },
  /** Of a host, one table of a list in `wstunnel.server`. */
  host: {
    /** With `bin-path`, or when only a port is given. */
    host: "127.0.0.1",
    "min-procs": 1,
    "max-procs": 4,
    "max-load-per-proc": 1,
    "idle-timeout": 60,
    "disable-time": 1,
    "listen-backlog": 1024,
    "kill-signal": "SIGTERM",
    "connect-timeout": 8,
    "read-timeout": 0,
    "write-timeout": 0,
    "tcp-fin-propagate": false,
    "socket-handover": "none",
  },
  /** What differs where each tunnel has a program of its own. */
  exec: { "max-procs": 64 },
} as const;

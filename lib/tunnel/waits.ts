/**
 * How long a tunnel waits for what.
 *
 * @module
 */

/** How long an ended tunnel waits for a backend that makes no progress to take the client's last bytes. */
export const LAST_BYTES_MS = 5_000;

/** How long a backend may stay silent after a client's Close was passed on as a half-close. */
export const FIN_PROPAGATE_MS = 30_000;

/** How long the closing handshake may take, until the client counts as closed. */
export const CLOSE_MS = 5_000;

/** How long its connection is still read from after that: to close on a client that sends is a reset, which drops what is on its way to it. */
export const CLIENT_LINGER_MS = 15_000;

/** How long a backend is read from after its end of stream, for the same reason, unless it falls silent. */
export const BACKEND_LINGER_MS = 15_000;

/** The same once the program is to end, or where nothing that it was sent can still be on its way. */
export const SHORT_LINGER_MS = 2_000;

/** How often a client that nothing is received from is sent a Pong. */
export const HEARTBEAT_MS = 5_000;

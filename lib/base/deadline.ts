/**
 * Deadlines that are judged only once what lay in the sockets has been let in.
 *
 * A timer says that time has passed, not that anybody listened meanwhile: a container is paused, a laptop sleeps, the thread was
 * busy. When the process goes on, the runtime fires what is due before it looks at its sockets. So a deadline that is due
 * waits for one more turn, in which the runtime looks; and one that comes late, so that more may wait than one turn lets in, for
 * {@linkcode LET_IN_MS}. It holds for whatever ends or refuses something that may be alive:
 *
 * | deadline | by |
 * |---|---|
 * | `connect-timeout`, of a program's start too; `handshake-timeout`; an answer to `check --url`; the opening of `native` | {@linkcode startDeadline} |
 * | closing handshakes, lingering, the last bytes to a slow end, draining, signals to programs | `within()`, which is made of it |
 * | Pings, `read-timeout`, `write-timeout`, `tunnel-idle-timeout`, `max-lifetime` | the tunnels' watch, whose clock leaves out time in which nobody listened |
 *
 * Harmless when they come too soon after a pause, as they end nothing: `disable-time`, backoff and other pauses before a next
 * try, the idle-timeout of a program that no tunnel uses, the stagger between the addresses of a name, how long a lookup is
 * shared, the breather's turns.
 *
 * @module
 */

/** Timers that come later than this were held up. A busy machine has them some milliseconds late. */
export const LATE_MS = 20;

/** How long what waits in the sockets has to be let in after a pause. */
const LET_IN_MS = 250;

/** How often in a row, when that is held up as well. No more: a machine that is always behind must come to an end with what hangs. */
const MOST_LET_INS = 4;

/** Calls `onOver` once `patienceMs` have passed and what came in that time has been let in. Gives what takes it back. */
export function startDeadline(patienceMs: number, onOver: () => void): () => void {
  let dueMs = performance.now() + patienceMs;
  let letIns = 0;
  const wait = (milliseconds: number) => {
    dueMs = performance.now() + milliseconds;
    timer = setTimeout(due, milliseconds);
  };
  const due = () => {
    const isLate = performance.now() - dueMs >= LATE_MS;
    if (isLate && letIns++ < MOST_LET_INS) wait(LET_IN_MS);
    else timer = setTimeout(onOver, 0);
  };
  let timer = setTimeout(due, patienceMs);
  return () => clearTimeout(timer);
}

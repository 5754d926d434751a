/**
 * A thread that carries tunnels: it turns a loop of its own, and does nothing else. No promise, no timer and no message of the runtime's ever comes to
 * its turn here.
 *
 * @module
 */
import type { Libc } from "../../../sys/libc.ts";
import { endOf } from "../../../tunnel/cause.ts";
import { CloseCode } from "../../../websocket/close_code.ts";
import { createSweep, LONGEST_TICK_MS } from "../../sweep.ts";
import { endFallen } from "../../defect.ts";
import { Loop } from "../loop.ts";
import type { Rest } from "../pace.ts";
import { Carrying, type CarryingContext } from "./carrying.ts";
import { Inbox, type Line, Outbox } from "./mailbox.ts";
import { Command, decodeBurden, decodeCause, encodeCause, encodeText, Report } from "./messages.ts";
import { createTurnMetronome } from "./turns.ts";
import { createUpkeep } from "./upkeep.ts";

/** What a worker is started with. */
export interface Post {
  readonly commands: Line;
  readonly reports: Line;
}

/** How long more is waited for where small messages stream: with 64 tunnels of 64 bytes that halves what a message costs, and is 1.25 times as fast. */
const GATHER_US = 50;

/** The main thread looks in each of its turns: only one that sleeps is woken, which costs both threads as much as a connection's head. */
const PATIENCE_MS = 5;

/** Some fifty lines, of three bytes for each at most. */
const MOST_OF_STACK = 8_000;

/** How long it waits, at its end, for the main thread to take what it has to tell. */
const LAST_REPORTS_MS = 1_000;

/** Carries tunnels until it is told to stop, and has told all. `onReady` is called before the first turn. Throws what the system says. */
export async function carry(libc: Libc, post: Post, onReady: () => void): Promise<void> {
  const outbox = new Outbox(libc, post.reports, PATIENCE_MS);
  const onDefect = (error: unknown) => outbox.send(Report.DEFECT, [], encodeText(stackOf(error)));
  const metronome = createTurnMetronome();
  const loop = new Loop(libc, { onDefect, batches: true });
  const sweep = createSweep(LONGEST_TICK_MS, { metronome, onDefect });
  const tunnels = new Map<number, Carrying>();
  const context: CarryingContext = { loop, outbox, sweep, tunnels };
  const upkeep = createUpkeep();
  let stopped = false;
  let rest: Rest = "none";

  function take(kind: number, numbers: number[], bytes: Uint8Array<ArrayBuffer>): void {
    const [id] = numbers;
    upkeep.note();
    if (kind === Command.CARRY) begin(numbers, bytes);
    else if (kind === Command.END) have(id!, (tunnel) => tunnel.end(decodeCause(numbers[1]!)));
    else if (kind === Command.CUT) have(id!, (tunnel) => tunnel.cut());
    else if (kind === Command.ASK) outbox.send(Report.TOLD, [id!]);
    else if (kind === Command.TELL) {
      for (const id of tunnels.keys()) have(id, (tunnel) => tunnel.tellFlow());
      outbox.send(Report.TOLD, [id!]);
    } else stopped = true;
  }

  /** Has one do something, if it is there: a defect that it meets is its own. */
  function have(id: number, call: (tunnel: Carrying) => void): void {
    const tunnel = tunnels.get(id);
    if (tunnel === undefined) return;
    try {
      call(tunnel);
    } catch (error) {
      endFallen(tunnel, error, onDefect);
    }
  }

  /** One that can't begin has ended: who waits for its end is told. */
  function begin(numbers: readonly number[], early: Uint8Array<ArrayBuffer>): void {
    const burden = decodeBurden(numbers);
    try {
      Carrying.begin(context, burden, early);
    } catch (error) {
      onDefect(error);
      const { cause, reason } = endOf("defect");
      const { backendSent, downBytes } = burden.standing;
      const flow = [backendSent, downBytes, 0, 0, 0, 0];
      const numbers = [burden.id, CloseCode.ABNORMAL, encodeCause(cause), ...flow];
      outbox.send(Report.OVER, numbers, encodeText(reason));
      outbox.send(Report.RELEASED, [burden.id]);
    }
  }

  let inbox: Inbox | null = null;
  try {
    inbox = new Inbox(post.commands, loop, onDefect, take);
    onReady();
    while (!stopped) {
      const leftMs = Math.min(metronome.leftMs, outbox.leftMs, upkeep.leftMs);
      const steps = loop.turn(leftMs === Infinity ? -1 : Math.ceil(leftMs), rest === "look");
      rest = loop.pace.next(steps);
      if (rest === "gather" && !loop.isBehind) loop.calls.pause(GATHER_US);
      metronome.turn();
      outbox.look();
      const turn = upkeep.turn();
      if (turn !== null) await turn;
    }
  } finally {
    inbox?.close();
    loop.close();
  }
  outbox.flush(LAST_REPORTS_MS);
}

/** As much of it as goes into a record. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? String(error) : String(error);
  return stack.slice(0, MOST_OF_STACK);
}

/**
 * A tunnel that a worker carries, seen from inside the worker: what it has to tell goes to the main thread.
 *
 * @module
 */
import type { Cause, TunnelEnd } from "../../../tunnel/cause.ts";
import type { TunnelListener } from "../../../tunnel/tunnel_options.ts";
import type { FrameObserver } from "../../../websocket/frame.ts";
import { serverTunnel, type StreamTunnel } from "../../stream_tunnel.ts";
import type { Sweep, Ticking } from "../../sweep.ts";
import { RECEIVES } from "../interest.ts";
import type { Loop } from "../loop.ts";
import { LoopTransport } from "../loop_transport.ts";
import type { Outbox } from "./mailbox.ts";
import { type Burden, type CarriedSettings, encodeCause, encodeText, Report } from "./messages.ts";

/** What the tunnels of a worker share. */
export interface CarryingContext {
  readonly loop: Loop;
  readonly outbox: Outbox;
  readonly sweep: Sweep;
  /** By their numbers. */
  readonly tunnels: Map<number, Carrying>;
}

/** A class, since an idle tunnel holds one. */
export class Carrying implements TunnelListener, Ticking {
  readonly #context: CarryingContext;
  readonly #id: number;
  /** Null while it begins. */
  #tunnel: StreamTunnel | null = null;
  /** What was told of last. */
  #toldBytes = 0;
  #toldWaiting = "0,0,0,0";

  private constructor(context: CarryingContext, id: number) {
    this.#context = context;
    this.#id = id;
  }

  /** Takes its descriptors over, and begins. Throws what the system says; both are closed then. */
  static begin(context: CarryingContext, burden: Burden, early: Uint8Array<ArrayBuffer>): void {
    const { sweep, tunnels } = context;
    const { id, tickMs } = burden;
    const carrying = new Carrying(context, id);
    const settings = carrying.#settings(burden.settings);
    const { client, backend } = transportsOf(context.loop, burden);
    const tunnel = serverTunnel(client, backend, settings, early, burden.standing);
    carrying.#tunnel = tunnel;
    if (tunnel.machine.released) return;
    tunnels.set(id, carrying);
    sweep.add(carrying, tickMs);
  }

  /** What it was sent with, and who is told of it. */
  #settings({ tellsFrames, tellsFirstBytes, ...settings }: CarriedSettings) {
    const { outbox, sweep } = this.#context;
    const id = this.#id;
    const onFrame: FrameObserver | null = tellsFrames
      ? (way, opcode, bytes) =>
        outbox.offer(Report.FRAME, [id, Number(way === "received"), opcode, bytes])
      : null;
    const onFirstBytes = tellsFirstBytes
      ? (bytes: Uint8Array) => outbox.send(Report.FIRST_BYTES, [id], bytes.subarray(0, FIRST_BYTES))
      : null;
    return {
      ...settings,
      onFrame,
      onFirstBytes,
      now: sweep.nowMs,
      listener: this,
    };
  }

  end(cause: Cause): void {
    this.#tunnel!.machine.end(cause);
  }

  cut(): void {
    this.#tunnel!.machine.cut();
  }

  tick(nowMs: number): void {
    this.#tunnel!.tick(nowMs);
  }

  onDefect(): void {
    this.#tunnel!.onDefect();
  }

  /** Tells how far it has come, where that has changed since it was told of. */
  tellFlow(): void {
    const flow = this.#flow;
    const [up, down, ...waits] = flow;
    const bytes = up! + down!;
    const waiting = waits.join();
    if (bytes === this.#toldBytes && waiting === this.#toldWaiting) return;
    this.#toldBytes = bytes;
    this.#toldWaiting = waiting;
    this.#context.outbox.send(Report.FLOW, [this.#id, ...flow]);
  }

  tunnelOver(ended: TunnelEnd): void {
    const { code, cause, reason } = ended;
    const numbers = [this.#id, code, encodeCause(cause), ...this.#flow];
    this.#context.outbox.send(Report.OVER, numbers, encodeText(reason));
  }

  /** As {@linkcode Report.FLOW} has it. */
  get #flow(): number[] {
    if (this.#tunnel === null) return [0, 0, 0, 0, 0, 0];
    const { machine, upResidue, downResidue } = this.#tunnel;
    const { upBytes, downBytes, upWaits, downWaits } = machine;
    return [upBytes, downBytes, Number(upWaits), Number(downWaits), upResidue, downResidue];
  }

  tunnelReleased(): void {
    const { tunnels, sweep, outbox } = this.#context;
    tunnels.delete(this.#id);
    sweep.delete(this);
    outbox.send(Report.RELEASED, [this.#id]);
  }
}

/** More than a greeting's that is known. */
const FIRST_BYTES = 64;

function transportsOf(loop: Loop, { client, backend, standing }: Burden) {
  let taken: LoopTransport;
  try {
    taken = LoopTransport.of(loop, client, RECEIVES);
  } catch (error) {
    loop.sockets.close(backend);
    throw error;
  }
  try {
    const other = LoopTransport.of(loop, backend, RECEIVES);
    taken.sent = standing.clientSent;
    other.sent = standing.backendSent;
    return { client: taken, backend: other };
  } catch (error) {
    taken.close();
    throw error;
  }
}

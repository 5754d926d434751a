/**
 * One worker, seen from the main thread.
 *
 * | state | it | until |
 * |---|---|---|
 * | `starting` | is being loaded | it has told its bell |
 * | `ready` | carries tunnels | it doesn't answer in time, or ends |
 * | `silent` | has not answered in time: it gets no more tunnels, and those that it has may stand still | it answers |
 * | `over` | has ended, and with it what it carried | |
 *
 * @module
 */
import { allocateRing } from "../../../base/ring.ts";
import type { Emit } from "../../../events/events.ts";
import { type Bell, openBell } from "../../../sys/bell.ts";
import type { Libc } from "../../../sys/libc.ts";
import { type Cause, endOf } from "../../../tunnel/cause.ts";
import type { Loop } from "../loop.ts";
import type { LoopTransport } from "../loop_transport.ts";
import type { TunnelStart } from "../../opening.ts";
import type { Standing } from "../../stream_tunnel.ts";
import { CarriedTunnel, type Carrier } from "./carried.ts";
import type { Post } from "./carrier.ts";
import { CloseCode } from "../../../websocket/close_code.ts";
import { Questions } from "./questions.ts";
import type { WorkerNews } from "./tunnel_worker.ts";
import { Inbox, type Line, nap, Outbox } from "./mailbox.ts";
import {
  Command,
  decodeBurden,
  decodeCause,
  decodeText,
  encodeBurden,
  encodeCause,
  Report,
} from "./messages.ts";

/** A tunnel whose connections are both the loop's, and at rest. */
export interface Carriage extends Pick<TunnelStart, "settings" | "tickMs"> {
  readonly client: LoopTransport;
  readonly backend: LoopTransport;
  readonly standing: Standing;
  /** What it is to receive first. */
  readonly unread: Uint8Array<ArrayBuffer>;
}

export interface ThreadOptions {
  readonly libc: Libc;
  /** Which one it is, from 1 on. */
  readonly number: number;
  /** The main thread's. */
  readonly loop: Loop;
  readonly emit: Emit;
  /** Told when it has ended by itself. */
  readonly onFailed: (thread: Thread) => void;
}

/** How old what is known of its tunnels' progress may be. */
const FRESH_MS = 10;

/** How long who asks for that waits, in the main thread: a worker answers between two turns. */
const TELL_MS = 50;
const NAP_MS = 0.1;

/** It is asked whether it is there so often while it has tunnels, and has so long to answer. */
export const ASK_MS = 1_000;
const ANSWER_MS = 5_000;

/** How long it has to end, once it was told to, and how often it is read meanwhile. */
const STOP_MS = 1_000;
const READ_MS = 10;

export class Thread implements Carrier {
  state: "starting" | "ready" | "silent" | "over" = "starting";
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #tunnels = new Map<number, CarriedTunnel>();
  readonly #ended = Promise.withResolvers<void>();
  #lastId = 0;
  /** Those of both lines: ours, so that none is rung whose number is another's by then. */
  readonly #bells: readonly [Bell, Bell];
  readonly #questions = new Questions();
  #freshAtMs = -Infinity;

  /** Throws what the system says. */
  constructor(options: ThreadOptions) {
    this.#options = options;
    const { libc, loop } = options;
    using undo = new DisposableStack();
    this.#bells = openBells(libc);
    undo.defer(() => this.#closeBells());
    const [commands, reports] = this.#bells.map(createLine) as [Line, Line];
    this.#outbox = new Outbox(libc, commands);
    const onDefect = (error: unknown) => options.emit({ kind: "defect", error });
    this.#inbox = new Inbox(reports, loop, onDefect, (kind, numbers, bytes) => {
      loop.owesCalls = true;
      this.#take(kind, numbers, bytes);
    });
    undo.defer(() => this.#inbox.close());
    this.#worker = new Worker(new URL("./tunnel_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
      if (data === "ready") this.#onReady();
      else if (data === "stopped") this.#ended.resolve();
      else this.#fail(data.failed);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    this.#worker.postMessage({ commands, reports } satisfies Post);
    undo.move();
  }

  get tunnels(): number {
    return this.#tunnels.size;
  }

  /** Has it carry a tunnel; its connections are the worker's from now on. */
  carry({ client, backend, settings, tickMs, standing, unread }: Carriage): CarriedTunnel {
    const id = ++this.#lastId;
    const { listener, onFrame, onFirstBytes = null } = settings;
    const tunnel = new CarriedTunnel(this, id, { listener, onFrame, onFirstBytes });
    tunnel.flow([backend.sent, standing.downBytes, 0, 0, 0, 0]);
    const burden = encodeBurden({
      id,
      client: client.release(),
      backend: backend.release(),
      settings: {
        ...settings,
        tellsFrames: onFrame !== null,
        tellsFirstBytes: onFirstBytes !== null && !standing.isAnswered,
      },
      tickMs,
      standing: { ...standing, clientSent: client.sent, backendSent: backend.sent },
    });
    this.#tunnels.set(id, tunnel);
    this.#send(Command.CARRY, burden, unread);
    return tunnel;
  }

  end(id: number, cause: Cause): void {
    this.#send(Command.END, [id, encodeCause(cause)]);
  }

  cut(id: number): void {
    this.#send(Command.CUT, [id]);
  }

  refresh(): void {
    const nowMs = performance.now();
    if (this.state !== "ready" || nowMs - this.#freshAtMs < FRESH_MS) return;
    // It has been waited for already, in vain.
    if (this.#questions.waitedMs(nowMs) >= TELL_MS) return;
    this.#ask(Command.TELL);
    const untilMs = nowMs + TELL_MS;
    while (!this.#questions.areAnswered && performance.now() < untilMs) {
      nap(NAP_MS);
      this.read();
    }
    this.#freshAtMs = performance.now();
  }

  /** Takes what it has told, and sends what it had no room for; to be called in each turn of the main thread's loop. */
  read(): void {
    if (this.state === "over") return;
    if (!this.#inbox.isRead) this.#inbox.read();
    this.#outbox.look();
  }

  /** Asks whether it is there, where it has something to do; to be called every {@linkcode ASK_MS}. */
  look(): void {
    this.read();
    const { emit, number } = this.#options;
    if (this.state !== "ready") return;
    if (this.#questions.areAnswered) {
      if (this.tunnels > 0) this.#ask(Command.ASK);
    } else if (this.#questions.waitedMs(performance.now()) >= ANSWER_MS) {
      this.state = "silent";
      emit({ kind: "worker-silent", worker: number, tunnels: this.tunnels });
    }
  }

  /** Has it end; resolves once it has, or doesn't in time. */
  async stop(): Promise<void> {
    const { emit, number } = this.#options;
    if (this.state === "over") return;
    this.#send(Command.STOP, []);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, STOP_MS, "late");
    });
    // Nothing wakes the loop where it has read all that there was room for.
    const reading = setInterval(() => this.read(), READ_MS);
    const how = await Promise.race([this.#ended.promise, late]);
    clearTimeout(timer);
    clearInterval(reading);
    this.read();
    if (how === "late") emit({ kind: "worker-silent", worker: number, tunnels: this.tunnels });
    this.#close();
    this.#giveUp("shutdown");
  }

  /** Not once it is over: its bell's number may be another's. */
  #send(command: number, numbers: readonly number[], bytes?: Uint8Array): void {
    if (this.state !== "over") this.#outbox.send(command, numbers, bytes);
  }

  #close(): void {
    // It may fail while it is waited for.
    if (this.state === "over") return;
    this.state = "over";
    this.#inbox.close();
    this.#closeBells();
    this.#worker.terminate();
  }

  #closeBells(): void {
    for (const bell of this.#bells) bell.close();
  }

  #ask(command: number): void {
    this.#send(command, [this.#questions.ask(performance.now())]);
  }

  #take(kind: number, numbers: number[], bytes: Uint8Array<ArrayBuffer>): void {
    const { emit } = this.#options;
    const [id, ...rest] = numbers;
    if (kind === Report.DEFECT) return emit({ kind: "defect", error: thrown(decodeText(bytes)) });
    if (kind === Report.TOLD) return this.#onAnswer(id!);
    const tunnel = this.#tunnels.get(id!);
    if (tunnel === undefined) return;
    if (kind === Report.FLOW) tunnel.flow(rest);
    else if (kind === Report.OVER) {
      const [code, cause, ...flow] = rest;
      tunnel.flow(flow);
      tunnel.over({ cause: decodeCause(cause!), code: code!, reason: decodeText(bytes) });
    } else if (kind === Report.RELEASED) {
      this.#tunnels.delete(id!);
      tunnel.release();
    } else if (kind === Report.FIRST_BYTES) tunnel.told.onFirstBytes?.(bytes);
    else if (kind === Report.FRAME) {
      const [isReceived, opcode, length] = rest;
      tunnel.told.onFrame?.(isReceived === 1 ? "received" : "sent", opcode!, length!);
    }
  }

  /** Those that wait for a worker are looked at in a turn. */
  #onReady(): void {
    this.state = "ready";
    this.#options.loop.wake();
  }

  #onAnswer(number: number): void {
    this.#questions.answer(number, performance.now());
    if (this.state !== "silent" || !this.#questions.areAnswered) return;
    this.state = "ready";
    this.#options.emit({ kind: "worker-back", worker: this.#options.number });
  }

  /** It has ended, and its connections with it. */
  #fail(reason: string): void {
    if (this.state === "over") return;
    this.read();
    this.#closeUntaken();
    this.#close();
    const { emit, number, onFailed } = this.#options;
    emit({ kind: "worker-failed", worker: number, tunnels: this.tunnels, reason });
    this.#giveUp("defect");
    this.#ended.resolve();
    onFailed(this);
  }

  /** Connections that it has yet to take over are nobody's. */
  #closeUntaken(): void {
    const { sockets } = this.#options.loop;
    this.#outbox.takeBack((command, numbers) => {
      if (command !== Command.CARRY) return;
      const { client, backend } = decodeBurden(numbers);
      sockets.close(client);
      sockets.close(backend);
    });
  }

  /** What is still open there has ended without a Close. */
  #giveUp(cause: Cause): void {
    const left = [...this.#tunnels.values()];
    this.#tunnels.clear();
    for (const tunnel of left) {
      tunnel.over({ ...endOf(cause), code: CloseCode.ABNORMAL });
      tunnel.release();
    }
  }
}

/** Both, or none. Throws what the system says. */
function openBells(libc: Libc): [Bell, Bell] {
  const first = openBell(libc);
  try {
    return [first, openBell(libc)];
  } catch (error) {
    first.close();
    throw error;
  }
}

function createLine({ descriptor: bell }: Bell): Line {
  return { ring: allocateRing(), rung: new SharedArrayBuffer(4), bell };
}

/** As it was thrown in the other thread, its stack being that one's. */
function thrown(stack: string): Error {
  const error = new Error(stack.split("\n")[0]);
  error.stack = stack;
  return error;
}

/**
 * What a turn brings to many connections, received by one call, and what they send on of it sent by another (io_uring(7)): for small messages
 * the way into the system costs more than the message.
 *
 * Each receives into a slot of the loop's buffer, which keeps its bytes until all were sent on. A send that is queued counts as taken: who asks
 * its transport for anything that depends on it has the queue go out first ({@linkcode Batch.flush}), so that nobody sees it.
 *
 * @module
 */
import type { Ring } from "../../sys/io_uring.ts";
import type { TransportListener } from "../driven_transport.ts";
import { MAX_LEFTOVER_BYTES } from "../../websocket/frame_parser.ts";
import type { Watch } from "./watch.ts";

/** What the ring takes at once. */
export const SLOTS = 64;

const SLOT_BYTES = 4 * 1024;

/** For what a listener may have in front. */
const FRONT_BYTES = MAX_LEFTOVER_BYTES;

/** What is received in a slot at most: who had as much the last time has more than that, as a rule, and reads by itself. */
export const SMALL_BYTES = SLOT_BYTES - FRONT_BYTES;

/** Where in a slot a listener's bytes are to be received; negative: it needs a buffer of its own. */
export function slotAt(listener: TransportListener): number {
  const at = listener.receiveAt(SLOT_BYTES);
  return at <= FRONT_BYTES ? at : -1;
}

/** A transport, as a batch sees it. */
export interface Member {
  readonly watch: Watch;
  /** Where in a slot it receives; negative where it doesn't, after all. */
  readonly slotAt: number;
  /** It was to receive at most `most` bytes at `from`: how many came, or `-errno`. */
  onRead(from: number, most: number, result: number): void;
  /** Of what it has queued, how many bytes the system took, or `-errno`. It calls nobody for that. */
  onSent(start: number, end: number, result: number): void;
}

export class Batch {
  /** Those who have something to receive are to be added. */
  isGathering = false;
  readonly #ring: Ring;
  readonly #address: number;
  readonly #onThrown: (watch: Watch, error: unknown) => void;
  readonly #readers: Member[] = [];
  readonly #froms = new Int32Array(SLOTS);
  readonly #received = new Int32Array(SLOTS);
  #isQueuing = false;
  readonly #senders: Member[] = [];
  readonly #starts = new Int32Array(SLOTS);
  readonly #ends = new Int32Array(SLOTS);
  readonly #sent = new Int32Array(SLOTS);

  /** In a buffer that lies at an address, with {@linkcode SLOTS} slots. `onThrown` is told of what a member throws. */
  constructor(ring: Ring, address: number, onThrown: (watch: Watch, error: unknown) => void) {
    this.#ring = ring;
    this.#address = address;
    this.#onThrown = onThrown;
  }

  /** To be received for in this turn. */
  add(member: Member): void {
    if (this.#readers.push(member) === SLOTS) this.run();
  }

  /** Receives for all that were added, tells them, and sends what they have queued. */
  run(): void {
    const readers = this.#receive();
    if (readers.length === 0) return;
    this.#isQueuing = true;
    for (let i = 0; i < readers.length; i++) {
      try {
        readers[i]!.onRead(this.#froms[i]!, SMALL_BYTES, this.#received[i]!);
      } catch (error) {
        this.#onThrown(readers[i]!.watch, error);
      }
    }
    this.flush();
    this.#isQueuing = false;
    readers.length = 0;
  }

  /** Queues bytes of the buffer, of a member that has none queued; false: it is to send them itself. */
  queue(member: Member, start: number, end: number): boolean {
    if (!this.#isQueuing) return false;
    if (this.#senders.length === SLOTS) this.flush();
    const at = this.#senders.push(member) - 1;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#ring.send(member.watch.descriptor, this.#address + start, end - start);
    return true;
  }

  /** Sends what is queued. */
  flush(): void {
    const senders = this.#senders;
    if (senders.length === 0) return;
    this.#ring.run(this.#sent);
    for (let i = 0; i < senders.length; i++) {
      senders[i]!.onSent(this.#starts[i]!, this.#ends[i]!, this.#sent[i]!);
    }
    senders.length = 0;
  }

  close(): void {
    this.#ring.close();
  }

  /** Gives those who were received for. */
  #receive(): Member[] {
    const readers = this.#readers;
    let count = 0;
    for (const member of readers) {
      const at = member.slotAt;
      // What happened to another may have closed it, or paused it.
      if (at < 0) continue;
      const from = count * SLOT_BYTES + at;
      this.#ring.recv(member.watch.descriptor, this.#address + from, SMALL_BYTES);
      this.#froms[count] = from;
      readers[count++] = member;
    }
    readers.length = count;
    if (count > 0) this.#ring.run(this.#received);
    return readers;
  }
}

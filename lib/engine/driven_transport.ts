/**
 * A transport as the engine sees it that drives it: the same surface, whoever moves the bytes.
 *
 * A tunnel has two, each the other's peer: no read begins at one while the other has no room for what it would bring. So who can't
 * write doesn't read, the kernel's buffers fill up, and the sender waits. To see what a client says while its backend takes nothing,
 * {@linkcode DrivenTransport.lookAhead} reads on in small steps.
 *
 * @module
 */
import type { StreamEnd, Transport } from "../base/transport.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";

/** Who is told of what happens on a transport. */
export interface TransportListener {
  /** Where to receive in a buffer of so many bytes, what is in front being the listener's to use. */
  receiveAt(length: number): number;
  /** How many frames have begun in what was received; absent where there are none. */
  readonly frames?: number;
  /** Bytes were received in `[from..to)`; they are valid during the call. */
  received(wide: WideBytes, from: number, to: number): void;
  /** Nothing more is received. */
  ended(how: StreamEnd): void;
  /** What was taken is out. */
  writable(): void;
  /** What was taken could not be sent, and nothing more can. */
  sendFailed(how: StreamEnd): void;
}

/** Read at once while a client is read on behind a backend that takes nothing. */
export const LOOK_AHEAD_BYTES = 16 * 1024;

/** More than any buffer holds, and a whole number without an object of its own. */
export const ANY_STEP_BYTES = 2 ** 30;

export interface DrivenTransport extends Transport {
  /** Ends whatever it is part of, when that has thrown. */
  onDefect: () => void;
  /** Nothing more goes out for now: its peer is not read. */
  readonly blocked: boolean;
  /** Begins to receive, or goes on doing so for somebody else, at most `stepBytes` at a time. `peer`: who sends it on, null while nobody does. */
  begin(listener: TransportListener, peer: DrivenTransport | null, stepBytes?: number): void;
  /** Its peer is through with what was received here, and reads no more of it. */
  peerDone(): void;
  /** Its peer takes more: goes on receiving where that was waited for. */
  readOn(): void;
  /** Whether the peer's end of stream has come, though it waits behind what has yet to be read; false where the system can't be asked. */
  hasEnded(): boolean;
  /** Reads on although what was received before is still being sent; for as long as that takes. */
  lookAhead(): void;
  /** Gives the memory of a burst back once nothing has been received for a while; to be called every now and then. */
  tick(nowMs: number): void;
}

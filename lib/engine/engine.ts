/**
 * What an engine is: it turns bytes on a listener into requests for the door, sends the door's answers, and moves the bytes of the
 * tunnels that the door opens.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { Breather } from "../base/breather.ts";
import type { EngineName } from "../config/config.ts";
import type { Emit } from "../events/events.ts";
import type { Seat } from "../sys/seat.ts";
import type { SocketDiag } from "../sys/socket_diag.ts";
import type { Buffers } from "./elastic_buffer.ts";
import type { Sweep } from "./sweep.ts";
import type { CertificateEnd } from "./tls_certificates.ts";

export interface EngineOptions {
  readonly buffers: Buffers;
  readonly breather: Breather;
  readonly diag: SocketDiag;
  /** Makes the clock of those who have no tunnel yet. */
  readonly createSweep: (tickMs: number) => Sweep;
  readonly emit: Emit;
}

/** What a listener is opened with that is to be given a socket which is open already: until then it hears of nobody. */
export interface Placeholder {
  /** Where the runtime opens one, which it can't without a socket. Throws where that can't be. */
  at(): Address;
  /** Gives it that socket anew, where the runtime has let go of it. Absent: its own address is free then. */
  readonly give?: (bound: Address) => void;
}

/** A socket that takes requests. */
export interface Listener {
  /** With the real port. */
  readonly address: Address;
  /** Where the runtime has it listen: the same, or a placeholder's address. */
  readonly bound: Address;
  /** Where its socket is, which it may be without; absent: that is the runtime's, and is to be found. */
  readonly seat?: Seat;
  /** What carries its tunnels. */
  readonly engine: EngineName;
  /** Whether it speaks TLS. */
  readonly tls: boolean;
  /** Those that it has in use, where it speaks TLS. */
  certificates?(): readonly CertificateEnd[];
  /** Its socket is another's now: those in its hands go on; resolves when there are none. To be closed all the same. */
  stop(): Promise<void>;
  /** Takes no more connections; resolves when none waits in its hands. Open tunnels live on, where they can. */
  close(): Promise<void>;
}

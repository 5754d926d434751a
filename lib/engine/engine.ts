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

/** A socket that takes requests. */
export interface Listener {
  /** With the real port. */
  readonly address: Address;
  /** What carries its tunnels. */
  readonly engine: EngineName;
  /** Whether it speaks TLS. */
  readonly tls: boolean;
  /** Those that it has in use, where it speaks TLS. */
  certificates?(): readonly CertificateEnd[];
  /** Takes no more connections; resolves when none waits in its hands. Open tunnels live on. */
  close(): Promise<void>;
}

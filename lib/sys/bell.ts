/**
 * What wakes somebody who waits for descriptors alone: eventfd(2). Linux only, through FFI.
 *
 * @module
 */
import { lastError, type Libc } from "./libc.ts";

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

export interface Bell {
  /** Readable once it was rung, until it is hushed; another thread knows the bell by it, too. */
  readonly descriptor: number;
  ring(): void;
  hush(): void;
  close(): void;
}

/** Throws what the system says. */
export function openBell(libc: Libc): Bell {
  const descriptor = libc.symbols.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) throw new Error(`eventfd: ${lastError(libc)}`);
  return bellAt(libc, descriptor);
}

/** One that is open, in whatever thread that was done. */
export function bellAt({ symbols }: Libc, descriptor: number): Bell {
  const one = new Uint8Array(BigUint64Array.of(1n).buffer);
  const count = new Uint8Array(new ArrayBuffer(8));
  return {
    descriptor,
    ring: () => void symbols.write(descriptor, one, 8n),
    hush: () => void symbols.read(descriptor, count, 8n),
    close: () => void symbols.close(descriptor),
  };
}

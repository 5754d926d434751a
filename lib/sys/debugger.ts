/**
 * Keeps SIGUSR1 from opening the runtime's debugger.
 *
 * From half a second after its start `deno run` listens for SIGUSR1, at which it opens its inspector at 127.0.0.1:9229: without
 * authentication, so that any local user can run code as ours. Operators send SIGUSR1 to have a log reopened. No flag of the runtime turns it
 * off. What does: the runtime puts its handler for a signal in place once, when somebody first listens for it. So we listen first, and then
 * put another handler over the runtime's.
 *
 * That handler is a C function that changes nothing, `abs`. Not SIG_IGN: the programs that we start would inherit it and be deaf to a
 * signal that many of them use, while a handler is gone with exec(2).
 *
 * This module does so when it is imported, which therefore comes before everything that takes time.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";
import { AF_INET } from "./socket_constants.ts";
// Looks at what is done at SIGHUP, which the first listener changes.
import "./terminal.ts";

/** On every machine that Deno has a Linux for (signal(7)). */
const SIGUSR1 = 10;

/** Of <signal.h>; 0 is the system's default. */
const SIG_IGN = 1n;

export type Sigusr1 =
  /** It does nothing; `late`: the runtime was first, so that its debugger may be open. */
  | { readonly ok: true; readonly late: boolean }
  /** It does what it does without us. */
  | { readonly ok: false; readonly reason: string };

export const sigusr1: Sigusr1 = takeSigusr1();

function takeSigusr1(): Sigusr1 {
  // Windows has no such signal.
  if (Deno.build.os === "windows") return { ok: true, late: false };
  if (!sharedLibc.ok) return { ok: false, reason: sharedLibc.reason };
  const { signal, abs } = sharedLibc.libc.symbols;
  const before = Deno.UnsafePointer.value(signal(SIGUSR1, abs));
  if (before > SIG_IGN) return { ok: true, late: true };
  Deno.addSignalListener("SIGUSR1", () => {});
  signal(SIGUSR1, abs);
  return { ok: true, late: false };
}

/** Whether one of our sockets has the debugger's port. To be asked before any listener of ours is open. */
export function debuggerListens(): boolean {
  if (!sharedLibc.ok) return false;
  const { getsockname } = sharedLibc.libc.symbols;
  const name = new DataView(new ArrayBuffer(128));
  for (let fd = 3; fd < MAX_DESCRIPTOR; fd++) {
    if (getsockname(fd, name.buffer, Uint32Array.of(name.byteLength)) !== 0) continue;
    // The family in the machine's order, the port in the network's.
    if (name.getUint16(0, true) === AF_INET && name.getUint16(2) === DEBUGGER_PORT) return true;
  }
  return false;
}

const DEBUGGER_PORT = 9229;

/** Few are open at the start. */
const MAX_DESCRIPTOR = 256;

/** A peer that vanishes, as one does whose host or network is gone: its system hears nothing more and says nothing. */
import { descriptorsFound, withDescriptor } from "../../lib/sys/tcp_descriptor.ts";

// Of <asm/socket.h>.
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

/** `struct sock_filter`: BPF_RET with 0 bytes, which lets nothing through. */
const NOTHING = new Uint8Array(Uint32Array.of(0x0006, 0).buffer);

/** Has the system drop whatever comes for a connection of this process; needs no privilege. */
export async function goDeaf({ localAddr, remoteAddr }: Deno.Conn): Promise<void> {
  let result = -1;
  withDescriptor(localAddr as Deno.NetAddr, remoteAddr as Deno.NetAddr, ({ symbols }, fd) => {
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(NOTHING));
    // `struct sock_fprog`: one instruction, and where it lies.
    const program = new Uint8Array(BigUint64Array.of(1n, BigInt(address)).buffer);
    result = symbols.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length);
  });
  await descriptorsFound();
  if (result !== 0) throw new Error("the system lets nobody be deaf");
}

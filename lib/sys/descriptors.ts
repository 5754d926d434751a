/**
 * Descriptors to give to a program, whose other end is the runtime's: the runtime itself gives out none and takes none as a connection
 * (denoland/deno#14006). Linux only, through FFI; {@linkcode canGiveDescriptors} says whether it works here.
 *
 * @module
 */
import process from "node:process";
import { isAtLeast } from "../base/version.ts";
import { lastError, type Libc, sharedLibc } from "./libc.ts";
import { O_CLOEXEC } from "./socket_constants.ts";

/** What is read at once. */
const PIECE_BYTES = 4096;

/** Node's `Socket` reads from a descriptor in 2.9.6; in 2.4.2 it isn't implemented. */
export const canGiveDescriptors: boolean = sharedLibc.ok && isAtLeast(Deno.version.deno, 2, 9);

/** A descriptor that isn't inherited, to be closed by the caller, and the runtime's end of it. */
export interface Given<End> {
  readonly descriptor: number;
  readonly end: End;
}

export function closeDescriptor(descriptor: number): void {
  libc().symbols.close(descriptor);
}

/** Makes a pipe to be written to. */
export function openPipe(): Given<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const ends = new Int32Array(2);
  if (libc().symbols.pipe2(ends, O_CLOEXEC) < 0) throw new Error(`pipe: ${lastError(libc())}`);
  return { descriptor: ends[1]!, end: readDescriptor(ends[0]!) };
}

/** What comes out of a descriptor, read when it is asked for; closed at the end, or when the stream is cancelled. */
function readDescriptor(fd: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let deliver = (_: Uint8Array) => {};
  // Loaded when it is needed: it takes 1.7 MiB.
  const { Socket } = process.getBuiltinModule("node:net");
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    // One buffer for all reads: those that Node makes, 64 KiB for each, come faster than garbage is collected.
    onread: {
      buffer: new Uint8Array(PIECE_BYTES),
      callback(count, bytes) {
        deliver(bytes.subarray(0, count));
        // No more, until it is resumed.
        return false;
      },
    },
  });
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      deliver = (bytes) => controller.enqueue(bytes.slice());
      socket.on("error", () => {});
      socket.on("close", () => {
        try {
          controller.close();
          controller.byobRequest?.respond(0);
        } catch {
          // It was cancelled.
        }
      });
    },
    pull() {
      socket.resume();
    },
    cancel() {
      socket.destroy();
    },
  });
}

/** The library, where {@linkcode canGiveDescriptors}. */
export function libc(): Libc {
  if (!sharedLibc.ok) throw new Error(sharedLibc.reason);
  return sharedLibc.libc;
}

/**
 * A socket of `node:net` or `node:tls` as one end of a tunnel.
 *
 * What comes while nobody reads is held, and little of it: the system's socket is then read no further. That is asked of the TCP socket under
 * TLS: `pause()` of the TLS socket stops only what it hands out, while it goes on to read and decrypt without bound (Deno 2.9.6; its
 * `TLSWrap` says so).
 *
 * @module
 */
import type { Socket } from "node:net";
import type { BackendConnection } from "../backend/connection.ts";
import type { TcpAnswer } from "../sys/socket_diag.ts";
import { setReading } from "./socket_handle.ts";

/** Held for nobody before the system's socket is read no further; what comes at once, 64 KiB at most, is held whole. */
const HOLD_BYTES = 16 * 1024;

/** What the runtime encrypts and sends in one write. Of more, nothing would be known to be out until all is. */
const WRITE_BYTES = 48 * 1024;

/** A read that waits. */
interface Waiting {
  readonly target: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Takes over what `socket` receives from now on. `tcp` is the socket of the system's under it, or itself. `ask` tells what the system knows
 * of the connection: the runtime doesn't tell a reset from an end, here.
 */
export class SocketConnection implements BackendConnection {
  readonly #socket: Socket;
  readonly #tcp: Socket;
  readonly #ask: (() => TcpAnswer) | null;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #paused = false;
  #waiting: Waiting | null = null;
  #end: "none" | "fin" | "reset" | "closed" = "none";

  constructor(socket: Socket, tcp: Socket, ask: (() => TcpAnswer) | null) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#ask = ask;
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#endWith(this.#isGone() ? "reset" : "fin"));
    socket.on("close", () => this.#endWith("reset"));
    socket.on("error", () => this.#endWith("reset"));
  }

  read(target: Uint8Array): Promise<number | null> {
    if (this.#heldBytes > 0) return Promise.resolve(this.#take(target));
    if (this.#end !== "none") {
      return this.#end === "fin" ? Promise.resolve(null) : Promise.reject(this.#error());
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { target, resolve, reject };
      if (!this.#paused) return;
      this.#paused = false;
      setReading(this.#tcp, true);
    });
  }

  write(source: Uint8Array): Promise<number> {
    if (source.length === 0) return this.#probe();
    const part = source.subarray(0, WRITE_BYTES);
    return new Promise((resolve, reject) => {
      this.#socket.write(part, (error) => {
        if (error) reject(new Deno.errors.ConnectionReset(error.message, { cause: error }));
        else resolve(part.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#endWith("closed");
    this.#held.length = this.#heldBytes = 0;
    this.#socket.destroy();
    this.#tcp.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end === "closed") return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve(this.#take(waiting.target));
    }
    if (this.#heldBytes < HOLD_BYTES || this.#paused) return;
    this.#paused = true;
    setReading(this.#tcp, false);
  }

  /** Fills `target` with what is held. */
  #take(target: Uint8Array): number {
    let count = 0;
    while (count < target.length && this.#held.length > 0) {
      const chunk = this.#held[0]!;
      const part = chunk.subarray(0, target.length - count);
      target.set(part, count);
      count += part.length;
      if (part.length < chunk.length) {
        this.#held[0] = chunk.subarray(part.length);
        continue;
      }
      this.#held.shift();
      giveBack(chunk);
    }
    this.#heldBytes -= count;
    return count;
  }

  #endWith(end: "fin" | "reset" | "closed"): void {
    if (this.#end === "closed" || (this.#end !== "none" && end !== "closed")) return;
    this.#end = end;
    const waiting = this.#waiting;
    if (waiting === null) return;
    this.#waiting = null;
    if (end === "fin") waiting.resolve(null);
    else waiting.reject(this.#error());
  }

  #error(): Error {
    return this.#end === "closed"
      ? new Deno.errors.Interrupted("the connection is closed")
      : new Deno.errors.ConnectionReset("the connection was reset");
  }

  #isGone(): boolean {
    return this.#ask?.() === "gone";
  }

  /** A write of nothing is none under TLS: the system is asked. */
  #probe(): Promise<number> {
    return this.#end === "reset" || this.#isGone()
      ? Promise.reject(new Deno.errors.ConnectionReset("the connection was reset"))
      : Promise.resolve(0);
  }
}

/**
 * Each chunk comes in memory of its own, and a collector that is in no hurry: at a gigabyte a second 200 MiB of it were seen. What is not needed
 * any more is given back at once, where nothing else lies in the same memory.
 */
function giveBack({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isLast = byteOffset + byteLength === buffer.byteLength;
  if (isLast && buffer instanceof ArrayBuffer && buffer.byteLength >= LEAST_GIVEN_BACK) {
    buffer.transfer(0);
  }
}

/** Smaller ones are the collector's, and may be of the pool that the runtime's `Buffer` cuts them from. */
const LEAST_GIVEN_BACK = 16 * 1024;

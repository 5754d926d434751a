/**
 * The two directions of a tunnel. Each reads, then writes, then reads again: who can't write doesn't read, and so the
 * kernel's buffers fill up and the sender waits.
 *
 * @module
 */
import type { Breather } from "../base/breather.ts";
import { type BackendConnection, ProgramFailure } from "../backend/connection.ts";
import type { ClientSocket } from "../websocket/client_socket.ts";
import type { Base64Decoder } from "./base64.ts";
import type { Packing } from "./packing.ts";

/** What has flowed through a tunnel. The pumps count, the watch and the log look. */
export interface Flow {
  /** Payload bytes given to the backend. */
  upBytes: number;
  /** Bytes of the backend given to the client, before they are encoded. */
  downBytes: number;
  /** Steps made by each pump, so that a stall can be told without a clock on the hot path. */
  upSteps: number;
  downSteps: number;
  /** The steps up that the watch has seen, and when it last saw new ones, by its clock. */
  upStepsSeen: number;
  upSeenMs: number;
  /** Where each pump waits. */
  upWaits: "client" | "backend";
  downWaits: "client" | "backend";
  /** Nothing more comes from the client. */
  clientEnded: boolean;
}

export function createFlow(): Flow {
  return {
    upBytes: 0,
    downBytes: 0,
    upSteps: 0,
    downSteps: 0,
    upStepsSeen: 0,
    upSeenMs: -Infinity,
    upWaits: "client",
    downWaits: "backend",
    clientEnded: false,
  };
}

/** Why the pump from the client to the backend stopped. */
export type UpEnd = "client-ended" | "client-base64" | "backend-error" | "backend-reset";

/** Passes the client's payload on until one of them ends. Never rejects. */
export async function pumpUp(
  client: ClientSocket,
  backend: BackendConnection,
  flow: Flow,
  decoder: Base64Decoder | null,
): Promise<UpEnd> {
  for (;;) {
    const payload = await client.read();
    if (payload === null) {
      if (decoder === null || decoder.complete) return "client-ended";
      // A lost connection may break off anywhere.
      return (await client.ended).kind === "close" ? "client-base64" : "client-ended";
    }
    const bytes = decoder === null ? payload : decoder.decode(payload);
    flow.upWaits = "backend";
    try {
      for (let at = 0; at < bytes.length;) {
        const count = await backend.write(at === 0 ? bytes : bytes.subarray(at));
        at += count;
        flow.upBytes += count;
        flow.upSteps++;
      }
    } catch (error) {
      return error instanceof Deno.errors.ConnectionReset ? "backend-reset" : "backend-error";
    }
    flow.upWaits = "client";
    if (decoder?.failed) return "client-base64";
  }
}

/** Why the pump from the backend to the client stopped. */
export type DownEnd =
  | "backend-end"
  | "backend-error"
  | "backend-failed"
  | "backend-not-utf8"
  | "client-gone";

/** Passes the backend's bytes on until one of them ends. Never rejects. */
export async function pumpDown(
  backend: BackendConnection,
  client: ClientSocket,
  flow: Flow,
  packing: Packing,
  breather: Breather,
  onFirstBytes: ((bytes: Uint8Array) => void) | null = null,
): Promise<DownEnd> {
  for (;;) {
    const space = packing.space();
    let count: number | null;
    try {
      count = await backend.read(space);
    } catch (error) {
      return error instanceof ProgramFailure ? "backend-failed" : "backend-error";
    }
    if (count === null) return packing.complete ? "backend-end" : "backend-not-utf8";
    if (flow.downSteps++ === 0) onFirstBytes?.(space.subarray(0, count));
    const valid = packing.pack(count);
    if (packing.end > packing.start) {
      flow.downWaits = "client";
      const sent = await client.write(packing.bytes, packing.start, packing.end);
      flow.downWaits = "backend";
      if (!sent) return "client-gone";
    }
    flow.downBytes += count;
    if (!valid) return "backend-not-utf8";
    const pause = breather.after(count);
    if (pause !== null) await pause;
  }
}

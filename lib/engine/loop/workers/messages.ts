/**
 * What the main thread asks of a worker, and what that one tells, as records of a {@linkcode Ring}.
 *
 * @module
 */
import type { Encoding } from "../../../tunnel/encoder.ts";
import { type Cause, CAUSES } from "../../../tunnel/cause.ts";
import type { TunnelSettings } from "../../door.ts";
import type { Standing } from "../../stream_tunnel.ts";

/** To a worker; of all but the last three the first number is a tunnel's. */
export const Command = {
  /** To carry a tunnel from now on: {@linkcode Burden}, and what its client has sent already. */
  CARRY: 1,
  /** To end one; the second number is the cause's. */
  END: 2,
  /** To close both its sides. */
  CUT: 3,
  /** To tell how far all have come since they were told of last, and then to repeat the number. */
  TELL: 4,
  /** To repeat the number, and so to show that it is there. */
  ASK: 5,
  /** To close what is still open, and end. */
  STOP: 6,
} as const;

/** From a worker; of the first ones the first number is a tunnel's. */
export const Report = {
  /** It has ended: its code, its cause's number, how far it came; the bytes are the reason. */
  OVER: 1,
  /** Both its connections are closed. */
  RELEASED: 2,
  /** How far it has come: bytes up and down, whether either waits, and what is held for either. */
  FLOW: 3,
  /** The first bytes of its backend. */
  FIRST_BYTES: 4,
  /** A frame of it: whether it was received, its opcode, its bytes; none is told of while the main thread is too far behind. */
  FRAME: 5,
  /** All has been told that was asked for by this number. */
  TOLD: 6,
  /** Something was thrown; the bytes are its stack. */
  DEFECT: 7,
} as const;

/** A tunnel that goes to a worker. */
export interface Burden {
  readonly id: number;
  /** The descriptors of its connections, which are the worker's from then on. */
  readonly client: number;
  readonly backend: number;
  readonly settings: CarriedSettings;
  /** How often it is to be looked at. */
  readonly tickMs: number;
  readonly standing: CarriedStanding;
}

/** How far a tunnel has come by then, and how much its two connections have been sent. */
export interface CarriedStanding extends Standing {
  readonly clientSent: number;
  readonly backendSent: number;
}

/** What a tunnel is made with, as far as it can be sent. */
export interface CarriedSettings extends
  Pick<
    TunnelSettings,
    | "encoding"
    | "pingIntervalMs"
    | "readTimeoutMs"
    | "writeTimeoutMs"
    | "idleTimeoutMs"
    | "maxLifetimeMs"
    | "tcpFinPropagate"
    | "backendLingerMs"
  > {
  /** Whether frames are told of, and its backend's first bytes. */
  readonly tellsFrames: boolean;
  readonly tellsFirstBytes: boolean;
}

const ENCODINGS: readonly Encoding[] = ["binary", "text", "base64"];

export function encodeBurden(burden: Burden): number[] {
  const { id, client, backend, settings, standing, tickMs } = burden;
  return [
    id,
    client,
    backend,
    tickMs,
    ENCODINGS.indexOf(settings.encoding),
    settings.pingIntervalMs,
    settings.readTimeoutMs,
    settings.writeTimeoutMs,
    settings.idleTimeoutMs,
    settings.maxLifetimeMs,
    settings.backendLingerMs,
    Number(settings.tcpFinPropagate),
    Number(settings.tellsFrames),
    Number(settings.tellsFirstBytes),
    standing.downBytes,
    Number(standing.isAnswered),
    standing.messageBytes,
    standing.ponged,
    standing.clientSent,
    standing.backendSent,
    standing.openMs,
    standing.silentMs,
    standing.idleMs,
    standing.unpingedMs,
  ];
}

export function decodeBurden(numbers: readonly number[]): Burden {
  return {
    id: numbers[0]!,
    client: numbers[1]!,
    backend: numbers[2]!,
    tickMs: numbers[3]!,
    settings: {
      encoding: ENCODINGS[numbers[4]!]!,
      pingIntervalMs: numbers[5]!,
      readTimeoutMs: numbers[6]!,
      writeTimeoutMs: numbers[7]!,
      idleTimeoutMs: numbers[8]!,
      maxLifetimeMs: numbers[9]!,
      backendLingerMs: numbers[10]!,
      tcpFinPropagate: numbers[11] === 1,
      tellsFrames: numbers[12] === 1,
      tellsFirstBytes: numbers[13] === 1,
    },
    standing: {
      downBytes: numbers[14]!,
      isAnswered: numbers[15] === 1,
      messageBytes: numbers[16]!,
      ponged: numbers[17]!,
      clientSent: numbers[18]!,
      backendSent: numbers[19]!,
      openMs: numbers[20]!,
      silentMs: numbers[21]!,
      idleMs: numbers[22]!,
      unpingedMs: numbers[23]!,
    },
  };
}

const utf8 = new TextEncoder();
const text = new TextDecoder();
const NOTHING = new Uint8Array(0);

export function encodeText(words: string): Uint8Array<ArrayBuffer> {
  return words === "" ? NOTHING : utf8.encode(words);
}

export function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  return bytes.length === 0 ? "" : text.decode(bytes);
}

export function encodeCause(cause: Cause): number {
  return CAUSES.indexOf(cause);
}

export function decodeCause(number: number): Cause {
  return CAUSES[number]!;
}

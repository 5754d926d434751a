/**
 * What the main thread asks of a worker, and what that one tells, as records of a {@linkcode Ring}.
 *
 * @module
 */
import type { Encoding } from "../../../tunnel/encoder.ts";
import type { TunnelEnd } from "../../../tunnel/cause.ts";
import type { Cause } from "../../../tunnel/cause.ts";
import type { TunnelSettings } from "../../door.ts";

/** To a worker; of all but the last three the first number is a tunnel's. */
export const Command = {
  /** To carry a tunnel from now on: {@linkcode Burden}, and what its client has sent already. */
  CARRY: 1,
  /** To end one; the bytes are the cause. */
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
  /** It has ended: its code, how far it came, and {@linkcode encodeEnd}. */
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

export function encodeBurden({ id, client, backend, settings, tickMs }: Burden): number[] {
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
  ];
}

export function decodeBurden(numbers: readonly number[]): Burden {
  const [id, client, backend, tickMs, encoding, ping, read, write, idle, lifetime, linger] =
    numbers;
  const [tcpFinPropagate, tellsFrames, tellsFirstBytes] = numbers.slice(11).map(Boolean);
  return {
    id: id!,
    client: client!,
    backend: backend!,
    tickMs: tickMs!,
    settings: {
      encoding: ENCODINGS[encoding!]!,
      pingIntervalMs: ping!,
      readTimeoutMs: read!,
      writeTimeoutMs: write!,
      idleTimeoutMs: idle!,
      maxLifetimeMs: lifetime!,
      backendLingerMs: linger!,
      tcpFinPropagate: tcpFinPropagate!,
      tellsFrames: tellsFrames!,
      tellsFirstBytes: tellsFirstBytes!,
    },
  };
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeText(words: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(words);
}

export function decodeText(bytes: Uint8Array<ArrayBuffer>): string {
  return text.decode(bytes);
}

export function decodeCause(bytes: Uint8Array<ArrayBuffer>): Cause {
  return decodeText(bytes) as Cause;
}

/** A cause has no line of its own in it; a reason may have anything. */
export function encodeEnd({ cause, reason }: TunnelEnd): Uint8Array<ArrayBuffer> {
  return encodeText(`${cause}\n${reason}`);
}

export function decodeEnd(code: number, bytes: Uint8Array<ArrayBuffer>): TunnelEnd {
  const words = decodeText(bytes);
  const end = words.indexOf("\n");
  return { cause: words.slice(0, end) as Cause, code, reason: words.slice(end + 1) };
}

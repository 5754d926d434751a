/**
 * What the system knows of a TCP connection of ours, by its two addresses: the runtime gives no descriptor of it. Linux's
 * sock_diag(7), which needs no privilege; a question takes some 10 us and never waits.
 *
 * @module
 */
import { encodeIpAddress } from "../base/ip_address.ts";
import { type Libc, sharedLibc } from "./libc.ts";
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_CLOEXEC } from "./socket_constants.ts";
import { decodeTcpInfo, type TcpInfo, TcpState } from "./tcp_info.ts";

/** One end of a connection. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

export interface TcpStatus extends TcpInfo {
  /** Received and not read by us. */
  readonly unreadBytes: number;
  /** Sent by us and not acknowledged, whether on its way or not yet. */
  readonly queuedBytes: number;
}

/** `gone`: the system knows no such connection, as after a reset; null: it can't be asked. */
export type TcpAnswer = TcpStatus | "gone" | null;

/** Asks the system about connections. */
export interface SocketDiag {
  /**
   * Gives how the connection with these ends stands. Believe `gone` only of a connection that was found before: it also says so of what is bound to an interface.
   */
  ask(local: Endpoint, remote: Endpoint): TcpAnswer;
  /** Whether a socket listens that a connection to an IP address would come to; null: it can't be asked. */
  listensAt(local: Endpoint): boolean | null;
  close(): void;
}

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_SOCK_DIAG = 4;
const MSG_DONTWAIT = 0x40;

/** netlink(7): a header, then the message. */
const HEADER_BYTES = 16;
const NLM_F_REQUEST = 1;
const NLMSG_ERROR = 2;
const SOCK_DIAG_BY_FAMILY = 20;
const ENOENT = 2;

/** `struct inet_diag_req_v2`. */
const REQUEST_BYTES = 56;
const ALL_STATES = 0xffffffff;
/** Bit INET_DIAG_INFO - 1 of the wanted extensions: `struct tcp_info`. */
const WANT_INFO = 1 << 1;

/** `struct inet_diag_msg`, then attributes. */
const MESSAGE_BYTES = 72;
const INET_DIAG_INFO = 2;
/** More than the answer with its `struct tcp_info` takes. */
const ANSWER_BYTES = 1024;

/** Every system that Deno runs on has its numbers this way round. */
const LITTLE = true;

/** Nothing is opened before the first question. */
export function createSocketDiag(): SocketDiag {
  let opened: { readonly libc: Libc; readonly fd: number } | null | "not yet" = "not yet";
  let sequence = 0;
  const answer = new DataView(new ArrayBuffer(ANSWER_BYTES));

  /** The length of what was answered; null: nothing was. */
  function question(local: Endpoint, remote: Endpoint): number | null {
    if (opened === "not yet") opened = openNetlink();
    const request = encodeRequest(local, remote, ++sequence);
    if (opened === null || request === null) return null;
    const { libc: { symbols }, fd } = opened;
    if (symbols.send(fd, request, BigInt(request.byteLength), MSG_DONTWAIT) < 0) return null;
    // The kernel has answered by now. What lies in front may be the rest of a question that was given up.
    for (;;) {
      const length = Number(symbols.recv(fd, answer, BigInt(ANSWER_BYTES), MSG_DONTWAIT));
      if (length < HEADER_BYTES) return null;
      if (answer.getUint32(8, LITTLE) === sequence) return length;
    }
  }

  return {
    ask(local, remote) {
      const length = question(local, remote);
      return length === null ? null : decodeAnswer(answer, length);
    },
    listensAt(local) {
      // Of a connection that there is not it shows the listener that it would come to.
      const nobody = { hostname: local.hostname.includes(":") ? "::" : "0.0.0.0", port: 0 };
      const length = question(local, nobody);
      if (length === null) return null;
      const found = stateIn(answer, length);
      return found === null ? null : found === TcpState.LISTEN;
    },
    close() {
      if (opened === null || opened === "not yet") return;
      opened.libc.symbols.close(opened.fd);
      opened = null;
    },
  };
}

function openNetlink(): { libc: Libc; fd: number } | null {
  if (!sharedLibc.ok) return null;
  const { libc } = sharedLibc;
  const fd = libc.symbols.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  return fd >= 0 ? { libc, fd } : null;
}

/** Null for what is no pair of IP addresses. */
export function encodeRequest(
  local: Endpoint,
  remote: Endpoint,
  sequence: number,
): DataView<ArrayBuffer> | null {
  const ends = [encodeIpAddress(local.hostname), encodeIpAddress(remote.hostname)] as const;
  if (ends[0] === null || ends[1] === null || ends[0].length !== ends[1].length) return null;
  const request = new DataView(new ArrayBuffer(HEADER_BYTES + REQUEST_BYTES));
  request.setUint32(0, request.byteLength, LITTLE);
  request.setUint16(4, SOCK_DIAG_BY_FAMILY, LITTLE);
  request.setUint16(6, NLM_F_REQUEST, LITTLE);
  request.setUint32(8, sequence, LITTLE);
  request.setUint8(16, ends[0].length === 4 ? AF_INET : AF_INET6);
  request.setUint8(17, IPPROTO_TCP);
  request.setUint8(18, WANT_INFO);
  request.setUint32(20, ALL_STATES, LITTLE);
  // `struct inet_diag_sockid`: ports and addresses as the network has them, no interface, no cookie.
  request.setUint16(24, local.port);
  request.setUint16(26, remote.port);
  const bytes = new Uint8Array(request.buffer);
  bytes.set(ends[0], 28);
  bytes.set(ends[1], 44);
  bytes.fill(0xff, 64, 72);
  return request;
}

/** The state of the socket that an answer shows; "gone": there is none, null: it is no answer. */
function stateIn(answer: DataView, length: number): number | "gone" | null {
  const type = answer.getUint16(4, LITTLE);
  if (type === NLMSG_ERROR && length >= HEADER_BYTES + 4) {
    return answer.getInt32(HEADER_BYTES, LITTLE) === -ENOENT ? "gone" : null;
  }
  const isWhole = type === SOCK_DIAG_BY_FAMILY && length >= HEADER_BYTES + MESSAGE_BYTES;
  return isWhole ? answer.getUint8(HEADER_BYTES + 1) : null;
}

/** Takes an answer of `length` bytes apart; null when it isn't what was asked for. */
export function decodeAnswer(answer: DataView, length: number): TcpAnswer {
  const state = stateIn(answer, length);
  if (typeof state !== "number") return state;
  // Where there is no such connection it may show the listener that it came by.
  if (state === TcpState.LISTEN) return "gone";
  const info = findInfo(answer, length);
  if (info === null) return null;
  return {
    ...info,
    state,
    unreadBytes: answer.getUint32(HEADER_BYTES + 56, LITTLE),
    queuedBytes: answer.getUint32(HEADER_BYTES + 60, LITTLE),
  };
}

/** The `struct tcp_info` among the attributes; null where there is none. */
function findInfo(answer: DataView, length: number): TcpInfo | null {
  for (let at = HEADER_BYTES + MESSAGE_BYTES; at + 4 <= length;) {
    const size = answer.getUint16(at, LITTLE);
    if (size < 4) return null;
    const isInfo = answer.getUint16(at + 2, LITTLE) === INET_DIAG_INFO;
    if (isInfo) return decodeTcpInfo(answer, at + 4, Math.min(size, length - at) - 4);
    at += (size + 3) & ~3;
  }
  return null;
}

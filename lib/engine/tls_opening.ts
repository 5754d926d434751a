/**
 * A client's connection until TLS is spoken on it.
 *
 * | state | waits for | then |
 * |---|---|---|
 * | `hello` | a PROXY header, where one is taken, and the beginning of TLS | `handshake`, or an answer to plain HTTP |
 * | `handshake` | its end | a request's head is waited for, in what is left of the handshake's time |
 * | `over` | | |
 *
 * @module
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Peer } from "../base/peer.ts";
import { HANDSHAKE, MAX_HELLO_BYTES, readServerName } from "./client_hello.ts";
import type { Answer } from "../http/answer.ts";
import type { Pass } from "../limits/connections.ts";
import type { Acceptance, Door } from "./door.ts";
import { KeptBytes } from "./kept_bytes.ts";
import { giveBackWhatIsRead } from "./socket_handle.ts";
import { type Beginning, readBeginning } from "./proxy_header.ts";
import type { Certificate, Certificates } from "./tls_certificates.ts";
import { type ClientProof, readClient } from "./tls_client.ts";
import type { TlsRuntime } from "./tls_runtime.ts";

export interface TlsOpeningOptions {
  readonly door: Door;
  readonly certificates: Certificates;
  readonly runtime: TlsRuntime;
  /** Whether who speaks no TLS is somebody's, too: whatever else it says is his to read. */
  readonly isOptional: boolean;
  /** The time, by the clock of the ticks. */
  readonly nowMs: () => number;
  readonly listener: TlsOpeningListener;
}

/** Who is told what has become of it, once. */
export interface TlsOpeningListener {
  /** TLS is spoken on `secure`. */
  secured(opening: TlsOpening, secure: Socket, peer: Peer): void;
  /** It speaks plain HTTP: the socket has all that came of it, and waits to be read. */
  plain(opening: TlsOpening, peer: Peer): void;
  /** It is closed; `reason` says why where that is worth telling. */
  closed(opening: TlsOpening, peer: Peer, reason: string | null): void;
}

/** Of TLS 1.2 and 1.3 (the runtime has no others), for a request that is none of HTTP/2. */
const PROTOCOLS = ["http/1.1"];

export class TlsOpening {
  readonly tcp: Socket;
  readonly pass: Pass;
  /** When the client's time began, by the clock of the ticks. */
  readonly sinceMs: number;
  /** What whoever it is is to be answered, as soon as it can be. */
  refusal: Answer | null;
  #state: "hello" | "handshake" | "over" = "hello";
  readonly #options: TlsOpeningOptions;
  #peer: Peer;
  #beginning: Beginning;
  #kept = new KeptBytes();

  constructor(
    tcp: Socket,
    peer: Peer,
    { pass, answer }: Exclude<Acceptance, "dropped">,
    options: TlsOpeningOptions,
    beginning: Beginning,
  ) {
    this.tcp = tcp;
    this.pass = pass;
    pass.holder = this;
    this.refusal = answer;
    this.#peer = peer;
    this.#options = options;
    this.#beginning = beginning;
    this.sinceMs = options.nowMs();
    tcp.on("data", this.#onData);
    tcp.on("end", () => this.#leave());
    tcp.on("close", () => this.#leave());
    tcp.resume();
  }

  /** Nobody is to be let in any more. */
  turnAway(): void {
    this.#close(null);
  }

  /** It has to go, for another. */
  drop(): void {
    this.#close(null);
  }

  tick(nowMs: number): void {
    const { handshakeTimeoutMs } = this.#options.door.limits;
    if (nowMs - this.sinceMs < handshakeTimeoutMs) return;
    const seconds = handshakeTimeoutMs / 1000;
    if (this.#beginning !== null) return this.#refuseHeader(`no PROXY header within ${seconds} s`);
    const silent = this.#options.isOptional && this.#kept.length === 0;
    const what = silent ? "neither TLS nor a request" : "no TLS handshake";
    this.#close(`${what} within ${seconds} seconds`);
  }

  onDefect(): void {
    this.drop();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#state !== "hello") return;
    this.#kept.add(chunk, 0, chunk.length);
    if (this.#beginning === null || this.#readHeader(this.#beginning)) this.#readHello();
  };

  /** Whether it is read; then there is none any more. */
  #readHeader(beginning: NonNullable<Beginning>): boolean {
    const { bytes } = this.#kept;
    const read = readBeginning(beginning, this.#peer, bytes, 0, bytes.length);
    if (read === "incomplete") return false;
    if ("problem" in read) {
      this.#refuseHeader(read.problem);
      return false;
    }
    this.#peer = read.peer;
    this.#beginning = null;
    this.#kept = new KeptBytes();
    this.#kept.add(bytes, read.end, bytes.length);
    this.refusal ??= this.#options.door.speaksFor(this.pass, this.#peer);
    return true;
  }

  #refuseHeader(problem: string): void {
    this.#options.door.unproxied(this.#peer, problem);
    this.#close(null);
  }

  #readHello(): void {
    const { bytes } = this.#kept;
    const { certificates, isOptional, listener } = this.#options;
    if (bytes.length === 0) return;
    if (bytes[0] !== HANDSHAKE) {
      if (!isOptional && !beginsWord(bytes[0]!)) return this.#close("what was sent is no TLS");
      this.#giveBack();
      this.#settle();
      return listener.plain(this, this.#peer);
    }
    if (!certificates.several) return this.#begin(certificates.for(null));
    const asked = readServerName(bytes);
    if (asked !== "incomplete") return this.#begin(certificates.for(asked.name));
    if (bytes.length >= MAX_HELLO_BYTES) this.#close("its first message is too long");
  }

  #begin(certificate: Certificate): void {
    const { tcp } = this;
    this.#state = "handshake";
    this.#giveBack();
    const { context: secureContext, asksClient: requestCert } = certificate;
    const secure = new this.#options.runtime.tls.TLSSocket(tcp, {
      ...{ isServer: true, secureContext, ALPNProtocols: PROTOCOLS },
      ...{ requestCert, rejectUnauthorized: requestCert },
    });
    giveBackWhatIsRead(tcp);
    const fail = (error?: Error) => this.#close(reasonOf(error));
    secure.on("error", fail);
    // What is told of an error behind the handshake.
    secure.on("_tlsError", (error: Error) => {
      fail(error);
      secure.destroy();
    });
    secure.on("close", () => fail());
    secure.on("end", () => fail());
    // An end is told of to those alone who read; nothing is to be read before the handshake is over, when somebody else does.
    secure.resume();
    secure.on("secure", () => this.#finish(secure, certificate));
  }

  /** Whoever reads the socket next gets what was read so far before what it reads. */
  #giveBack(): void {
    const { tcp } = this;
    tcp.pause();
    tcp.off("data", this.#onData);
    // A copy of its own.
    tcp.unshift(this.#kept.bytes.slice());
    this.#kept = new KeptBytes();
  }

  #finish(secure: TLSSocket, certificate: Certificate): void {
    if (this.#state === "over") return;
    const proof: ClientProof = certificate.asksClient
      ? readClient(secure, certificate.verified, Date.now())
      : { user: null };
    if ("problem" in proof) return this.#close(proof.problem);
    const { user } = proof;
    const peer = { ...this.#peer, secure: true, ...(user !== null && { user }) };
    this.#settle();
    this.#options.listener.secured(this, secure, peer);
  }

  /** The client has gone. Of one that has said nothing, as a balancer that asks whether we are there, nothing is told. */
  #leave(): void {
    const isSilent = this.#state === "hello" && this.#kept.length === 0;
    this.#close(isSilent ? null : LEFT);
  }

  #close(reason: string | null): void {
    if (!this.#settle()) return;
    this.tcp.destroy();
    this.pass.release();
    this.#options.listener.closed(this, this.#peer, reason);
  }

  /** Whether it was not over. */
  #settle(): boolean {
    if (this.#state === "over") return false;
    this.#state = "over";
    this.tcp.off("data", this.#onData);
    return true;
  }
}

const LEFT = "the client has left";

/** As a request's method does. */
function beginsWord(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** What the runtime says of a handshake that failed. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return LEFT;
  const code = "code" in error ? String(error.code) : "";
  // Behind its own words it has those of a library that it is not.
  return REASONS[code] ?? error.message.replace(/ \(SSL routines:.*\)$/, "");
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client has shown no certificate",
  ECONNRESET: LEFT,
};

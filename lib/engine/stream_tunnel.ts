/**
 * A tunnel over two transports: its machine, its client's frames, and what moves the bytes.
 *
 * @module
 */
import type { Link } from "../base/chain.ts";
import { Tunnel } from "../tunnel/tunnel.ts";
import type { TunnelOptions, TunnelStanding } from "../tunnel/tunnel_options.ts";
import { UNWATCHED } from "../tunnel/watchdog.ts";
import { Endpoint, type EndpointOptions, type EndpointStanding } from "../websocket/endpoint.ts";
import { behindRoom } from "../websocket/frame_parser.ts";
import type { WideBytes } from "../websocket/wide_bytes.ts";
import { BackendSide } from "./backend_side.ts";
import type { DrivenTransport } from "./driven_transport.ts";
import type { Ticked, Ticking } from "./sweep.ts";

/**
 * A client is read in smaller steps than its backend: with 256 KiB a backend that is the bottleneck takes up to a fifth more CPU for a
 * byte. So many bytes fill three segments of loopback (65,483 bytes each) without a rest, which would cost a segment of its own.
 */
const CLIENT_STEP_BYTES = 192 * 1024 - 256;

/** How a tunnel stands between two steps, apart from what it is to receive first. */
export type Standing = TunnelStanding & Omit<EndpointStanding, "unread">;

/** That of one that has yet to begin. */
export const NEW: Standing = {
  ...UNWATCHED,
  downBytes: 0,
  isAnswered: false,
  messageBytes: 0,
  ponged: 0,
};

/** The same with what it is to receive first. */
export type WholeStanding = TunnelStanding & EndpointStanding;

/**
 * The tunnel of a client that we have accepted; `early` is what it has sent behind its request's head, if anything. `standing`: of the one that it
 * goes on for. Where that throws neither is left open.
 */
export function serverTunnel(
  client: DrivenTransport,
  backend: DrivenTransport,
  settings: Omit<StreamTunnelOptions, "role" | "frameType">,
  early: Uint8Array,
  standing: Standing | null = null,
): StreamTunnel {
  const frameType = settings.encoding === "binary" ? "binary" : "text";
  const options: StreamTunnelOptions = { ...settings, role: "server", frameType };
  const wide = early.length > 0 ? behindRoom(early) : null;
  try {
    return new StreamTunnel(client, backend, options, wide, standing);
  } catch (error) {
    client.close();
    backend.close();
    throw error;
  }
}

interface StreamTunnelOptions extends TunnelOptions, EndpointOptions {}

export class StreamTunnel implements Ticking {
  ticked: Link<Ticked> | null = null;
  readonly machine: Tunnel;
  readonly endpoint: Endpoint;
  readonly #client: DrivenTransport;
  readonly #backend: DrivenTransport;
  #hasThrown = false;

  /** `early` is what the client has sent behind its request's head. */
  constructor(
    client: DrivenTransport,
    backend: DrivenTransport,
    options: StreamTunnelOptions,
    early: WideBytes | null = null,
    standing: Standing | null = null,
  ) {
    this.machine = new Tunnel(backend, options);
    this.#client = client;
    this.#backend = backend;
    client.onDefect = backend.onDefect = () => this.onDefect();
    this.endpoint = new Endpoint(client, this.machine, options);
    this.machine.begin(this.endpoint);
    if (standing !== null) {
      this.machine.goOn(standing);
      this.endpoint.goOn(standing);
    }
    backend.begin(new BackendSide(this.machine), client);
    const { endpoint } = this;
    if (early !== null) endpoint.received(early, endpoint.receiveAt(), early.bytes.length);
    client.begin(endpoint, backend, CLIENT_STEP_BYTES);
  }

  get upResidue(): number {
    return this.machine.upHeld + this.#backend.pending;
  }

  get downResidue(): number {
    return this.endpoint.held + this.#client.pending;
  }

  /** How it stands, for another to go on in its place; null: something of it is under way that none would know of. */
  standing(): WholeStanding | null {
    const tunnel = this.machine.standing();
    const endpoint = tunnel === null ? null : this.endpoint.standing();
    return tunnel === null || endpoint === null ? null : { ...tunnel, ...endpoint };
  }

  /** Looks at what time has run out, and reads on where a side waits for the other; to be called every now and then. */
  tick(nowMs: number): void {
    this.#client.tick(nowMs);
    this.#backend.tick(nowMs);
    this.#client.lookAhead();
    if (this.machine.ending) this.#backend.lookAhead();
    this.machine.tick(nowMs);
  }

  /** Something of it has thrown: it alone ends. What throws may do so again until its client has had its Close: the second time is the last. */
  onDefect(): void {
    if (!this.#hasThrown) {
      this.#hasThrown = true;
      return this.machine.end("defect");
    }
    this.#client.close();
    this.#backend.close();
    this.machine.cut();
  }
}

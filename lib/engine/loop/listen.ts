/**
 * The loop engine: sockets of our own, and an event loop of our own that moves their bytes. Linux only, through FFI.
 *
 * A backend's connection is the loop's as well where the loop can connect it; one by TLS, or a program's, stays the runtime's.
 *
 * @module
 */
import type { Address } from "../../base/address.ts";
import type { ListenConfig } from "../../config/config.ts";
import { fileAt, openSocketFile, removeStaleSocket } from "../unix_socket.ts";
import { tellAcceptFailed } from "../accept.ts";
import type { Door } from "../door.ts";
import type { EngineOptions, Listener, Placeholder } from "../engine.ts";
import type { Opening, OpeningOptions } from "../opening.ts";
import { begin, createOpenings, takeIn } from "../openings.ts";
import { peerAt } from "../peer.ts";
import { ANY, ANY_IPV4 } from "../places.ts";
import { Acceptor } from "./acceptor.ts";
import { loopDialler } from "./dial.ts";
import type { Loop } from "./loop.ts";
import { LoopTransport } from "./loop_transport.ts";
import type { Watch } from "./watch.ts";
import { startTunnel } from "./start_tunnel.ts";
import type { YoungTunnels } from "./workers/young.ts";

export interface LoopEngineOptions extends EngineOptions {
  readonly loop: Loop;
  /** Has workers carry its tunnels, at once or once these have lasted. @default the loop itself carries them */
  readonly young?: YoungTunnels;
}

/** Listens at an address, or with a placeholder at none before it is given a socket; throws where it can't. */
export function listenLoop(
  place: ListenConfig,
  door: Door,
  options: LoopEngineOptions,
  placeholder: Placeholder | null = null,
): Listener {
  const { loop, emit } = options;
  const descriptor = placeholder === null ? openSocket(place, loop) : null;
  const address = descriptor === null ? place.address : loop.sockets.localOf(descriptor)!;
  const ours = fileAt(address);
  const openings = createOpenings<Opening>(door, options);
  const { sweep } = openings;
  const openingOptions: OpeningOptions = {
    door,
    nowMs: sweep.nowMs,
    dialler: loopDialler(loop, sweep),
    room: loop.room.bytes,
    start: (start) => startTunnel(start, options),
    onOver: openings.remove,
  };
  const onConnection = (connection: Watch, from: Address) => {
    const local = isAnywhere(address) ? loop.sockets.localOf(connection.descriptor) : address;
    // It was reset meanwhile.
    if (local === null) return connection.close();
    const peer = peerAt(from, local);
    const taken = takeIn(door, place.proxyProtocol, peer);
    if (taken === null) return connection.close();
    begin(openings, new LoopTransport(loop, connection), peer, taken, openingOptions);
  };
  const onFailing = (error: unknown) => tellAcceptFailed(emit, address, error);
  const acceptor = new Acceptor(loop, { sweep, onConnection, onFailing });
  if (descriptor !== null) acceptor.put(descriptor);
  let state: "open" | "stopped" | "closed" = "open";
  return {
    address,
    bound: address,
    seat: acceptor,
    engine: "loop",
    tls: false,
    async stop() {
      state = "stopped";
      acceptor.close();
      for (const opening of openings) opening.retire();
      await openings.settled();
    },
    async close() {
      const ownsFile = state === "open" && place.file !== undefined && fileAt(address) === ours;
      state = "closed";
      acceptor.close();
      for (const opening of openings) opening.turnAway();
      if (ownsFile && address.transport === "unix") await removeStaleSocket(address.path);
      await openings.settled();
    },
  };
}

function openSocket({ address, file }: ListenConfig, { sockets }: Loop): number {
  const open = () => sockets.listen(address);
  if (address.transport === "tcp" || file === undefined) return open();
  return openSocketFile(address.path, file, open, sockets.close);
}

/** Where connections to an address arrive at others. */
function isAnywhere(address: Address): boolean {
  if (address.transport === "unix") return false;
  return address.hostname === ANY || address.hostname === ANY_IPV4;
}

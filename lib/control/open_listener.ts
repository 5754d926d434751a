/**
 * Opening one listener, or making another one ready to go on with its socket.
 *
 * @module
 */
import { type Address, formatAddress, type UnixAddress } from "../base/address.ts";
import type {
  Config,
  EngineName,
  ListenConfig,
  ProxyProtocol,
  SocketFile,
} from "../config/config.ts";
import { isSame } from "../config/key.ts";
import {
  CannotAdopt,
  cannotAdopt,
  closeDeaf,
  deafen,
  holdsFile,
  openDeaf,
  seatOf,
  takeOver,
} from "../engine/adopt.ts";
import type { Door } from "../engine/door.ts";
import type { EngineOptions, Listener, Placeholder } from "../engine/engine.ts";
import { closeAll, type OpenAt } from "../engine/listen.ts";
import { listenNative } from "../engine/native.ts";
import { listenStream } from "../engine/stream.ts";
import type { LoopListeners } from "../engine/loop/listeners.ts";
import type { TlsListeners } from "../engine/tls.ts";
import { changeSocketFile } from "../engine/unix_socket.ts";
import { copyOf, type HandedSocket } from "../sys/handed.ts";
import { findSeat } from "../sys/seat.ts";
import { chooseEngine, workersOf } from "./engine_choice.ts";

/** What a listener is opened with, beside its address; by the words of the configuration. */
interface Settings {
  readonly engine: EngineName;
  readonly "proxy-protocol": ProxyProtocol;
  readonly tls: ListenConfig["tls"] | undefined;
  readonly "tls-optional": boolean;
}

/** A listener, and what it was opened with. */
export interface Open {
  readonly address: Address;
  readonly listener: Listener;
  readonly settings: Settings;
  readonly file: SocketFile | undefined;
  /** Whose place it is to take. */
  holder: Open | null;
  /** Whose socket it has, where that was handed to us. */
  readonly handed: HandedSocket | null;
  /** Those that had its socket before, and have requests in their hands or the name of its file. */
  readonly behind: Set<Listener>;
  /** Has what was made ready hold; called once. */
  begin(): void;
  /** Closes it, or where it has not begun leaves all as it was. */
  close(): Promise<void>;
}

export interface Opener {
  /**
   * To be awaited before listeners of a configuration are opened: what takes long is loaded where it is asked for alone. Gives why it can't be had, or
   * null.
   */
  load(config: Config): Promise<string | null>;
  openFor(config: Config): OpenAt<Open>;
  /** Takes renewed certificates at once, and tells of what is wrong with them. */
  lookAtCertificates(): void;
  /** How many tunnels each worker carries, where there are some. */
  workerLoads(): readonly number[];
  /** Lets go of what moved the tunnels, of which none is left. */
  close(): Promise<void>;
}

export function createOpener(
  door: Door,
  options: EngineOptions,
  sockets: readonly HandedSocket[],
): Opener {
  let tls: TlsListeners | null = null;
  let loop: LoopListeners | null = null;
  let isFallbackTold = false;

  async function listen(
    { engine }: Settings,
    place: ListenConfig,
    at: Placeholder | null,
  ): Promise<Listener> {
    if (place.tls !== undefined) return await tls!.listen(place, place.tls, at);
    if (engine === "loop") return loop!.listen(place, at);
    return ENGINES[engine](place, door, options, at);
  }

  async function openFresh(settings: Settings, place: ListenConfig): Promise<Open> {
    const { file } = place;
    const listener = await listen(settings, place, null);
    const { close } = listener;
    return {
      ...{ address: listener.address, listener, settings, file, holder: null, handed: null },
      ...{ behind: new Set(), begin() {}, close },
    };
  }

  /** One at a socket that was handed to us, whose file is not ours. */
  async function openHanded(
    handed: HandedSocket,
    settings: Settings,
    { file, ...place }: ListenConfig,
  ): Promise<Open> {
    const open = (at: Placeholder) => listen(settings, place, at);
    const { listener, give } = await openDeaf(place.address, open, againFrom(handed));
    const { address } = listener;
    let begun = false;
    return {
      ...{ address, listener, settings, file, holder: null, handed, behind: new Set() },
      begin() {
        begun = true;
        give(copyOf(handed));
      },
      close: () => begun ? listener.close() : closeDeaf(listener),
    };
  }

  /** One that goes on with another's socket. */
  async function openInPlace(holder: Open, settings: Settings, asked: ListenConfig): Promise<Open> {
    const { listener: from, handed } = holder;
    const { file: _, ...others } = asked;
    const place = { ...(handed === null ? asked : others), address: holder.address };
    const open = (at: Placeholder) => listen(settings, place, at);
    const taken = await takeOver(from, open, handed === null ? undefined : againFrom(handed));
    const { listener } = taken;
    const behind = new Set(holder.behind);
    let begun = false;
    return {
      ...{
        address: listener.address,
        listener,
        settings,
        file: holder.file,
        holder,
        handed,
        behind,
      },
      begin() {
        begun = true;
        behind.add(from);
        taken.begin();
        void from.stop().then(() => {
          if (holdsFile(from)) return;
          behind.delete(from);
          return from.close();
        });
      },
      close: () => begun ? closeAll([listener, ...behind]) : closeDeaf(listener),
    };
  }

  async function openFor(config: Config, place: ListenConfig, holder: Open | null): Promise<Open> {
    const settings = settingsOf(config, place);
    const { address, tls: files } = place;
    if (files !== undefined && address.transport === "unix") {
      throw new Error(`tls is for a TCP socket, and this one is ${formatAddress(address)}`);
    }
    if (holder === null) {
      const handed = sockets.find(({ at }) => isSame(at, address));
      return handed === undefined
        ? await openFresh(settings, place)
        : await openHanded(handed, settings, place);
    }
    const changed = changedSettings(holder.settings, settings);
    const open = changed.length === 0
      ? holder
      : await openInPlace(holder, settings, place).catch((error) => {
        throw new CannotAdopt(
          `to change ${changed.join(" and ")} takes a restart: ${error.message}`,
        );
      });
    if (holder.handed !== null || isSame(open.file, place.file)) return open;
    try {
      return withFile(open, holder, place.file!);
    } catch (error) {
      if (open !== holder) await open.close();
      throw error;
    }
  }

  /** Told with the first listener that could have a better engine. */
  function tellFallback({ engine: asked, listen }: Config): void {
    if (isFallbackTold || listen.every(({ tls }) => tls !== undefined)) return;
    const { engine, why } = chooseEngine(asked);
    if (why === null) return;
    isFallbackTold = true;
    options.emit({ kind: "engine-fallback", engine, reason: why });
  }

  return {
    async load(config) {
      tellFallback(config);
      const settings = config.listen.map((place) => settingsOf(config, place));
      if (tls === null && settings.some(({ tls }) => tls !== undefined)) {
        const { createTlsListeners } = await import("../engine/tls.ts");
        tls = await createTlsListeners(door, options);
      }
      if (loop === null && settings.some(({ engine }) => engine === "loop")) {
        const { createLoopListeners } = await import("../engine/loop/listeners.ts");
        const created = createLoopListeners(door, options, workersOf(config));
        if ("problem" in created) return `engine = "loop" can't be had: ${created.problem}`;
        loop = created;
      }
      return null;
    },
    openFor: (config) => (place, holder) => openFor(config, place, holder),
    lookAtCertificates: () => tls?.look(),
    workerLoads: () => loop?.workerLoads() ?? [],
    close: async () => await loop?.close(),
  };
}

/** Gives it anew to a listener that the runtime has opened again. */
function againFrom(handed: HandedSocket): Placeholder["give"] {
  return (bound) => findSeat(bound)!.put(copyOf(handed));
}

const ENGINES = { native: listenNative, stream: listenStream };

function settingsOf(
  config: Config,
  { tls, tlsOptional = false, proxyProtocol = "off" }: Omit<ListenConfig, "address">,
): Settings {
  // The loop has no TLS; the runtime's own server shows us no connection before its request.
  const isOurs = tls !== undefined || (proxyProtocol !== "off" && config.engine === "native");
  const engine = isOurs ? "stream" : chooseEngine(config.engine).engine;
  return { engine, "proxy-protocol": proxyProtocol, tls, "tls-optional": tlsOptional };
}

function changedSettings(before: Settings, after: Settings): string[] {
  const names = Object.keys(after) as (keyof Settings)[];
  return names.filter((name) => !isSame(before[name], after[name]));
}

/** One, or the one that it was, whose file has other permissions at once; the former ones again where it doesn't begin. Throws where they can't be had. */
function withFile(open: Open, holder: Open, file: SocketFile): Open {
  const { path } = open.address as UnixAddress;
  const undo = changeSocketFile(path, holder.file!, file);
  let begun = false;
  return {
    ...{ ...open, file, holder },
    begin() {
      begun = true;
      if (open !== holder) open.begin();
    },
    async close() {
      if (!begun) undo();
      if (begun || open !== holder) await open.close();
    },
  };
}

/** Has a listener take no more connections, and leaves the socket open; resolves when no request waits in its hands. */
export async function leave({ listener }: Open): Promise<void> {
  if (deafen(listener)) await listener.stop();
}

/** Why a listener can't be closed while the program goes on, or null: the runtime's own server ends its tunnels with it, unless its socket is taken from it. */
export function whyNotClosed({ listener }: Open): string | null {
  if (listener.engine !== "native" || seatOf(listener) !== null) return null;
  const where = formatAddress(listener.address);
  return `to stop listening on ${where} takes a restart where engine = "native": ${cannotAdopt()}`;
}
